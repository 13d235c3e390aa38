"""Run folders: their files (``layout.py``), written (``recorder.py``), found and read back.

What is read may be a stranger's: plain files, sizes bounded, nothing executed. What is said of
runs beside each other is decided in ``compare/``. No torch. Begin with ``run.py``.
"""
