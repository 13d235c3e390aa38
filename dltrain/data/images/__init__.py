"""Images: Fashion-MNIST found, downloaded and checked; IDX and picture files; contact sheets.

Begin with ``fashion_mnist.py``.
"""
