"""Paths as people type them."""

from __future__ import annotations

import os
from pathlib import Path

# What a table that dltrain ships is named with, in place of a path.
PACKAGED = "package:"


def expanded(text: str) -> Path:
    """Return a typed path with ``~`` replaced; a ``~`` that names no one is part of the name."""
    return Path(os.path.expanduser(text))


def problem_with(path: Path) -> str | None:
    """Say why a path can name nothing on this system, or return None."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None
