"""A folder of configs as Hydra sees it: it reads what is asked for, and stays inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.config.hydra_source import CheckedSource
from dltrain.config.yaml_file import ConfigFileError
from tests.torture.refusal import fifo


@pytest.fixture
def source(tmp_path: Path) -> CheckedSource:
    """A folder with a config, a group, and a secret beside it."""
    (tmp_path / "secret.yaml").write_text("a: 1\n")
    (tmp_path / "inside" / "model").mkdir(parents=True)
    (tmp_path / "inside" / "config.yaml").write_text("# @package _global_\na: 1\n")
    fifo(tmp_path / "inside" / "pipe.yaml")
    return CheckedSource("test", f"file://{tmp_path / 'inside'}")


def test_what_is_there_is_found(source: CheckedSource) -> None:
    assert source.available()
    assert source.is_group("model")
    assert source.is_config("config")
    result = source.load_config("config")
    assert dict(result.config) == {"a": 1}
    assert result.header["package"] == "_global_"


@pytest.mark.parametrize("name", ["../secret", "model/../../secret", "a\0b", "pipe", "model"])
def test_nothing_else_is_a_config(source: CheckedSource, name: str) -> None:
    assert not source.is_config(name)


def test_an_absolute_path_is_no_config(source: CheckedSource, tmp_path: Path) -> None:
    assert not source.is_config(str(tmp_path / "secret"))
    assert not source.is_group(str(tmp_path))
    assert not source.is_group("..")


@pytest.mark.parametrize(
    "defaults",
    [
        "[a, /b, a@c]",
        "[a: b, override /a: b, a: null, a: [b, c]]",
        "[]",
        "[_self_]",
        "[optional a: b]",
    ],
)
def test_choices_of_every_form_are_read(source: CheckedSource, defaults: str) -> None:
    Path(source.path, "x.yaml").write_text(f"defaults: {defaults}\n")
    assert source.load_config("x").config is not None


@pytest.mark.parametrize(
    "defaults", ["a", "3", "{a: b}", "[3]", "[null]", "[[a]]", "[{a: 3}]", "[{a: b, c: d}]"]
)
def test_choices_of_no_form_are_refused(source: CheckedSource, defaults: str) -> None:
    Path(source.path, "x.yaml").write_text(f"defaults: {defaults}\n")
    with pytest.raises(ConfigFileError, match=r"x\.yaml: its defaults must be a list"):
        source.load_config("x")
