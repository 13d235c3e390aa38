"""Checkpoints: the state of a training written, read back and resumed from, to the same bytes.

``checkpoint_file.py`` is the file, ``saver.py`` decides what is kept when, ``resume.py`` finds
what a run can go on from.
"""
