"""Values as they are typed or stand in YAML: scalars, lists of values, functions such as range.

Hydra's grammar, read with Hydra's parser; what its functions mean is decided here. Begin with
``values.py``.
"""
