"""Training: from a job to a finished run folder, in one loop for M members; a single run is M = 1.

Here: configs made objects (``build.py``), batches, the loop (``steps.py``, ``trainer.py``) and the
run folders of what it trains (``session.py``). Begin with ``session.py``.
"""
