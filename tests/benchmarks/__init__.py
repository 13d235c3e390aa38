"""Benchmarks: ratios measured side by side in one run. Run by hand, never a gate.

python -m tests.benchmarks
"""
