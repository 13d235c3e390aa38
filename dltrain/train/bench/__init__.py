"""What one step and one epoch of a training cost here, and whether another way is faster.

Begin with ``measure.py``.
"""
