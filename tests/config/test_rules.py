"""What does not go with the rest: a GPU that is not there, a metric of another task, a word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dltrain.config.load import load
from dltrain.config.overrides import Overrides
from dltrain.config.rules import absent_gpu, ineffective
from tests.conftest import Call


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch see no GPU, whether or not this machine has one."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize(
    "words",
    [
        ["device=cuda"],
        ["bench", "device=cuda"],
        ["-m", "device=cpu,cuda"],
        ["-m", "--dry-run", "device=cpu,cuda"],
        ["-m", "device.type=cuda", "seed=1,2"],
    ],
)
def test_it_is_refused_before_anything_is_made(words: list[str], call: Call, here: Path) -> None:
    shown = call(*words)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("dltrain: error: device=cuda: ")
    assert shown.err.endswith("; use device=auto or device=cpu\n")
    assert shown.err.count("\n") == 1
    assert list(here.iterdir()) == []


@pytest.mark.usefixtures("hidden")
def test_whatever_there_is_will_do(call: Call, here: Path) -> None:
    assert call("-m", "--dry-run", "device=cpu,auto", "seed=1").code == 0


def test_it_is_not_refused_where_torch_has_one() -> None:
    import torch

    assert not (absent_gpu() and torch.cuda.is_available())


# What was typed and has no effect.

CSV = ["data=csv", "data.path=package:house_tiny.csv", "data.target=Price"]
IMAGES = ["data=fashion_mnist", "model=softmax"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([*CSV, "data.val_fraction=0.1"], []),
        ([*CSV, "data.folds=2", "data.fold=0"], []),
        (
            [*CSV, "data.val_fraction=0.1", "data.test_fraction=0", "data.folds=2", "data.fold=0"],
            ["data.val_fraction has no effect with data.folds=2"],
        ),
        (
            [*CSV, "data.val_fraction=0.1", "data.test_fraction=0.1", "data.split=RoofType"],
            [
                "data.val_fraction has no effect with data.split=RoofType",
                "data.test_fraction has no effect with data.split=RoofType",
            ],
        ),
        (
            [*CSV, "data.seed=1", "data.stratify=true", "data.order=NumRooms"],
            [
                "data.stratify has no effect with data.order=NumRooms",
                "data.seed has no effect with data.order=NumRooms",
            ],
        ),
        (
            [*CSV, "data.test_fraction=0", "data.test_path=package:house_tiny.csv"],
            ["data.test_fraction has no effect with data.test_path=package:house_tiny.csv"],
        ),
        (
            [*IMAGES, "data.num_val=9", "data.folds=3", "data.fold=2"],
            ["data.num_val has no effect with data.folds=3"],
        ),
        ([*CSV, "trainer.steps=9"], []),
        (
            [*CSV, "trainer.steps=9", "trainer.epochs=2"],
            ["trainer.steps has no effect with trainer.epochs=2; add trainer.epochs=null"],
        ),
    ],
)
def test_what_has_no_effect_beside_another_knob_is_said(words: list[str], said: list[str]) -> None:
    overrides = Overrides.parse(words)
    assert ineffective(load(overrides), overrides) == said


def test_how_long_must_be_said_in_epochs_or_in_steps(call: Call, here: Path) -> None:
    shown = call("trainer.epochs=null")
    says = (
        "trainer.epochs=null (command line): how long? Add trainer.epochs=10, or trainer.steps=8000"
    )
    assert (shown.code, shown.err) == (2, f"dltrain: error: {says}\n")
    assert load(["trainer.epochs=null", "trainer.steps=100"]).trainer.num_epochs(1000) == 4


KNOWN = {
    "numbers": "(there are: loss, rmse, r2, mae, median_absolute_error, mape; of ",
    "classes": "(there are: loss, accuracy, balanced_accuracy, precision, recall, f1, auc, ",
}


@pytest.mark.parametrize(
    ("words", "value", "known"),
    [
        (["trainer.metric=accuracy"], "accuracy", "numbers"),
        (["trainer.metric=test/loss"], "test/loss", "numbers"),
        (["model=softmax", "data=fashion_mnist", "trainer.metric=r2"], "r2", "classes"),
        (
            ["data=csv", "data.path=t.csv", "data.target=y", "trainer.metric=rmse"],
            "rmse",
            "classes",
        ),
        (
            ["data=csv", "data.path=t.csv", "data.target=x", "trainer.metric=accuracy"],
            "accuracy",
            "numbers",
        ),
    ],
)
@pytest.mark.parametrize("sweep", [[], ["-m", "seed=0,1"]])
def test_a_metric_of_another_task_is_refused_in_a_line(
    words: list[str], value: str, known: str, sweep: list[str], call: Call, here: Path
) -> None:
    """Of a table the task is known once its target is read."""
    rows = [f"{i / 7},{'ab'[i % 2]}" for i in range(40)]
    (here / "t.csv").write_text("\n".join(["x,y", *rows]))
    model = ["model=mlp"] if "data=csv" in words else []
    shown = call(*sweep, *model, *words)
    assert (shown.code, shown.out) == (2, "")
    assert re.search(rf"trainer\.metric={value}( \(command line\))?: no such metric", shown.err)
    assert KNOWN[known] in shown.err
    assert shown.err.count("\n") == 1
    assert not (here / "outputs").exists()


def test_a_metric_of_the_task_is_taken(call: Call, here: Path) -> None:
    for metric in ("rmse", "val/rmse"):
        assert call(f"trainer.metric={metric}", "trainer.epochs=1").code == 0
        assert "val/rmse" in call("runs").out.splitlines()[1]
