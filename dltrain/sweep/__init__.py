"""Sweeps: a grid of values, its plan, stacks that train together, worker processes.

``grid.py`` lists what each member sets, ``plan.py`` makes members and groups, ``stacks.py`` cuts
groups, ``engine.py`` has them trained, ``folder.py`` keeps it all, ``resume.py`` reads it back.
Begin with ``session.py``, which is a sweep from its plan to its end.
"""
