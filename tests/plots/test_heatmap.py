"""Heat maps hold means over repeats, and say where members came to nothing."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from dltrain.plots import heatmap, style
from tests.plots.conftest import GRID, METRIC, points, result


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
    assert "means over seeds" in figure.get_suptitle()


def test_a_heat_map_says_where_members_came_to_nothing() -> None:
    results = [
        result(i, None if b == 2 and (a == 2 or seed) else 0.5, "diverged" if b == 2 else "done",
               a=a, b=b, seed=seed)
        for i, (a, b, seed) in enumerate((a, b, s) for a in (1, 2) for b in (1, 2) for s in (0, 1))
    ]  # fmt: skip
    found = cells(heatmap.draw(results, metric=METRIC, title="t"))
    assert sorted(found) == ["0.5", "0.5", "0.5 ✕2", "diverged"]


def test_colours_leave_out_what_would_flatten_the_rest_and_say_so() -> None:
    """One hopeless cell would give all the others one colour."""
    losses = [0.5, 0.55, 0.6, 0.65, 0.7, 1e6]
    results = [result(i, loss, a=i % 3, b=i // 3) for i, loss in enumerate(losses)]
    figure = heatmap.draw(results, metric="val/loss", title="t")
    [image] = figure.axes[0].images
    low, high = image.get_clim()
    assert low == 0.5
    assert 0.7 <= high < 1
    assert "one colour for all above 0.712 (1 of 6 cells)" in figure.get_suptitle()
    assert style.number(1e6) in cells(figure)
    results = [result(i, loss, a=i % 3, b=i // 3) for i, loss in enumerate([*losses[:5], 0.75])]
    assert "one colour" not in heatmap.draw(results, metric="val/loss", title="t").get_suptitle()


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


def test_a_cell_is_shown_at_the_best_of_the_other_keys() -> None:
    """A mean over c would sink where c is hopeless, and say nothing of a and b."""
    results = [
        result(i, a + b / 10 - 0.4 * (c == "bad") + seed / 100, a=a, b=b, c=c, seed=seed)
        for i, (a, b, c, seed) in enumerate(
            (a, b, c, s) for a in (1, 2) for b in (1, 3) for c in ("good", "bad") for s in (0, 2)
        )
    ]
    figure = heatmap.draw(results, metric=METRIC, title="t")
    keys = {figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()}
    assert keys == {"a", "c"}
    assert sorted(cells(figure)) == ["0.91", "1.31", "1.91", "2.31"]
    assert "each cell is shown at the best of b; means over seeds" in figure.get_suptitle()


def test_of_splits_of_the_rows_no_cell_is_framed() -> None:
    results = [
        result(i, a + b / 10 + split / 100, "done", a=a, b=b, **{"data.fold": split})
        for i, (a, b, split) in enumerate((a, b, s) for a in (1, 2) for b in (1, 2) for s in (0, 1))
    ]
    figure = heatmap.draw(results, metric=METRIC, title="t")
    assert list(figure.axes[0].patches) == []
    assert figure.legends == []
