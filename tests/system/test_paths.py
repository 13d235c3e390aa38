"""Paths as people type them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dltrain.system.paths import expanded, label, problem_with, table_files


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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("linear-李明", "linear-李明"),
        ("cafe\u0301", "café"),
        ("Ελλάδα 2", "Ελλάδα-2"),
        ("a\u202eb\u200bc\x1b[31m", "a-b-c-31m"),
        ("-.hidden", "hidden"),
        ("a--b - c", "a--b-c"),
        ("\u3164", "unnamed"),
        ("", "unnamed"),
        ("x" * 80, "x" * 60),
        ("😀 ok", "ok"),
    ],
)
def test_a_runs_name_keeps_letters_of_any_script_and_nothing_else(text: str, name: str) -> None:
    assert label(text) == name


def test_a_runs_name_fits_a_file_system() -> None:
    assert len(label("\U00020000" * 80).encode()) == 200


def test_where_file_names_are_ascii_a_name_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
    assert label("café-李") == "cafe-u674e"


def named(text: str) -> dict[str, str]:
    return {role: str(path) for role, path in table_files("path", text).items()}


def test_a_path_a_list_or_a_pattern_names_the_files_of_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.csv", "a.csv", "c.txt", "[x,y]"):
        (tmp_path / name).write_text("")
    (tmp_path / "d.csv").mkdir()
    assert named("a.csv") == {"path": "a.csv"}
    assert named("gone.csv") == {"path": "gone.csv"}
    assert named("[b.csv, a.csv]") == {"path[0]": "b.csv", "path[1]": "a.csv"}
    assert named("*.csv") == {"path[0]": "a.csv", "path[1]": "b.csv"}
    assert named("c.*") == {"path": "c.txt"}
    assert named("[c.txt,?.csv]") == {"path[0]": "c.txt", "path[1]": "a.csv", "path[2]": "b.csv"}
    assert named("[x,y]") == {"path": "[x,y]"}
    assert named("z*.csv") == {}
