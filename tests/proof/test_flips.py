"""Every bit of a run folder is accounted for."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.torture import flips

pytestmark = pytest.mark.proof


def test_damage_to_any_file_of_a_run_folder_is_detected_or_harmless(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    report = flips.prove(500)
    print(*report.notes, sep="\n")
    report.check()
    assert not any(tmp_path.iterdir())


def test_damage_changes_a_file_each_time(tmp_path: Path) -> None:
    chance = random.Random(1)
    for content in [b"", b"x", b"0123456789"] * 20:
        path = tmp_path / "file"
        path.write_bytes(content)
        flips.damage(path, chance)
        assert path.read_bytes() != content
