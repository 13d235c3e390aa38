"""What a run is told: every key, where its value came from, and whether it may stand.

Here: the schema (``schema.py``), the table of kinds that modules of one's own may add to
(``kinds.py``, ``plugins.py``), what was typed (``overrides.py``) and what it means
(``resolve.py``), Hydra's composition and its grammar, checks, and configs written as plain values.
Not here: what is built of a config (``train/build.py``), and values, which stand in
``conf/*.yaml``. Begin with ``schema.py``, then ``load.py``.
"""
