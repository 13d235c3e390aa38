"""From a job to a finished run folder: one loop for M members, of which a single run has one.

Here: configs made objects (``build.py``), batches, the loop (``steps.py``, ``trainer.py``) and the
run folders of what it trains (``session.py``). Begin with ``session.py``.
"""
