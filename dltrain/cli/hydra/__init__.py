"""Hydra's own flags, engines and searches, handed over to it."""
