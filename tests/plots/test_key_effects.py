"""What each key of a sweep did: every member is drawn, and what came to nothing is marked."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltrain.plots import heatmap, key_effects, style
from dltrain.runs.compare.comparison import compare
from dltrain.runs.compare.results import Result
from dltrain.runs.find import list_runs
from dltrain.runs.run import Run
from tests.conftest import Call
from tests.plots.conftest import GRID, METRIC, points, result


@pytest.fixture
def sweep(here: Path, call: Call) -> Run:
    """One of 2 x 5 members, two of which diverge."""
    small = ("data.num_train=64", "data.num_val=32", "sweep.repeat=2")
    shown = call("-m", *small, "trainer.epochs=9", "optimizer.lr=0.001,0.01,0.1,0.3,10000")
    assert shown.code == 0, shown
    [found] = list_runs(here / "outputs")
    return found


def test_a_sweep_is_drawn_with_all_its_members(sweep: Run) -> None:
    found = compare([sweep]).results
    figure = key_effects.draw(found, metric="val/loss", title="t")
    [axes] = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("optimizer.lr", "val/loss")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    with (sweep.folder / "results.csv").open() as file:
        table = [row for row in csv.DictReader(file) if row["status"] == "done"]
    pairs = [(float(row["optimizer.lr"]), float(row["val/loss"])) for row in table]
    assert len(pairs) == 8
    assert np.allclose(sorted(points(axes, marker="o", linestyle="None")), sorted(pairs))
    means = points(axes, marker="_")
    assert [x for x, _ in means] == [0.001, 0.01, 0.1, 0.3]
    of_first = [y for x, y in pairs if x == 0.001]
    assert means[0][1] == pytest.approx(statistics.geometric_mean(of_first))
    assert np.allclose(points(axes, marker="*"), min(pairs, key=lambda pair: pair[1]))
    [cross] = [line for line in axes.lines if line.get_marker() == "x"]
    assert cross.get_xdata()[0] == 10_000  # type: ignore[index]
    assert [text.get_text() for text in axes.texts] == ["2"]
    assert [text.get_text() for text in figure.legends[0].get_texts()][1:] == ["diverged: 2"]


def test_with_two_keys_there_is_a_line_for_each_value_of_the_other() -> None:
    first, second = key_effects.draw(GRID, metric=METRIC, title="t").axes
    panels = {axes.get_xlabel(): axes for axes in (first, second)}
    assert set(panels) == {"lr", "width"}
    legends = {key: [text.get_text() for text in axes.get_legend().get_texts()]  # type: ignore[union-attr]
               for key, axes in panels.items()}  # fmt: skip
    assert legends == {"lr": ["16", "32"], "width": ["0.1", "0.2", "0.4"]}
    means = points(panels["lr"], marker="_")
    assert len(means) == 6
    assert means[-1] == pytest.approx((0.4, 0.405))


def test_with_three_keys_there_is_a_panel_for_each() -> None:
    results = [
        result(i, a + b / 10 + c / 100, a=a, b=b, c=c)
        for i, (a, b, c) in enumerate((a, b, c) for a in (1, 2) for b in (1, 2) for c in (1, 2))
    ]
    figure = key_effects.draw(results, metric=METRIC, title="t")
    assert [axes.get_xlabel() for axes in figure.axes] == ["a", "b", "c"]
    assert np.allclose(points(figure.axes[0], marker="_"), [(1, 1.22), (2, 2.22)])
    assert "each value is shown at the best of the other keys" in figure.get_suptitle()
    mapped = heatmap.draw(results, metric=METRIC, title="t").axes[0]
    assert {mapped.get_xlabel(), mapped.get_ylabel()} == {"a", "b"}


@pytest.mark.parametrize(
    ("metric", "edge"), [("val/accuracy", 0.03), ("val/loss", 0.97)], ids=["bottom", "top"]
)
def test_what_came_to_nothing_is_marked_at_the_worse_edge(metric: str, edge: float) -> None:
    results = [result(0, 0.5, lr=1), result(1, None, "diverged", lr=2)]
    results += [result(2, None, "failed", lr=3), result(3, None, "crashed", lr=4)]
    results += [result(4, float("nan"), lr=5)]
    figure = key_effects.draw(results, metric=metric, title="t")
    marks = {line.get_marker(): line for line in figure.axes[0].lines}
    for marker, lr in {"x": 2, "P": 3, "|": 4, "v": 5}.items():
        [[x, y]] = np.asarray(marks[marker].get_xydata())
        assert (x, y) == (lr, pytest.approx(edge))
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[1:] == ["diverged: 1", "failed: 1", "unfinished: 1", "off the scale: 1"]


@pytest.mark.parametrize("draw", [key_effects.draw, heatmap.draw], ids=["keys", "heatmap"])
@pytest.mark.parametrize(
    "results", [[], [result(0, None, "diverged", a=1, b=2)], [result(0, 1.0)]],
    ids=["none", "none that lives", "nothing varies"],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(draw: Any, results: Sequence[Result]) -> None:
    with pytest.raises(ValueError, match=r"no member|two keys|varies no key"):
        draw(results, metric=METRIC, title="t")


@pytest.mark.parametrize("draw", [key_effects.draw, heatmap.draw], ids=["keys", "heatmap"])
def test_values_and_names_of_any_kind_are_drawn(draw: Any) -> None:
    texts = ["$x$", "[64,32]", "a" * 400, "\x1b[31m", "類", "1e308", "nan", "-1e-320"]
    results = [
        Result(i, {"$a$": text, "b\n": str(i)}, (), "done", (-10.0) ** i)
        for i, text in enumerate(texts)
    ]
    for metric in ("val/loss", "val/r2", "$weird$"):
        assert style.picture(partial(draw, results, metric=metric, title="\0$t$"))
