"""What the tests of pictures share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dltrain.inference.evaluation import Evaluation, evaluate
from dltrain.plots import style
from dltrain.runs.compare.results import Result
from dltrain.runs.find import list_runs
from tests.conftest import Call, command


@pytest.fixture(autouse=True)
def in_style() -> Iterator[None]:
    """Draw figures as they become pictures."""
    with style.drawing():
        yield


SAMPLE = ("data=fashion_mnist", "data.source=sample", "trainer.epochs=2", "device=cpu")


def evaluation_of(here: Path, call: Call, *words: str, split: str = "test") -> Evaluation:
    shown = call(*words)
    assert shown.code == 0, shown
    [run] = list_runs(here / "outputs")
    return evaluate(run, split=split)


@pytest.fixture(scope="session")
def clothes(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("clothes")
    shown = command("model=softmax", *SAMPLE, folder=folder)
    assert shown.code == 0, shown
    [run] = list_runs(folder / "outputs")
    return evaluate(run, split="test")


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


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


GRID = [
    result(i, lr / (1 + abs(width - 32)) + 0.01 * seed, lr=lr, width=width, seed=seed)
    for i, (lr, width, seed) in enumerate(
        (lr, width, seed) for lr in (0.1, 0.2, 0.4) for width in (16, 32) for seed in (0, 1)
    )
]
