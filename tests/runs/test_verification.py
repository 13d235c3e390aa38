"""Damage to a run's files is told, without torch and without waiting."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import torch

from dltrain.runs import verification
from dltrain.runs.verification import file_problems, refuse_links
from dltrain.train.checkpoints import checkpoint_file


def listed(folder: Path, **contents: bytes) -> dict[str, str]:
    for name, content in contents.items():
        (folder / f"{name}.csv").write_bytes(content)
    return {f"{name}.csv": hashlib.sha256(text).hexdigest() for name, text in contents.items()}


def save(folder: Path) -> Path:
    meta = {"epoch": 1, "step": 6}
    return checkpoint_file.save(folder / "checkpoints", {"weight": torch.ones(3)}, meta)


def test_files_as_they_were_written_are_no_matter(tmp_path: Path) -> None:
    files = listed(tmp_path, metrics=b"epoch\n1\n")
    save(tmp_path)
    assert list(file_problems(tmp_path, files)) == []


def test_what_was_changed_or_is_missing_is_named(tmp_path: Path) -> None:
    files = listed(tmp_path, metrics=b"epoch\n1\n", coefficients=b"")
    (tmp_path / "metrics.csv").write_bytes(b"epoch\n2\n")
    (tmp_path / "coefficients.csv").unlink()
    path = save(tmp_path)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert list(file_problems(tmp_path, files)) == [
        "metrics.csv: was changed or damaged after it was written",
        "coefficients.csv: No such file or directory",
        "checkpoints/epoch-000001.safetensors: was changed or damaged after it was written",
    ]


def test_every_byte_of_a_checkpoint_counts(tmp_path: Path) -> None:
    path = save(tmp_path)
    content = path.read_bytes()
    for index in range(len(content)):
        path.write_bytes(content[:index] + bytes([content[index] ^ 1]) + content[index + 1 :])
        assert len(list(file_problems(tmp_path, {}))) == 1, index


@pytest.mark.parametrize("files", [None, [], "x", {"metrics.csv": None}, {"metrics.csv": ["x"]}])
def test_whatever_a_record_lists_is_only_compared(tmp_path: Path, files: object) -> None:
    (tmp_path / "metrics.csv").write_bytes(b"epoch\n")
    found = list(file_problems(tmp_path, files))
    assert found == (
        ["metrics.csv: was changed or damaged after it was written"]
        if isinstance(files, dict)
        else []
    )


def test_no_name_is_taken_from_a_record(tmp_path: Path) -> None:
    assert list(file_problems(tmp_path, {"../secret": "0" * 64, "/etc/passwd": "0" * 64})) == []


def test_links_and_what_is_too_large_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").symlink_to("/etc/passwd")
    (tmp_path / "metrics.csv").touch()
    os.truncate(tmp_path / "metrics.csv", verification.PATIENCE_BYTES + 1)
    files = {"config.yaml": "0" * 64, "metrics.csv": "0" * 64}
    assert list(file_problems(tmp_path, files)) == [
        "config.yaml: is no plain file",
        "metrics.csv: is too large to be checked here, as is what comes after it",
    ]


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
