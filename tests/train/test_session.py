"""A training of jobs together: those that are through leave it, and the others keep their bytes."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from dltrain.config.load import load
from dltrain.runs.command_line import CommandLine
from dltrain.system.disk import make_folder
from dltrain.train import build
from dltrain.train.device import has_bf16
from dltrain.train.job import Job
from dltrain.train.outcome import Outcome, Row
from dltrain.train.session import Training
from tests.sweep.helpers import assert_equal_runs, record, trained_alone

LINEAR = ("data.num_train=96", "data.num_val=32", "data.noise=0.5", "trainer.batch_size=16")
RATES = (0.2, 0.05, 1e9, 0.03, 0.01, 1e10, 0.1, 0.02)


class Watching:
    """Remembers how wide the stack was in every epoch; asks to stop within one if told."""

    def __init__(self, training: Training, stop_at: int | None = None) -> None:
        self.training, self.stop_at = training, stop_at
        self.widths: list[int] = []

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        self.widths.append(self.training.trainer.stack.model.num_members)
        assert len(rows) == len(outcomes) == len(self.training.positions) == self.widths[-1]

    def early(self, rows: Sequence[Row]) -> None:
        if self.stop_at is not None and self.training.step >= self.stop_at:
            self.training.stop(signal.SIGTERM)


def training_of(words: Sequence[Sequence[str]]) -> Training:
    configs = [load(each) for each in words]
    data = build.dataset(configs[0])
    return Training(
        [
            Job(CommandLine.parse(each), config, data, build.layer_plans(config, data))
            for each, config in zip(words, configs, strict=True)
        ]
    )


def folders_in(place: Path) -> list[Path]:
    folders = [place / f"{number}" for number in range(len(RATES))]
    for folder in folders:
        make_folder(folder)
    return folders


def words_of(*more: str) -> list[list[str]]:
    return [[f"optimizer.lr={rate}", *LINEAR, *more] for rate in RATES]


def test_who_is_through_leaves_the_stack_and_nobody_is_disturbed(tmp_path: Path) -> None:
    words = words_of("trainer.epochs=30", "trainer.patience=2")
    folders, training = folders_in(tmp_path), training_of(words)
    training.record(folders)
    view = Watching(training)
    ended = training.run(view)
    assert view.widths[0] == 8
    assert view.widths == sorted(view.widths, reverse=True)
    assert len(set(view.widths)) > 2
    assert [each.exit_code for each in ended] == [0, 0, 3, 0, 0, 3, 0, 0]
    for folder, each in zip(folders, words, strict=True):
        assert_equal_runs(folder, trained_alone(tmp_path / f"{folder.name} alone", each))


@pytest.mark.parametrize("stop_at", [3, 9, 20])
def test_a_narrower_stack_goes_on_from_within_an_epoch(tmp_path: Path, stop_at: int) -> None:
    words = words_of("trainer.epochs=5", "trainer.log_interval=1")
    folders, training = folders_in(tmp_path), training_of(words)
    training.record(folders)
    training.run(Watching(training, stop_at=stop_at))
    assert {record(folder)["status"] for folder in folders} <= {"interrupted", "diverged"}
    again = training_of(words)
    again.go_on(folders)
    view = Watching(again)
    again.run(view)
    assert view.widths[-1] == 6
    for folder, each in zip(folders, words, strict=True):
        assert_equal_runs(folder, trained_alone(tmp_path / f"{folder.name} alone", each))


@pytest.mark.skipif(not has_bf16(), reason="products of bfloat16 are refused here")
def test_members_with_rounded_products_have_the_bytes_of_their_single_runs(tmp_path: Path) -> None:
    """Eight bits hide for long that a sum was taken in another order: no product is shared."""
    pictures = ("data=fashion_mnist", "data.source=sample", "trainer.batch_size=64")
    shape = ("model=mlp", "model.hidden=[40]", "device.matmul=bf16", "trainer.epochs=1")
    words = [[*pictures, *shape, f"optimizer.lr={rate}", "seed=5"] for rate in (0.2, 0.3)]
    folders = folders_in(tmp_path)[:2]
    training = training_of(words)
    training.record(folders)
    training.run(Watching(training))
    for folder, each in zip(folders, words, strict=True):
        assert_equal_runs(folder, trained_alone(tmp_path / f"{folder.name} alone", each))
    assert set(record(folders[0])["products"]) == {"single"}


def test_the_record_counts_the_products_by_the_way_they_took(tmp_path: Path) -> None:
    words = words_of("trainer.epochs=1")[:2]
    folder = trained_alone(tmp_path / "one", words[0])
    assert set(record(folder)["products"]) == {"together"}
    assert sum(record(folder)["products"].values()) >= 3
