"""Comparison of runs: fields, lists, ranking, repeats, axes and curves, each decided once.

Terminal, pictures and the page draw what stands here. Begin with ``comparison.py``.
"""
