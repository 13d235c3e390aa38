"""The picture of a training's curves: what it shows, and how often it is drawn."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dltrain.train.tracking import live_curves
from dltrain.train.tracking.live_curves import ProgressBoard, draw_curves

HEADER = "epoch,step,lr,train/loss,train/accuracy,val/loss,val/accuracy\n"
BLUE, RED = (0, 114, 178), (213, 94, 0)
SIZE = (518, 1324)


def rows(count: int) -> list[dict[str, float]]:
    return [
        {
            "epoch": float(epoch),
            "train/loss": 2 / epoch,
            "train/accuracy": 1 - 0.5 / epoch,
            "val/loss": 2.2 / epoch,
            "val/accuracy": 1 - 0.6 / epoch,
        }
        for epoch in range(1, count + 1)
    ]


def pixels(picture: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image.convert("RGB"), dtype=int)


def near(picture: bytes, colour: Sequence[int]) -> np.ndarray:
    """Tell which pixels have about this colour."""
    distance: np.ndarray = np.abs(pixels(picture) - np.array(colour)).sum(axis=2)
    return distance < 60


def write_metrics(folder: Path, lines: Sequence[str]) -> Path:
    path = folder / "metrics.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    return path


def test_both_splits_are_drawn_for_both_metrics() -> None:
    picture = draw_curves(rows(20), title="k3f9")
    assert pixels(picture).shape == (*SIZE, 3)
    for colour in (BLUE, RED):
        found = near(picture, colour)
        assert found[:, : SIZE[1] // 2].sum() > 300
        assert found[:, SIZE[1] // 2 :].sum() > 300


def test_a_split_that_is_not_there_is_not_drawn() -> None:
    trained = [{k: v for k, v in row.items() if not k.startswith("val")} for row in rows(20)]
    assert not near(draw_curves(trained, title=""), RED).any()
    assert near(draw_curves(trained, title=""), BLUE).any()


def test_the_same_rows_give_the_same_bytes() -> None:
    assert draw_curves(rows(5), title="x") == draw_curves(rows(5), title="x")
    assert draw_curves(rows(5), title="x") != draw_curves(rows(6), title="x")


def test_what_falls_far_is_drawn_on_a_logarithmic_scale() -> None:
    falling = [
        {"epoch": float(epoch), "train/loss": math.exp(-epoch / 10)} for epoch in range(1, 101)
    ]
    # On that scale an exponential is a straight line; on the other its middle lies at the bottom.
    found = near(draw_curves(falling, title=""), BLUE)
    middle = [int(y) for y in np.nonzero(found[:, 397])[0]]
    top, bottom = np.nonzero(found[60:440].any(axis=1))[0][[0, -1]] + 60
    assert middle
    assert abs(sum(middle) / len(middle) - (top + bottom) / 2) < 20


@pytest.mark.parametrize(
    "given",
    [
        [],
        [{"epoch": 1.0}],
        [{"train/loss": 1.0}],
        [{"epoch": 1.0, "train/loss": math.nan, "val/loss": math.inf}],
        [{"epoch": float(e), "train/loss": 0.0, "val/loss": 1e300 * e} for e in (1, 2)],
    ],
    ids=["nothing", "no metrics", "no epoch", "not finite", "huge"],
)
def test_whatever_the_rows_hold_there_is_a_picture(given: list[dict[str, float]]) -> None:
    assert pixels(draw_curves(given, title="x")).shape[0] == SIZE[0]


@pytest.mark.parametrize(
    "title", ["$x_1", r"$\frac{", "\x1b[31m\n", "\U0001f600 \ud800", "x" * 500]
)
def test_a_title_is_text_whatever_it_holds(title: str) -> None:
    assert draw_curves(rows(2), title=title)


# When it is drawn.


def test_it_is_drawn_when_it_is_time_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = tmp_path / "plots" / "curves.png"
    write_metrics(tmp_path, ["1,6,0.1,2,0.5,2,0.5"])
    board = ProgressBoard(tmp_path, title="x", live=True)
    board.begin([])
    board.flush()
    assert not picture.exists()
    monkeypatch.setattr(live_curves, "PAUSE_SECONDS", 0.0)
    board = ProgressBoard(tmp_path, title="x", live=True)
    board.flush()
    first = picture.read_bytes()
    write_metrics(tmp_path, ["1,6,0.1,2,0.5,2,0.5", "2,12,0.1,1,0.6,1,0.6"])
    board.flush()
    assert picture.read_bytes() == first  # at most a twentieth of the time is spent on drawing
    board.draw()
    assert picture.read_bytes() != first


def test_a_board_that_is_not_live_is_drawn_at_the_end_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_curves, "PAUSE_SECONDS", 0.0)
    write_metrics(tmp_path, ["1,6,0.1,2,0.5,2,0.5"])
    board = ProgressBoard(tmp_path, title="x", live=False)
    board.begin([])
    board.flush()
    assert list((tmp_path / "plots").iterdir()) == []
    board.draw()
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["curves.png"]


def test_what_a_process_that_was_killed_left_half_drawn_is_removed(tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / ".tmp-0123-curves.png").write_bytes(b"half")
    ProgressBoard(tmp_path, title="x", live=True).begin([])
    assert list((tmp_path / "plots").iterdir()) == []
