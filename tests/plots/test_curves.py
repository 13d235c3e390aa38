"""Learning curves: the points are those of metrics.csv, the kept epoch is marked."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dltrain.plots import style
from dltrain.plots.curves import draw
from dltrain.runs.compare.comparison import compare
from dltrain.runs.compare.curves import MAX_COLOURS, Curve, curves_of
from dltrain.runs.find import list_runs
from dltrain.runs.run import Run
from tests.conftest import Call

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def run(here: Path, call: Call) -> Run:
    shown = call("data.num_train=64", "data.num_val=32", "trainer.epochs=4", "optimizer.lr=0.003")
    assert shown.code == 0, shown
    [found] = list_runs(here / "outputs")
    return found


def rows(count: int, *, ratio: float = 0.9) -> list[dict[str, str | float]]:
    return [
        {
            "epoch": epoch,
            "train/loss": ratio**epoch,
            "val/loss": 2 * ratio**epoch,
            "train/accuracy": 1 - 0.5 / epoch,
            "val/accuracy": 0.9 - 0.5 / epoch,
        }
        for epoch in range(1, count + 1)
    ]


def drawn(*curves: Curve) -> Figure:
    return draw(curves, title="title")


def line(axes: Axes, gid: str) -> list[tuple[float, float]]:
    [found] = [own for own in axes.lines if own.get_gid() == gid]
    return [(float(x), float(y)) for x, y in np.asarray(found.get_xydata())]


def stars(axes: Axes) -> list[tuple[float, float]]:
    found = [np.asarray(own.get_xydata())[0] for own in axes.lines if own.get_marker() == "*"]
    return [(float(x), float(y)) for x, y in found]


def test_the_points_of_the_svg_are_those_of_metrics_csv(run: Run) -> None:
    svg = style.picture(lambda: drawn(*curves_of(compare([run]))), form="svg")
    root = ElementTree.fromstring(svg)
    with (run.folder / "metrics.csv").open() as file:
        table = list(csv.DictReader(file))
    assert len(table) == 4
    for name in ("train/loss", "val/loss", "train/rmse", "val/rmse"):
        [group] = [node for node in root.iter(f"{SVG}g") if node.get("id") == f"{name}-0"]
        path = group.find(f"{SVG}path")
        assert path is not None
        pairs = re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path.get("d") or "")
        across, up = ([float(pair[i]) for pair in pairs] for i in (0, 1))
        values = [float(row[name]) for row in table]
        assert len(pairs) == len(values)
        # Both axes are straight: what lies between the first and the last lies as in the file.
        assert shares(across) == pytest.approx(shares([float(row["epoch"]) for row in table]))
        assert shares(up) == pytest.approx(shares(values), abs=1e-4)


def shares(values: list[float]) -> list[float]:
    return [(value - values[0]) / (values[-1] - values[0]) for value in values]


def test_a_run_has_a_line_for_each_split_and_a_star_on_its_best_epoch() -> None:
    figure = drawn(Curve("a", rows(5), kept=3))
    for axes, metric in zip(figure.axes, ("loss", "accuracy"), strict=True):
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", metric)
        solid, dashed = (
            next(own for own in axes.lines if own.get_gid() == f"{split}/{metric}-0")
            for split in ("train", "val")
        )
        assert [solid.get_color(), dashed.get_color()] == [style.BLUE, style.VERMILLION]
        assert stars(axes) == [(3, line(axes, f"val/{metric}-0")[2][1])]


def test_a_loss_that_falls_by_more_than_two_orders_has_a_logarithmic_axis() -> None:
    scales = [drawn(Curve("a", rows(5, ratio=r))).axes[0].get_yscale() for r in (0.9, 0.01)]
    assert scales == ["linear", "log"]


def test_epochs_without_a_value_are_left_out() -> None:
    table = [{"epoch": "1", "train/loss": "2", "val/loss": ""}, {"epoch": "2", "train/loss": "1"}]
    table += [{"epoch": "3", "train/loss": "nan"}, {"epoch": "4", "train/loss": "1e308"}, {}]
    curve = Curve("a", table)
    assert curve.points("train/loss") == [(1, 2), (2, 1)]
    assert curve.points("val/loss") == []
    assert style.picture(lambda: drawn(curve))


def test_several_runs_have_a_colour_each_and_a_legend() -> None:
    first, second = Curve("first", rows(3), rank=1, group=1), Curve("second", rows(4), kept=4)
    figure = drawn(second, first)
    axes = figure.axes[0]
    colours = {own.get_gid(): own.get_color() for own in axes.lines if own.get_gid()}
    assert colours == {"val/loss-0": style.COLOURS[0], "val/loss-1": style.COLOURS[1]}
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["second", "first", "kept epoch"]


def test_repeats_of_a_setting_share_a_colour_and_what_has_none_is_grey() -> None:
    groups = [*range(MAX_COLOURS), 0, None, None]
    curves = [
        Curve(f"r{i}", rows(3), rank=i, kept=2, group=group, called=f"lr={group}")
        for i, group in enumerate(groups)
    ]
    figure = drawn(*curves)
    lines = [own for own in figure.axes[0].lines if own.get_gid()]
    assert sum(own.get_color() == "#BBBBBB" for own in lines) == 2
    assert sum(own.get_color() == style.COLOURS[0] for own in lines) == 2
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [*(f"lr={n}" for n in range(MAX_COLOURS)), "2 others", "kept epoch"]


def test_a_curve_that_would_flatten_the_others_is_cut_off_and_that_is_said() -> None:
    good = [Curve(f"r{i}", rows(4), rank=i, group=i) for i in range(5)]
    wild = [{"epoch": n, "val/loss": 40.0 + n, "val/accuracy": 0.5} for n in (1, 2)]
    figure = drawn(*good, Curve("wild", wild, rank=5, group=5))
    low, high = figure.axes[0].get_ylim()
    assert low < 1.3 < 1.8 < high < 3
    said = figure.get_suptitle().replace("\n", " ")
    assert re.search(r"loss above [\d.]+ is off the picture \(1 of 6 curves\)", said)
    whole = drawn(*good)
    assert "off the picture" not in whole.get_suptitle()
    assert whole.axes[0].get_ylim()[1] < 3


def test_what_diverged_ends_in_a_cross_and_what_has_no_epoch_is_counted() -> None:
    figure = drawn(
        Curve("a", rows(3)), Curve("b", rows(2), status="diverged", rank=1, group=1),
        Curve("c", [], status="diverged", rank=2),
    )  # fmt: skip
    crosses = [own for own in figure.axes[0].lines if own.get_marker() == "x"]
    assert [own.get_xdata()[0] for own in crosses] == [2]  # type: ignore[index]
    assert "without a whole epoch: 1 diverged" in figure.get_suptitle()
