"""Where a value came from, what else it may be, and what it decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.cli.config.why import allowed
from dltrain.config.compose import CONF, compose_groups
from dltrain.config.knob import Knob, knobs
from dltrain.config.schema import Expectation, SweepConfig
from dltrain.config.validate import known_keys
from tests.cli.config.conftest import shown, stripped, table
from tests.conftest import Call


def test_a_value_is_followed_from_the_defaults_to_the_command_line(call: Call) -> None:
    words = ("optimizer.lr", "experiment=book/mlp", "optimizer.lr=0.3")
    out = shown(call, "why", *words)
    assert stripped(table(out)) == [
        ["optimizer.lr=0.3"],
        [],
        ["value", "set by", "where"],
        ["0.1", "optimizer=sgd", f"{CONF}/optimizer/sgd.yaml:3"],
        ["0.1", "experiment=book/mlp", f"{CONF}/experiment/book/mlp.yaml:27"],
        ["0.3", "command line", "optimizer.lr=0.3", "<- holds"],
        [],
        ["meaning", "learning rate"],
        ["allowed", "a number, at least 0"],
        ["sweeps", "members that differ in it alone are trained together, as one stack"],
    ]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["trainer.epochs"], ["trainer.epochs=10", "unit     epochs", "a stack of its own"]),
        (["seed"], ["defaults", f"{CONF}/config.yaml:16", "<- holds"]),
        (["sweep.repeat", "sweep.repeat=5"], ["sweep.repeat=5", "whole number, at least 1"]),
        (["model.activation", "model=mlp"], ["allowed  relu, tanh, sigmoid, gelu"]),
        (["data.target", "data=csv"], ["data.target=null", "allowed  text; or null"]),
        (["data.name", "data.name=007"], ["data.name=007", "command line"]),
        (["tracking.curves"], ["decides no number"]),
        (["expect", "experiment=book/mlp"], ["allowed  a list of mappings"]),
    ],
)
def test_of_every_key_there_is_something_to_say(
    words: list[str], parts: list[str], call: Call
) -> None:
    out = shown(call, "why", *words)
    for part in parts:
        assert part in out
    assert out.count("<- holds") == 1


def test_of_a_group_it_is_said_which_choice_holds_and_which_there_are(call: Call) -> None:
    rows = stripped(table(shown(call, "why", "model", "experiment=book/mlp")))
    assert rows[0] == ["model=mlp"]
    assert rows[3][:2] == ["linear", "defaults"]
    assert rows[4][:2] == ["mlp", "experiment=book/mlp"]
    assert rows[4][3] == "<- holds"
    assert ["choices", "linear, mlp, softmax"] in rows
    assert rows[-1][1].startswith("model.hidden, model.activation, ")
    out = shown(call, "why", "model", "experiment=book/mlp", "model=softmax")
    assert "softmax  command line         model=softmax" in out
    assert "experiment=null" in shown(call, "why", "experiment")
    assert "sweep.zip, sweep.repeat" in shown(call, "why", "sweep")


def test_a_folder_of_ones_own_is_looked_through_first(here: Path, call: Call) -> None:
    (here / "mine" / "optimizer").mkdir(parents=True)
    (here / "mine" / "optimizer" / "sgd.yaml").write_text(
        "kind: sgd\nlr: 0.7\nmomentum: 0.0\nnesterov: false\nweight_decay: 0.0\n"
    )
    out = shown(call, "why", "optimizer.lr", "--config-dir", "mine")
    assert "0.7    optimizer=sgd  mine/optimizer/sgd.yaml:2  <- holds" in out
    assert shown(call, "--config-dir", "mine", "why", "optimizer.lr") == out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["why"], "config why: which key? dltrain config show lists them"),
        (["why", "seed", "model"], "config why: one key at a time"),
        (["why", "lr"], "lr: unknown key; did you mean optimizer.lr?"),
        (["why", "modle"], "modle: unknown key; did you mean model?"),
        (["why", "sweep.repeet"], "sweep.repeet: unknown key; did you mean sweep.repeat?"),
        (["why", "model.kind"], "model.kind: is chosen with model=NAME, not set"),
        (["why", "model.hidden"], "model.hidden: model=linear has no hidden; model=mlp has one"),
        (["why", "seed", "model=mpl"], "model=mpl: no such choice; did you mean mlp? "),
        (["why", "seed", "seed=x"], "seed=x (command line): must be a whole number"),
        (["why", "seed", "sweep.repeat=x"], "sweep.repeat=x (command line): must be"),
        (["why", "seed", "--config-dir", "nowhere"], "--config-dir=nowhere: no such folder"),
        (["wyh"], "config wyh: unknown; did you mean why? (there are: show, why, diff)"),
        (["diff", "latest"], "latest: there are no runs in outputs"),
        (["diff", "a", "seed=1"], "seed=1: only output_dir=FOLDER can be set here"),
        (["diff", "sed=1"], "sed (command line): unknown key; did you mean seed?"),
    ],
)
def test_what_cannot_be_said_is_refused(
    words: list[str], says: str, here: Path, call: Call
) -> None:
    found = call("config", *words)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(f"dltrain: error: {says}")
    assert found.err.count("\n") == 1


def test_what_is_allowed_can_be_said_of_every_key() -> None:
    choices = ("synthetic", "csv", "fashion_mnist", "idx", "images")
    entries = [pair for data in choices for pair in known_keys(composed(data)).values()]
    entries += [*knobs(SweepConfig).values(), *knobs(Expectation).values()]
    for annotation, entry in entries:
        assert allowed(annotation, entry)
    assert allowed(list[int], Knob("", ge=1, min_length=1)) == (
        "a list of whole numbers, one or more of them, at least 1"
    )


def composed(data: str) -> dict[str, object]:
    config = compose_groups({"data": data, "model": "mlp", "optimizer": "adam"}, [CONF])
    return {name: node for name, node in config.items() if name != "sweep"}
