"""The state of a training kept, and gone on from to the same bytes.

``checkpoint_file.py`` is the file, ``saver.py`` decides what is kept when, ``resume.py`` finds
what a run can go on from.
"""
