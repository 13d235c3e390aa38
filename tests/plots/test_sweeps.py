"""Pictures of sweeps: every member is in them, the best is marked, and what came to nothing."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dltrain.plots import heatmap, key_effects, style
from dltrain.runs.compare.comparison import compare
from dltrain.runs.compare.results import Result
from dltrain.runs.find import list_runs
from dltrain.runs.run import Run
from tests.conftest import Call

METRIC = "val/accuracy"


def result(index: int, value: float | None, status: str = "done", **setting: object) -> Result:
    texts = {key: str(text) for key, text in setting.items()}
    return Result(index, texts, (), status, value)


def points(axes: Axes, **look: Any) -> list[tuple[float, float]]:
    """Return the points of the lines that look so."""
    return [
        (float(x), float(y))
        for line in axes.lines
        if all(getattr(line, f"get_{name}")() == value for name, value in look.items())
        for x, y in np.asarray(line.get_xydata())
    ]


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
    pairs = [(float(row["optimizer.lr"]), float(row["best/val/loss"])) for row in table]
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


GRID = [
    result(i, lr / (1 + abs(width - 32)) + 0.01 * seed, lr=lr, width=width, seed=seed)
    for i, (lr, width, seed) in enumerate(
        (lr, width, seed) for lr in (0.1, 0.2, 0.4) for width in (16, 32) for seed in (0, 1)
    )
]


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
    assert np.allclose(points(figure.axes[0], marker="_"), [(1, 1.165), (2, 2.165)])
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


def cells(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_heat_map_holds_the_means_over_seeds_and_frames_the_best() -> None:
    figure = heatmap.draw(GRID, metric=METRIC, title="t")
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("lr", "width")
    [image] = axes.images
    expected = [[lr / (1 + abs(w - 32)) + 0.005 for lr in (0.1, 0.2, 0.4)] for w in (16, 32)]
    assert image.get_array().tolist() == [pytest.approx(row) for row in expected]  # type: ignore[union-attr]
    assert sorted(cells(figure)) == sorted(style.number(x) for row in expected for x in row)
    [frame] = axes.patches
    assert frame.get_xy() == (1.5, 0.5)  # type: ignore[attr-defined]
    assert "means over seed" in figure.get_suptitle()


def test_a_heat_map_says_where_members_came_to_nothing() -> None:
    results = [
        result(i, None if b == 2 and (a == 2 or seed) else 0.5, "diverged" if b == 2 else "done",
               a=a, b=b, seed=seed)
        for i, (a, b, seed) in enumerate((a, b, s) for a in (1, 2) for b in (1, 2) for s in (0, 1))
    ]  # fmt: skip
    found = cells(heatmap.draw(results, metric=METRIC, title="t"))
    assert sorted(found) == ["0.5", "0.5", "0.5 ✕2", "diverged"]


def test_keys_that_were_drawn_at_random_are_points_on_a_map() -> None:
    results = [result(i, i / 30, a=1.2**i, b=(7 * i) % 31) for i in range(30)]
    results.append(result(30, None, "diverged", a=0.5, b=40))
    axes = heatmap.draw(results, metric=METRIC, title="t").axes[0]
    assert not axes.images
    scales = {axes.get_xlabel(): axes.get_xscale(), axes.get_ylabel(): axes.get_yscale()}
    assert scales == {"a": "log", "b": "linear"}
    [cloud] = axes.collections
    assert len(np.asarray(cloud.get_offsets())) == 30
    assert sorted(points(axes, marker="x")[0]) == [0.5, 40]


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
