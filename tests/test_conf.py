"""``conf/`` and the schema agree, and whatever can be chosen composes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dltrain.config.compose import CONF, Sources, compose_groups, groups
from dltrain.config.kinds import TABLE
from dltrain.config.knob import knobs
from dltrain.config.load import load, sweep_settings
from dltrain.config.plain import as_dict, to_yaml
from dltrain.config.resolve import Resolved
from dltrain.config.schema import Expectation, RunConfig, SweepConfig
from dltrain.config.validate import class_of, known_keys

CHOICES = [
    (group, choice)
    for group, choices in groups([CONF]).items()
    if group not in ("experiment", "sweep")
    for choice in choices
]
EXPERIMENTS = groups([CONF]).get("experiment", [])
# What a choice needs beside it, to make a whole run.
COMPANY = {
    "csv": ["data.path=package:house_tiny.csv", "data.target=Price"],
    "fashion_mnist": ["model=softmax"],
    "sql": ["data.url=postgresql://h/d", "data.query=SELECT 1", "data.target=y"],
    "idx": ["model=softmax", "data.path=."],
    "images": ["model=softmax", "data.path=."],
    "softmax": ["data=fashion_mnist"],
    "cross_entropy": ["data=fashion_mnist", "model=softmax"],
}
CLASSES = [
    RunConfig,
    SweepConfig,
    Expectation,
    *(kind.config for kinds in TABLE.values() for kind in kinds.values()),
]
CLASSES += [type(load().trainer), type(load().device), type(load().tracking)]


def words(group: str, choice: str) -> list[str]:
    return [f"{group}={choice}", *COMPANY.get(choice, [])]


def own_part(group: str, choice: str) -> dict[str, Any]:
    """Return what a file says about its own group."""
    text = (CONF / group / f"{choice}.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    part: dict[str, Any] = content[group] if "@package _global_" in text else content
    return part


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_choice_composes_and_is_a_config(group: str, choice: str) -> None:
    run = load(words(group, choice))
    assert yaml.safe_load(to_yaml(run)) == as_dict(run)


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_key_of_a_file_is_a_knob_and_back(group: str, choice: str) -> None:
    chosen = {word.split("=")[0]: word.split("=")[1] for word in words(group, choice)[:1]}
    node = compose_groups(chosen, [CONF])[group]
    cls = class_of(group, node)
    assert cls is not None
    assert set(node) == set(knobs(cls))
    assert set(own_part(group, choice)) <= set(knobs(cls))


def test_every_top_level_key_is_a_knob_and_back() -> None:
    # What a sweep is told is composed beside what each of its runs is told.
    assert set(compose_groups({}, [CONF])) == {*knobs(RunConfig), "sweep"}


@pytest.mark.parametrize("choice", groups([CONF])["sweep"])
def test_every_key_of_a_sweep_is_a_knob_and_back(choice: str) -> None:
    assert set(own_part("sweep", choice)) <= set(knobs(SweepConfig))
    assert set(compose_groups({"sweep": choice}, [CONF])["sweep"]) == set(knobs(SweepConfig))
    settings, lines = sweep_settings(Resolved(groups={"sweep": choice}), Sources.of(None))
    assert lines == []
    assert isinstance(settings, SweepConfig)
    assert load([f"sweep={choice}"]) == load()


@pytest.mark.parametrize(("group", "kind"), [(g, k) for g, kinds in TABLE.items() for k in kinds])
def test_every_kind_can_be_chosen(group: str, kind: str) -> None:
    kinds = {own_part(group, choice).get("kind") for g, choice in CHOICES if g == group}
    assert kind in kinds


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_knob_has_a_meaning(cls: type) -> None:
    for _, entry in knobs(cls).values():
        assert entry.meaning.strip() == entry.meaning != ""
        assert not entry.meaning.removesuffix("...").endswith(".")


def test_no_knob_has_a_default() -> None:
    for cls in CLASSES:
        with pytest.raises(TypeError):
            cls()


@pytest.mark.parametrize("file", sorted(CONF.rglob("*.yaml")), ids=lambda file: file.stem)
def test_every_file_opens_with_what_it_is(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines[:2] if line.startswith("# ") and "@package" not in line]
    assert comments
    assert "${" not in "".join(lines)


def test_every_key_can_be_set_by_its_own_name() -> None:
    config = {**compose_groups({}, [CONF])}
    del config["sweep"]
    for key in known_keys(config):
        *path, name = key.split(".")
        node = config[path[0]] if path else config
        value = node[name]
        text = "null" if value is None else str(value).replace("True", "true").replace(" ", "")
        assert load([f"{key}={text.replace('False', 'false')}"]) == load()


@pytest.mark.skipif(not EXPERIMENTS, reason="no experiment to compose")
@pytest.mark.parametrize("name", EXPERIMENTS or [""])
def test_every_experiment_composes_and_says_what_to_expect(name: str) -> None:
    run = load([f"experiment={name}"])
    assert run.expect
    assert all(expectation.low <= expectation.published for expectation in run.expect)
    assert all(expectation.published <= expectation.high for expectation in run.expect)
    text = (CONF / "experiment" / f"{name}.yaml").read_text(encoding="utf-8")
    assert f"dltrain experiment={name}" in text
