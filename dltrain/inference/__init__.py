"""Saved models put to use: metrics on a split or a file, predictions, pictures of both.

Begin with ``saved_model.py``.
"""
