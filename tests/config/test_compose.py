"""Which files make a config."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.config.compose import CONF, groups
from dltrain.config.load import load
from dltrain.config.plain import as_dict
from tests.config.conftest import SGD, Write, refusal, refused


def test_groups_lists_choices_nested_ones_too(write: Write) -> None:
    folder = write("experiment/mine/one.yaml", "seed: 1\n")
    assert groups([CONF])["model"] == ["linear", "mlp", "softmax"]
    assert "mine/one" in groups([folder, CONF])["experiment"]


# Files of one's own.


def test_a_choice_of_ones_own_joins_the_others(write: Write) -> None:
    folder = write("optimizer/mine.yaml", SGD.format(lr=0.5))
    optimizer = load(["optimizer=mine"], config_dir=folder).optimizer
    assert as_dict(optimizer)["lr"] == 0.5


def test_another_primary_config_may_lie_in_ones_own_folder(write: Write) -> None:
    folder = write("mine.yaml", "defaults:\n  - config\n  - _self_\nseed: 7\n")
    assert load(config_dir=folder, config_name="mine").seed == 7


def test_a_primary_config_that_is_not_there_is_refused() -> None:
    assert refusal(config_name="nowhere").startswith(
        "the config files do not compose: Cannot find primary config 'nowhere'."
    )


def test_a_file_named_like_a_shipped_one_takes_its_place(write: Write) -> None:
    folder = write("optimizer/sgd.yaml", SGD.format(lr=0.5))
    assert as_dict(load(config_dir=folder).optimizer)["lr"] == 0.5


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "a, b (c)",
        "it's",
    ],
)
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name / "optimizer").mkdir(parents=True)
    (tmp_path / name / "optimizer" / "mine.yaml").write_text(SGD.format(lr=1))
    assert load(["optimizer=mine"], config_dir=tmp_path / name)


def test_the_files_of_a_circle_are_named(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / "model" / f"{name}.yaml").write_text(f"defaults: [{other}]\n")
    [line] = refused("model=a", config_dir=tmp_path)
    folder = tmp_path / "model"
    assert line.endswith(f"{folder}/a.yaml -> {folder}/b.yaml -> {folder}/a.yaml")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "optimizer").mkdir()
    for ending in ("yaml", "yml"):
        (tmp_path / "optimizer" / f"mine.{ending}").write_text("defaults: [sgd]\n")
    [line] = refused("optimizer=mine", config_dir=tmp_path)
    assert line.endswith("mine.yaml: stands beside mine.yml; remove one of the two")
