"""Train models from the shell: compose, train, keep, inspect."""

__version__ = "0.1.0"
