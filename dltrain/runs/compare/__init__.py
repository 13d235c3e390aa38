"""What is said of runs beside each other: fields, lists, ranking, repeats, curves. Decided once.

Terminal, pictures and the page draw what stands here. Begin with ``fields.py`` and
``results.py``.
"""
