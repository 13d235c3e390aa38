"""Names of folders: readable in any script, and harmless."""

from __future__ import annotations

import sys

import pytest

from dltrain.system.folder_names import label


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
