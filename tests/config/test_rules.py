"""A GPU that is asked for and is surely not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.config.rules import absent_gpu
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
