"""Digests of data that lie in several files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def joint_digest(digests: Mapping[str, str]) -> str:
    """Return one digest for files that make one data set; that of a single file is its own.

    Args:
        digests: Of each file, by what it is to the data set.
    """
    if len(digests) == 1:
        return next(iter(digests.values()))
    text = " ".join(f"{name}={digest}" for name, digest in digests.items())
    return hashlib.sha256(text.encode()).hexdigest()
