"""A training that goes on: from the very step, with all that it knew, and only from what is its."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from dltrain.config.load import load
from dltrain.runs import recorder
from dltrain.runs.command_line import CommandLine
from dltrain.system import disk as storage
from dltrain.train import build
from dltrain.train.checkpoints import checkpoint_file
from dltrain.train.job import Job
from dltrain.train.session import Training
from tests.conftest import changed
from tests.stacked import shorten
from tests.sweep.helpers import Blind
from tests.torture.crashes import MLP, MODELS, SMALL, lasting
from tests.torture.faults import PowerDisk

# Six steps an epoch and three epochs; a state is written every four steps.
ADAM, LINE = MODELS["mlp, adam"], MODELS["linear, sgd"]
# Without dropout and momentum, whose memory would tell of other steps, too.
PLAIN = (*MLP[:2], *SMALL)
Words = Sequence[str]
After = Callable[[int], object]


def prepare(*commands: Words) -> Training:
    configs = [load(words) for words in commands]
    data = build.dataset(configs[0])
    return Training(
        [
            Job(CommandLine.parse(words), config, data, build.layer_plans(config, data))
            for words, config in zip(commands, configs, strict=True)
        ]
    )


def watch(training: Training, *, stop: int | None = None, after: After = int) -> None:
    """Ask a training to stop after a step; call something when each but an epoch's last is kept."""
    trainer = training.trainer
    epoch = trainer.steps.epoch

    def watched(number: int) -> Iterator[int]:
        for taken in epoch(number):
            if trainer.step == stop:
                trainer.stop(15)
            yield taken
            after(trainer.step)

    vars(trainer.steps)["epoch"] = watched


def start(
    folder: Path, *commands: Words, stop: int | None = None, after: After = int
) -> list[Path]:
    """Train in new folders, to the end or to a step."""
    training = prepare(*commands)
    folders = [folder / str(number) for number in range(len(commands))]
    storage.make_folders(folders)
    training.record(folders)
    watch(training, stop=stop, after=after)
    training.run(Blind())
    return folders


def go_on(folders: Sequence[Path], *commands: Words) -> tuple[int, list[str]]:
    """Go on to the end; return the step it went on from, and what was said of what is not used."""
    training = prepare(*commands)
    remarks = training.go_on(folders)
    step = training.trainer.step
    training.run(Blind())
    return step, remarks


def left(folders: Sequence[Path]) -> list[dict[str, bytes]]:
    """Read what trainings leave, but for what was set aside."""
    return [
        {name: content for name, content in lasting(own).items() if not name.endswith(".unused")}
        for own in folders
    ]


def assert_seamless(folder: Path, words: Words, steps: Sequence[int]) -> None:
    """Stop after each of the steps, go on from it, and come to the same bytes."""
    whole = left(start(folder / "whole", words))
    for step in steps:
        folders = start(folder / str(step), words, stop=step)
        assert go_on(folders, words) == (step, [])
        assert left(folders) == whole, f"after step {step}"


# From any step, as if nothing had happened.


@pytest.mark.parametrize("name", ["mlp, adam", "mlp, sgd", "linear, sgd"])
def test_a_training_goes_on_from_the_step_it_stopped_after(name: str, tmp_path: Path) -> None:
    assert_seamless(tmp_path, MODELS[name], [1, 3, 5, 6, 10, 12, 17])


