"""Files of a run folder are read with bounds, and nothing in it leads elsewhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dltrain.runs.record import MAX_DEPTH, MAX_PARTS, read_record
from dltrain.runs.seal import BLANK, sealed
from dltrain.system.foreign_files import read_bytes, refuse_links


def record(folder: Path, **content: object) -> Path:
    path = folder / "run.json"
    path.write_bytes(sealed(json.dumps({"seal": BLANK, **content}).encode()))
    return path


def test_a_record_that_is_sealed_is_read(tmp_path: Path) -> None:
    assert read_record(record(tmp_path, id="x")) == {"id": "x"}


def test_a_record_may_not_be_deep(tmp_path: Path) -> None:
    deep = json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(ValueError, match="nested deeper"):
        read_record(record(tmp_path, resumed=deep))
    assert read_record(record(tmp_path, resumed=deep[0][0])) == {"resumed": deep[0][0]}


def test_a_record_may_not_be_made_of_endless_parts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds more"):
        read_record(record(tmp_path, resumed=[[]] * MAX_PARTS))


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    os.truncate(path, 10**10)
    with pytest.raises(ValueError, match="is larger than 5 bytes"):
        read_bytes(path, limit=5)


@pytest.mark.parametrize("name", ["metrics.csv", "run.json", "checkpoints/e.safetensors"])
def test_a_folder_where_a_run_writes_a_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir(parents=True)
    with pytest.raises(ValueError, match="no plain file"):
        refuse_links(tmp_path)


def test_a_file_where_a_run_makes_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").touch()
    with pytest.raises(ValueError, match="no plain folder"):
        refuse_links(tmp_path)


def test_folders_of_ones_own_are_no_matter(tmp_path: Path) -> None:
    for name in (".git", "notes", "v1.0"):
        (tmp_path / name).mkdir()
    refuse_links(tmp_path)


def test_links_are_found_however_deep_they_lie(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    (folder / "link").symlink_to("/etc")
    with pytest.raises(ValueError, match="no plain file"):
        refuse_links(tmp_path)
