"""Many runs at once: a grid of values, its plan, stacks that train together, worker processes.

``grid.py`` makes settings of what was typed, ``plan.py`` members and groups, ``stacks.py`` cuts
groups, ``engine.py`` has them trained, ``folder.py`` keeps it all. Begin with ``plan.py``.
"""
