"""Data sets as NumPy arrays in splits, and what prepares foreign rows the same way. No torch.

Here: what a data set is (``dataset.py``), synthetic rows, tables (``table/``), images
(``images/``). Not here: batches on a device (``train/batches.py``). Begin with ``dataset.py``.
"""
