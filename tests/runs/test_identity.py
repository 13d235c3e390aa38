"""Runs are the same if their numbers are: wherever they are kept, and wherever their data lie."""

from __future__ import annotations

from typing import Any

import pytest

from dltrain.config.plain import as_dict
from dltrain.runs.identity import result_identity, training_identity
from tests.sweep.helpers import planned


def config(*words: str) -> dict[str, Any]:
    [member] = planned(*words).members
    plain: dict[str, Any] = as_dict(member.config)
    return plain


TABLE = ("data=csv", "data.target=Price")
HOUSE = "data.path=package:house_tiny.csv"


@pytest.mark.parametrize(
    "words",
    [
        ["output_dir=b"],
        ["tracking.curves=true"],
        ["tracking.tensorboard=true"],
    ],
)
def test_what_decides_no_number_is_no_part_of_either(words: list[str]) -> None:
    assert training_identity(config(*words)) == training_identity(config())
    assert result_identity(config(*words)) == result_identity(config())


@pytest.mark.parametrize("words", [["seed=1"], ["optimizer.lr=0.2"], ["device.dtype=float64"]])
def test_what_decides_numbers_is_part_of_both(words: list[str]) -> None:
    assert training_identity(config(*words)) != training_identity(config())
    assert result_identity(config(*words)) != result_identity(config())


@pytest.mark.parametrize("word", ["trainer.epochs=11", "device.threads=1"])
def test_epochs_and_threads_are_part_of_the_result_and_not_of_the_training(word: str) -> None:
    more = config(word)
    assert training_identity(more) == training_identity(config())
    assert result_identity(more) != result_identity(config())


def test_where_data_lie_stands_for_what_they_hold_only_where_that_is_not_known() -> None:
    here = config(*TABLE, HOUSE)
    there = here | {"data": here["data"] | {"path": "/elsewhere/house.csv"}}
    for identity in (training_identity, result_identity):
        assert identity(here) != identity(there)
        assert identity(here, sha256="f00") == identity(there, sha256="f00")
        assert identity(here, sha256="f00") != identity(there, sha256="ba7")


@pytest.mark.parametrize("strange", [{}, {"trainer": 7, "data": []}, {"trainer": {"epochs": {}}}])
def test_a_strangers_config_has_an_identity_of_its_own(strange: dict[str, Any]) -> None:
    assert training_identity(strange) != training_identity(config())
    assert result_identity(strange) != result_identity(config())
