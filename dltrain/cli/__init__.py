"""The command line, a file per verb: it parses, calls the rooms below and prints.

What is decided about runs, sweeps and results is decided below. Begin with ``main.py``.
"""
