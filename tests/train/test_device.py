"""Where to compute."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

from dltrain.train.device import choose, describe

HAS_GPU = torch.cuda.is_available()


@pytest.fixture(autouse=True)
def settings_restored() -> Iterator[None]:
    threads, workspace = torch.get_num_threads(), os.environ.get("CUBLAS_WORKSPACE_CONFIG")
    deterministic = torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    if torch.are_deterministic_algorithms_enabled() != deterministic:
        torch.use_deterministic_algorithms(deterministic)
    os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)
    if workspace is not None:
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = workspace


def test_the_processor_can_always_be_chosen() -> None:
    assert choose("cpu", threads=None, deterministic=True) == torch.device("cpu")


def test_auto_takes_the_gpu_if_there_is_one() -> None:
    device = choose("auto", threads=None, deterministic=False)
    assert device.type == ("cuda" if HAS_GPU else "cpu")


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused_in_one_helpful_line() -> None:
    with pytest.raises(ValueError, match="device=cuda") as caught:
        choose("cuda", threads=None, deterministic=True)
    text = str(caught.value)
    assert "\n" not in text
    assert f"torch {torch.__version__}" in text
    assert "use device=auto or device=cpu" in text


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_set(threads: int) -> None:
    device = choose("cpu", threads=threads, deterministic=True)
    assert torch.get_num_threads() == threads
    assert describe(device) == f"cpu ({threads} thread{'s' if threads > 1 else ''})"


def test_without_a_number_of_threads_torchs_choice_stays() -> None:
    torch.set_num_threads(1)
    choose("cpu", threads=None, deterministic=True)
    assert torch.get_num_threads() == 1


def test_the_processor_needs_no_other_kernels() -> None:
    choose("cpu", threads=None, deterministic=True)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_GPU, reason="there is no GPU here")
def test_a_gpu_is_chosen_named_and_deterministic() -> None:
    device = choose("cuda", threads=None, deterministic=True)
    assert device.type == "cuda"
    assert describe(device).startswith("cuda (")
    assert torch.are_deterministic_algorithms_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