@pytest.mark.parametrize("window", [1, 2, 4])
def test_it_goes_on_within_a_window_of_steps(
    window: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten(monkeypatch, window=window, watched=3)
    assert_seamless(tmp_path, ADAM, [1, 3, 4, 5, 8, 11])


def test_it_goes_on_with_what_was_added_up_along_the_way(tmp_path: Path) -> None:
    assert_seamless(tmp_path, changed(PLAIN, "trainer.log_interval=2"), [3, 5, 9])


def test_it_goes_on_with_the_patience_that_is_left(tmp_path: Path) -> None:
    # Nothing is learned, so the first epoch is the best for ever.
    words = changed(LINE, "optimizer.lr=0", "trainer.patience=3", "trainer.epochs=9")
    assert_seamless(tmp_path, words, [8, 20])
    rows = (tmp_path / "20" / "0" / "metrics.csv").read_text().splitlines()
    assert len(rows) == 1 + 4


def test_it_goes_on_beside_the_best_of_long_ago(tmp_path: Path) -> None:
    words = changed(LINE, "optimizer.lr=0", "trainer.epochs=6")
    assert_seamless(tmp_path, words, [20])
    kept = [path.name for path in checkpoint_file.paths(tmp_path / "20" / "0" / "checkpoints")]
    assert kept == ["epoch-000006.safetensors", "epoch-000001.safetensors"]


# From what is its own, and intact.


def test_rows_after_the_state_are_cut_off(tmp_path: Path) -> None:
    whole = left(start(tmp_path / "whole", ADAM))
    folders = start(tmp_path / "run", ADAM, stop=10)
    for name in ("metrics.csv", "timing.csv"):
        storage.append(folders[0] / name, ["2,12,0.1,0.5,0.5", "3,1"])
    assert go_on(folders, ADAM) == (10, [])
    assert left(folders) == whole


def test_a_state_is_not_used_if_the_rows_before_it_changed(tmp_path: Path) -> None:
    whole = left(start(tmp_path / "whole", ADAM))
    folders = start(tmp_path / "run", ADAM, stop=10)
    path = folders[0] / "metrics.csv"
    path.write_bytes(path.read_bytes().replace(b"\n1,6,", b"\n1,7,"))
    step, remarks = go_on(folders, ADAM)
    assert step == 0
    assert len(remarks) == 3
    for text in remarks:
        assert "metrics.csv: is not what epoch 1 left; epoch-000001" in text
        assert text.endswith(".safetensors is not used")
    assert left(folders) == whole


def test_the_state_before_stands_in_for_one_that_is_damaged(tmp_path: Path) -> None:
    whole = left(start(tmp_path / "whole", ADAM))
    folders = start(tmp_path / "run", ADAM, stop=12)
    last, *_ = checkpoint_file.paths(folders[0] / "checkpoints")
    # A best, so that the state before speaks of another one.
    assert checkpoint_file.load(last)[1]["outcome"]["best"]["epoch"] == 2
    last.write_bytes(last.read_bytes()[:-1])
    step, remarks = go_on(folders, ADAM)
    assert (step, len(remarks)) == (8, 1)
    assert left(folders) == whole


def test_a_state_of_another_run_is_not_used(tmp_path: Path) -> None:
    whole = left(start(tmp_path / "whole", ADAM))
    folders = start(tmp_path / "run", ADAM, stop=3)
    [other] = start(tmp_path / "other", [*ADAM, "seed=1"], stop=10)
    storage.remove_tree(folders[0] / "checkpoints")
    shutil.copytree(other / "checkpoints", folders[0] / "checkpoints")
    shutil.copy(other / "metrics.csv", folders[0] / "metrics.csv")
    step, remarks = go_on(folders, ADAM)
    assert step == 0
    assert len(remarks) == 3
    assert all(": is of another run; epoch-00000" in text for text in remarks)
    assert left(folders) == whole


def test_members_go_on_from_the_last_step_that_all_of_them_have(tmp_path: Path) -> None:
    stack = [[*ADAM, f"optimizer.lr={lr}"] for lr in (0.01, 0.02)]
    whole = left(start(tmp_path / "whole", *stack))
    folders = start(tmp_path / "run", *stack, stop=10)
    last, *_ = checkpoint_file.paths(folders[1] / "checkpoints")
    storage.remove(last)
    assert go_on(folders, *stack) == (8, [])
    assert left(folders) == whole


# What is kept, and when.


def test_a_state_is_never_on_disk_without_the_rows_it_counts_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 1e9)
    copies: list[Path] = []

    def copy(step: int) -> None:
        if step == 8:  # the second epoch's first state was written just now
            copies.append(tmp_path / "copy")
            shutil.copytree(tmp_path / "run" / "0", copies[0])

    whole = left(start(tmp_path / "run", ADAM, after=copy))
    assert go_on(copies, ADAM) == (8, [])
    assert left(copies) == whole


def test_a_state_is_never_durable_before_the_rows_it_counts_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = PowerDisk(-1, root=tmp_path, variant=0)  # never cut, only watched
    monkeypatch.setattr(storage, "os", disk)
    run, sizes = tmp_path / "run" / "0", []

    def look(step: int) -> None:
        for path in checkpoint_file.paths(run / "checkpoints"):
            mark = checkpoint_file.load(path)[1]["metrics"]
            sizes.append(mark["bytes"])
            assert len(disk.durable(run / "metrics.csv")) >= mark["bytes"]
            assert disk.durable(path) == path.read_bytes()

    start(tmp_path / "run", ADAM, after=look)
    assert len(set(sizes)) == 3  # after none, one and two epochs


def test_no_state_is_kept_that_is_not_finite(tmp_path: Path) -> None:
    words = changed(LINE, "optimizer.lr=1e9", "trainer.checkpoint_interval=1steps")
    [run] = start(tmp_path, words)
    tensors = [checkpoint_file.load(path)[0] for path in checkpoint_file.paths(run / "checkpoints")]
    assert tensors
    assert all(t.isfinite().all() for state in tensors for t in state.values())
    assert '"diverged"' in (run / "run.json").read_text()
