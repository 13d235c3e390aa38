"""What the tests of configs share: what is wrong with a word, a value, or a whole config."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dltrain.config.compose import CONF, ConfigError, compose_groups
from dltrain.config.knob import Knob, Problem
from dltrain.config.load import load
from dltrain.config.validate import convert


def complaint(value: object, annotation: object, knob: Knob | None = None) -> str:
    """Convert one value; return what is wrong with it, or nothing."""
    found: list[Problem] = []
    convert(value, annotation, knob or Knob("meaning"), "key", found)
    return "; ".join(problem.message for problem in found)


def defaults() -> dict[str, Any]:
    """Compose what a run is told; what a sweep is told is composed too, but is no part of it."""
    config = copy.deepcopy(compose_groups({}, [CONF]))
    del config["sweep"]
    return config


@pytest.fixture
def plain() -> dict[str, Any]:
    return defaults()


HOUSE = ["data=csv", "data.path=package:house_tiny.csv", "data.target=Price"]


def refused(*words: str, config_dir: Path | None = None, config_name: str = "config") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(words, config_dir=config_dir, config_name=config_name)
    return caught.value.lines


def refusal(*words: str, config_dir: Path | None = None, config_name: str = "config") -> str:
    [line] = refused(*words, config_dir=config_dir, config_name=config_name)
    return line


SGD = "kind: sgd\nlr: {lr}\nmomentum: 0.0\nnesterov: false\nweight_decay: 0.0\n"
Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of one's own configs; returns the folder they lie in."""

    def write(name: str, text: str) -> Path:
        file = tmp_path / "my conf" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return tmp_path / "my conf"

    return write
