"""Trackers of a run beside its own files: TensorBoard, and a picture of its curves.

``runs/tracker.py`` says what a tracker is, ``trackers.py`` which of them follow a run.
"""
