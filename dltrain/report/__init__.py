"""One self-contained HTML page about a run, a sweep, or several runs.

``contents.py`` decides what is on it, the sections what they say, ``page.py`` writes it with the
scripts of ``assets/``.
"""
