"""Paths as people type them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.system.paths import expanded, problem_with


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert expanded("~/t.csv") == Path("/somewhere/t.csv")


def test_a_tilde_that_names_no_one_is_part_of_the_name() -> None:
    assert expanded("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")
    assert expanded("a~b") == Path("a~b")


def test_a_path_that_names_nothing_yet_has_no_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file", tmp_path / "new", tmp_path / "file" / "below"):
        assert problem_with(path) is None


def test_a_path_that_cannot_be_is_explained(tmp_path: Path) -> None:
    assert problem_with(tmp_path / ("a" * 300)) == "File name too long"
    assert problem_with(tmp_path / "a\0b")
