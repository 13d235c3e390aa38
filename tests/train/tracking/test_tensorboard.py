"""Event files: what they say is what metrics.csv says, whatever lay there before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dltrain.runs.layout import EVENTS
from dltrain.train.tracking.tensorboard import EventFile
from tests.boards import HParams, moments, points

Cells = dict[str, str]
STARTED = "2026-11-23T03:56:40+01:00"
SETTINGS = {"optimizer.lr": 0.1, "seed": 3, "optimizer.nesterov": False, "model.kind": "mlp"}
ROWS: list[Cells] = [
    {"epoch": str(e), "step": str(10 * e), "lr": "0.1", "train/loss": f"{1 / e:.9g}", "val/loss": v}
    for e, v in enumerate(["0.5", "", "nan", "0.25"], start=1)
]
LOSSES = [(10, 1.0), (20, 0.5), (30, pytest.approx(1 / 3)), (40, 0.25)]

Start = Callable[..., EventFile]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Begin the event file of one run, again and again."""

    def start(rows: Sequence[Cells] = ()) -> EventFile:
        events = EventFile(tmp_path, name="k3f9", settings=SETTINGS, started=STARTED)
        events.begin(rows)
        return events

    return start


def content(folder: Path) -> bytes:
    return (folder / EVENTS).read_bytes()


def write(folder: Path, content: bytes) -> None:
    (folder / EVENTS).write_bytes(content)


def trained(events: EventFile, rows: Sequence[Cells]) -> None:
    for row in rows:
        events.epoch(row)
    events.flush()


def test_each_epoch_is_a_point_of_every_metric_it_has(tmp_path: Path, start: Start) -> None:
    trained(start(), ROWS)
    found = points(tmp_path)
    assert set(found) == {"lr", "train/loss", "val/loss"}
    assert found["train/loss"] == LOSSES
    assert [step for step, _ in found["val/loss"]] == [10, 30, 40]
    assert found["val/loss"][1][1] != found["val/loss"][1][1]  # nan


def test_nothing_is_written_before_it_is_flushed(tmp_path: Path, start: Start) -> None:
    events = start()
    before = content(tmp_path)
    events.epoch(ROWS[0])
    assert content(tmp_path) == before
    events.flush()
    assert len(content(tmp_path)) > len(before)


def test_the_same_run_begins_with_the_same_bytes(tmp_path: Path, start: Start) -> None:
    start()
    before = content(tmp_path)
    (tmp_path / EVENTS).unlink()
    start()
    assert content(tmp_path) == before


@pytest.mark.parametrize("kept", range(5))
def test_going_on_keeps_the_epochs_gone_on_from_and_their_times(
    kept: int, tmp_path: Path, start: Start
) -> None:
    trained(start(), ROWS)
    whole, times = content(tmp_path), moments(tmp_path)
    file = (tmp_path / EVENTS).stat().st_ino
    events = start(ROWS[:kept])
    assert whole.startswith(content(tmp_path))
    assert (tmp_path / EVENTS).stat().st_ino == file  # whoever reads it goes on reading
    trained(events, ROWS[kept:])
    assert points(tmp_path)["train/loss"] == LOSSES
    assert moments(tmp_path)[:kept] == times[:kept]


def test_how_it_ended_is_taken_back_when_it_goes_on(tmp_path: Path, start: Start) -> None:
    events = start()
    trained(events, ROWS[:2])
    events.finish("done", {"final": {"step": 20.0}, "kept": {"step": 20.0, "test/loss": 0.75}})
    assert points(tmp_path)["test/loss"] == [(20, 0.75)]
    events = start(ROWS[:2])
    assert "test/loss" not in points(tmp_path)
    trained(events, ROWS[2:])
    events.finish("done", {"final": {"step": 40.0}, "kept": {"step": 40.0, "test/loss": 0.5}})
    assert points(tmp_path)["test/loss"] == [(40, 0.5)]
    assert points(tmp_path)["train/loss"] == LOSSES


@pytest.mark.parametrize("lost", [1, 20, 150])
def test_epochs_that_were_lost_are_written_anew(lost: int, tmp_path: Path, start: Start) -> None:
    trained(start(), ROWS)
    times = moments(tmp_path)
    write(tmp_path, content(tmp_path)[:-lost])
    start(ROWS)
    assert points(tmp_path)["train/loss"] == LOSSES
    assert moments(tmp_path)[0] == times[0]


@pytest.mark.parametrize(
    "left",
    [b"", b"\0" * 5000, b"\xff" * 5000, b"\x08" + b"\0" * 11 + b"\xff" * 8 + b"\0" * 4],
    ids=["nothing", "zeros", "ones", "no event"],
)
def test_whatever_lay_there_makes_no_difference(left: bytes, tmp_path: Path, start: Start) -> None:
    start()
    write(tmp_path, left)
    start(ROWS)
    assert points(tmp_path)["train/loss"] == LOSSES


def test_every_flipped_bit_of_what_was_left_is_mended(tmp_path: Path, start: Start) -> None:
    trained(start(), ROWS)
    whole = content(tmp_path)
    for place in range(0, len(whole), 7):
        write(tmp_path, whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        start(ROWS)
        assert points(tmp_path)["train/loss"] == LOSSES


def test_a_link_is_not_followed(tmp_path: Path, start: Start) -> None:
    start()
    other = tmp_path / "other"
    other.write_bytes(b"mine")
    (tmp_path / EVENTS).unlink()
    (tmp_path / EVENTS).symlink_to(other)
    start(ROWS)
    assert other.read_bytes() == b"mine"
    assert points(tmp_path)["train/loss"] == LOSSES


def test_cells_that_are_no_numbers_are_left_out(tmp_path: Path, start: Start) -> None:
    odd = {"epoch": "1", "step": "10", "lr": "much", "train/loss": "0.5"}
    start([odd, *({**odd, "step": step} for step in ("x", "", "-1", "9" * 40, "\u0665"))])
    assert points(tmp_path) == {"train/loss": [(10, 0.5)]}


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("done", "STATUS_SUCCESS"),
        ("diverged", "STATUS_FAILURE"),
        ("failed", "STATUS_FAILURE"),
        ("interrupted", "STATUS_UNKNOWN"),
    ],
)
def test_the_hparams_tab_shows_settings_metrics_and_status(
    status: str, shown: str, tmp_path: Path, start: Start
) -> None:
    events = start()
    trained(events, ROWS)
    events.finish(status, {"final": {"step": 40.0}, "kept": {"step": 20.0, "test/loss": 0.75}})
    tab = HParams(tmp_path)
    [(name, (settings, metrics, found))] = tab.groups.items()
    assert (name, found, settings) == ("k3f9", shown, SETTINGS)
    assert metrics["train/loss"] == 0.25
    assert metrics.get("test/loss") == (None if status == "interrupted" else 0.75)


def test_a_moment_that_is_none_is_no_obstacle(tmp_path: Path) -> None:
    for started in (None, "yesterday", 5, "0001-01-01T00:00:00"):
        EventFile(tmp_path, name="x", settings={}, started=started).begin(ROWS)
        assert points(tmp_path)["train/loss"] == LOSSES
