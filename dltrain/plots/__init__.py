"""Pictures of runs and sweeps, as PNG, SVG or PDF: a file per kind, their look in ``style``.

None of these rooms needs torch; what a model makes of rows is handed to those that draw it.
"""
