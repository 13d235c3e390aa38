"""Numbers, true, false, null and text: a file reads them as the command line does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltrain.config.compose import ConfigError
from dltrain.config.grammar.functions import Value
from dltrain.config.grammar.scalars import as_text, read_scalar
from dltrain.config.grammar.values import read
from dltrain.config.load import load
from dltrain.config.plain import as_dict
from dltrain.config.schema import RunConfig
from tests.conftest import thinned

SCALARS = [
    *("1", "10", "1_000", "1e1", "10.0", "1e-3", "1E5", "+5", "-0.0", "1.", ".5", "1e400", "inf"),
    *("010", "0x10", "0b1", "0o7", "12:30", "1:30", "1_0_", "08", "9" * 30, "2020-01-01", "1e"),
    *("true", "TRUE", "True", "false", "yes", "no", "on", "off", "NO", "y", "null", "Null", "none"),
    *("abc", "a b", "NaN", "a-b", "1.50", "7"),
]
KEYS = {
    "trainer.epochs": [],
    "trainer.batch_size": [],
    "optimizer.lr": [],
    "optimizer.nesterov": ["optimizer.momentum=0.9"],
    "data.target": ["data=csv", "data.path=package:house_tiny.csv"],
    "data.delimiter": ["data=csv", "data.path=package:house_tiny.csv", "data.target=Price"],
    "output_dir": [],
    "seed": [],
}


def told(words: list[str], key: str, folder: Path | None = None) -> object:
    try:
        run: object = as_dict(load(words, config_dir=folder))
    except ConfigError as error:
        # Where it stands is another matter.
        return [line.partition(")")[2].rpartition(": ")[2] for line in error.lines]
    assert not isinstance(run, RunConfig)
    for part in key.split("."):
        run = run[part]  # type: ignore[index]
    return [type(run), run]


@pytest.mark.parametrize(("text", "key"), thinned(SCALARS, KEYS))
def test_a_file_reads_a_value_as_the_command_line_does(text: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    node = f"{key}: {text}\n"
    if "." in key:
        group, name = key.split(".")
        node = f"{group}:\n  {name}: {text}\n"
    (tmp_path / "experiment" / "mine.yml").write_text(f"# @package _global_\n{node}")
    words = KEYS[key]
    assert told(["experiment=mine", *words], key, tmp_path) == told([*words, f"{key}={text}"], key)


def test_text_in_quotes_is_shown_in_quotes(tmp_path: Path) -> None:
    (tmp_path / "optimizer").mkdir()
    file = tmp_path / "optimizer" / "mine.yaml"
    file.write_text("defaults: [sgd]\nlr: '1e-3'\n")
    with pytest.raises(ConfigError) as caught:
        load(["optimizer=mine"], config_dir=tmp_path)
    assert caught.value.lines == [
        f"optimizer.lr='1e-3' ({file}:2): must be a number, and this is text in quotes; take the "
        "quotes off: learning rate"
    ]


ALPHABET = "0123456789_.+-eExXoObinfatrulNFT"


@given(st.text(ALPHABET, min_size=1, max_size=8))
def test_the_rules_are_those_of_the_grammar(text: str) -> None:
    found = read(text)
    assert isinstance(found, Value)
    scalar = read_scalar(text)
    assert type(found.parsed) is type(scalar)
    assert found.parsed == scalar or found.parsed != found.parsed


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    found = read(as_text(value))
    assert isinstance(found, Value)
    assert found.parsed == value
