"""Which runs are listed, and in which order."""

from __future__ import annotations

from pathlib import Path

from dltrain.runs.compare.listing import Row, selected
from dltrain.runs.run import Run


def test_an_accuracy_is_sorted_the_highest_first() -> None:
    run = Run(Path("x"), {})
    listed = [Row(run, 1, {"val/accuracy": value}) for value in (0.5, 0.9, 0.7)]
    found = selected(listed, sort="val/accuracy")
    assert [row.fields["val/accuracy"] for row in found] == [0.9, 0.7, 0.5]
