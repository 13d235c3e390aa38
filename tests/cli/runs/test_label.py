"""Labels of runs."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import rows_of, runs_of
from tests.conftest import Call


def test_a_label_is_listed_and_found_and_taken_away(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    record = (newest.folder / "run.json").read_bytes()
    assert call("runs", "label", "@1", "first try").out == f"{newest.short}: first try\n"
    assert call("runs", "label", newest.short).out == f"{newest.short}: first try\n"
    [row] = rows_of(call("runs", "--where", "label == 'first try'", "--csv"))
    assert row["id"] == newest.id
    assert (newest.folder / "run.json").read_bytes() == record
    assert "WARNING" not in call("runs", "show", "@1").out
    assert call("runs", "label", "@1", "").out == f"{newest.short}: no label\n"
    assert not (newest.folder / "label.txt").exists()


def test_a_label_of_a_strangers_is_shown_and_not_obeyed(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    (newest.folder / "label.txt").write_text("\x1b[31m[red]| x\n" + "y" * 10**6)
    out = call("runs").out
    assert "\\x1b[31m[red]| x" in out
    assert len(newest.label) <= 200
    assert len(out) < 5000
