"""What a knob allows, and what it says to the rest."""

from __future__ import annotations

import pytest

from dltrain.config.knob import Knob, knobs
from dltrain.config.schema import AdamConfig, MlpConfig, RunConfig, TrainerConfig
from tests.config.conftest import complaint

# Bounds.


@pytest.mark.parametrize(
    ("bounds", "good", "bad", "words"),
    [
        ({"ge": 0}, 0.0, -1.0, "must be at least 0"),
        ({"gt": 0}, 1e-9, 0.0, "must be greater than 0"),
        ({"le": 1}, 1.0, 1.5, "must be at most 1"),
        ({"lt": 1}, 0.5, 1.0, "must be less than 1"),
        ({"ge": 0, "lt": 1}, 0.0, 1.0, "must be at least 0 and less than 1"),
    ],
)
def test_bounds_hold_and_are_named(
    bounds: dict[str, float], good: float, bad: float, words: str
) -> None:
    knob = Knob("meaning", **bounds)  # type: ignore[arg-type]
    assert complaint(good, float, knob) == ""
    assert complaint(bad, float, knob) == f"{words}: meaning"
    assert complaint([good, bad], list[float], knob) == f"{words}: meaning"


def test_lengths_are_bounded() -> None:
    knob = Knob("meaning", min_length=1, max_length=2)
    assert complaint([1.0], list[float], knob) == ""
    assert complaint([], list[float], knob) == "needs at least 1 value(s): meaning"
    assert complaint([1.0] * 3, list[float], knob) == "takes at most 2 value(s): meaning"


def test_a_large_bound_is_written_in_full() -> None:
    assert "4294967295" in knobs(RunConfig)["seed"][1].allowed().replace(",", "")


@pytest.mark.parametrize("cls", [AdamConfig, MlpConfig, TrainerConfig])
def test_knobs_are_the_fields(cls: type) -> None:
    assert list(knobs(cls)) == list(cls.__dataclass_fields__)  # type: ignore[attr-defined]
