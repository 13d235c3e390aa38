"""Benchmark of one configuration: what a step and an epoch cost, and what would be faster.

Begin with ``measure.py``.
"""
