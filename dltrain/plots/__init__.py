"""Pictures of runs and sweeps, drawn with matplotlib, which is imported nowhere else.

A picture draws what ``runs/compare`` decides. Begin with ``style.py``.
"""
