"""Layers, losses, optimizers and scores for M members at once, their passes written out.

Letters everywhere: M members, B rows, I inputs, O outputs. Not here: the loop that calls them
(``train/steps.py``) and configs. Begin with ``plan.py`` (which layers a model has and all that is
asked of one, no torch), then ``layers.py`` and ``model.py``.
"""
