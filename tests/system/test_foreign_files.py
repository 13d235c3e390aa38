"""Files of a run folder are read with bounds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dltrain.system.foreign_files import read_bytes


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    os.truncate(path, 10**10)
    with pytest.raises(ValueError, match="is larger than 5 bytes"):
        read_bytes(path, limit=5)
