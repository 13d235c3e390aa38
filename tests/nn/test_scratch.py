"""Memory that is used again, and how much of it a training takes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dltrain.nn.scratch import Memory

CPU = torch.device("cpu")


def test_the_same_shape_gets_the_same_memory() -> None:
    memory = Memory(torch.float32, CPU)
    first = memory.take(3, 4)
    assert memory.take(3, 4) is first
    assert memory.take(2, 4).data_ptr() == first.data_ptr()
    assert (first.shape, first.dtype, first.is_contiguous()) == ((3, 4), torch.float32, True)


def test_memory_grows_and_does_not_shrink() -> None:
    memory = Memory(torch.int32, CPU)
    memory.take(2)
    large = memory.take(100)
    assert memory.take(2).data_ptr() == large.data_ptr()
    assert memory.take(100).data_ptr() == large.data_ptr()


def test_what_was_handed_out_before_it_grew_is_not_given_to_others() -> None:
    """A graph that a GPU replays still writes there."""
    memory = Memory(torch.float32, CPU)
    place = memory.take(1000).data_ptr()
    memory.take(2000)
    others = [torch.empty(1000) for _ in range(50)]
    assert place not in {other.data_ptr() for other in others}


PEAK = "\nprint(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"


def peak_megabytes(code: str, folder: Path) -> float:
    line = [sys.executable, "-c", code + PEAK]
    result = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=True)
    return int(re.findall(r"\d+", result.stdout)[-1]) / 1024


@pytest.mark.proof
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell")
@pytest.mark.parametrize(
    ("model", "bound"),
    [("model=softmax", 150), ("model=mlp optimizer=adam", 180)],
    ids=str,
)
def test_a_run_takes_little_memory_beside_torch(model: str, bound: float, here: Path) -> None:
    """All of Fashion-MNIST where it is found; 55,000 pictures as float32 would be 172 MB alone."""
    words = [*model.split(), "data=fashion_mnist", "trainer.epochs=1"]
    run = peak_megabytes(f"from dltrain.cli.main import run\nassert run({words!r}) == 0", here)
    assert run - peak_megabytes("import torch", here) < bound
