"""Configs as plain values."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from dltrain.config.load import load
from dltrain.config.plain import as_dict, shown, to_yaml
from dltrain.config.validate import run_config
from tests.config.conftest import HOUSE


def test_a_config_becomes_plain_values_and_back(plain: dict[str, Any]) -> None:
    run, _ = run_config(plain)
    assert run_config(as_dict(run)) == (run, [])


# Values as they stand on the command line.


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (0.1, "0.1"),
        (1e-8, "1e-08"),
        (3, "3"),
        ([1, None, "a"], "[1,null,a]"),
        ("a b", "a b"),
    ],
)
def test_values_are_shown_as_they_are_typed(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_config_written_as_yaml_reads_back_the_same() -> None:
    words = [*HOUSE, "data.missing_values=['', NA, 'a: b', '007']", "model=mlp", "seed=3"]
    run = load(words)
    assert yaml.safe_load(to_yaml(run)) == as_dict(run)
    assert to_yaml(run) == to_yaml(load(words))
