"""Tables: a CSV file read, its columns understood, encoded and scaled; new rows like them.

Begin with ``dataset.py``, which puts the others together.
"""
