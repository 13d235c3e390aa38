"""The blocks of a report."""

from __future__ import annotations

import pytest

from dltrain.report.blocks import MAX_ROWS, column, pairs, table


def test_a_metric_has_figures_and_all_else_text() -> None:
    assert column("last/val/loss")["kind"] == "figure"
    assert column("optimizer.lr")["kind"] == "text"
    assert column("optimizer.lr", "number")["kind"] == "number"
    with pytest.raises(AssertionError):
        column("x", "nosuch")


def test_what_is_empty_is_left_out_and_nought_is_not() -> None:
    rows = [("a", 0), ("b", None), ("c", ""), ("d", False)]
    assert pairs(rows)["rows"] == [["a", "0"], ["d", "False"]]


def test_no_table_is_longer_than_a_browser_can_take() -> None:
    made = table([column("x")], [[i] for i in range(MAX_ROWS + 1)], sorted_by=(0, True))
    assert (len(made["rows"]), made["sorted"], made["caption"]) == (MAX_ROWS, [0, True], "")
    assert table([], [], more={"marked": [2]})["marked"] == [2]
