"""dltrain config: what is told, why, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from dltrain.cli.config.why import allowed
from dltrain.config.compose import CONF, compose_groups
from dltrain.config.knob import Knob, knobs
from dltrain.config.schema import Expectation, SweepConfig
from dltrain.config.validate import known_keys
from dltrain.runs.find import list_runs
from tests.conftest import Call, write_record

SMALL = ("data.num_train=96", "data.num_val=32", "trainer.batch_size=16", "trainer.epochs=1")


def table(text: str) -> list[list[str]]:
    """Take the lines of a table of a pipe apart."""
    return [[cell for cell in line.split("  ") if cell] for line in text.splitlines()]


def stripped(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[cell.strip() for cell in row] for row in rows]


def shown(call: Call, *words: str) -> str:
    found = call("config", *words)
    assert (found.code, found.err) == (0, ""), found
    return found.out


# Why.


def test_a_value_is_followed_from_the_defaults_to_the_command_line(call: Call) -> None:
    words = ("optimizer.lr", "experiment=book/mlp", "optimizer.lr=0.3")
    out = shown(call, "why", *words)
    assert stripped(table(out)) == [
        ["optimizer.lr=0.3"],
        [],
        ["value", "set by", "where"],
        ["0.1", "optimizer=sgd", f"{CONF}/optimizer/sgd.yaml:3"],
        ["0.1", "experiment=book/mlp", f"{CONF}/experiment/book/mlp.yaml:25"],
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
    choices = ("synthetic", "csv", "fashion_mnist")
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


# Differences.


def test_overrides_differ_from_the_defaults(call: Call) -> None:
    rows = stripped(table(shown(call, "diff", "optimizer.lr=0.3", "model=mlp", "output_dir=x")))
    assert rows[0] == ["key", "default", "value"]
    assert ["optimizer.lr", "0.1", "0.3"] in rows
    assert ["model.kind", "linear", "mlp"] in rows
    assert ["model.hidden", "-", "[256]"] in rows
    assert shown(call, "diff") == "nothing differs from the defaults\n"
    assert shown(call, "diff", "seed=0") == "nothing differs from the defaults\n"


def test_a_run_differs_from_the_defaults_of_its_choices(here: Path, call: Call) -> None:
    assert call("model=mlp", "model.hidden=[8]", *SMALL).code == 0
    [run] = list_runs(here / "outputs")
    rows = stripped(table(shown(call, "diff", run.short)))
    assert rows[0] == ["key", "default", run.short]
    assert rows[1:] == [
        ["data.num_train", "1000", "96"],
        ["data.num_val", "1000", "32"],
        ["trainer.epochs", "10", "1"],
        ["trainer.batch_size", "32", "16"],
        ["model.hidden", "[256]", "[8]"],
    ]
    assert call("output_dir=other").code == 0
    assert "of its choices" in shown(call, "diff", "latest", "output_dir=other")


def test_two_runs_differ_in_what_they_were_told(here: Path, call: Call) -> None:
    assert call(*SMALL).code == 0
    assert call("-m", *SMALL, "optimizer=sgd,adam", "optimizer.lr=0.1").code == 0
    sweep, run = sorted(list_runs(here / "outputs"), key=lambda run: not run.is_sweep)
    rows = stripped(table(shown(call, "diff", run.short, f"{sweep.short}/1")))
    assert rows[0] == ["key", run.short, f"{sweep.short}/1"]
    assert ["optimizer.kind", "sgd", "adam"] in rows
    assert ["optimizer.momentum", "0", "-"] in rows
    assert ["optimizer.betas", "-", "[0.9,0.999]"] in rows
    same = shown(call, "diff", run.short, f"{sweep.short}/0")
    assert same == "nothing differs from one run to the other\n"
    for words, says in (
        ([sweep.short], f"{sweep.short}: is a sweep; name a member of it"),
        ([run.short] * 3, "config diff: two runs at a time"),
    ):
        found = call("config", "diff", *words)
        assert found.code == 2
        assert says in found.err


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (None, "its record holds no config"),
        ([1], "its record holds no config"),
        ({"model": {"kind": "\x1b[31m"}, "data": 5}, r"\x1b[31m"),
        ({"seed": {"a": {"b": 1}}}, "seed.a.b"),
    ],
)
def test_a_strangers_config_is_shown_and_not_obeyed(
    config: object, says: str, here: Path, call: Call
) -> None:
    folder = here / "outputs" / "2026-11-23_03-56-40_x_k3f9"
    folder.mkdir(parents=True)
    write_record(folder / "run.json", {"status": "done", "config": config})
    found = call("config", "diff", "k3f9")
    assert says in found.out + found.err
    assert "\x1b" not in found.out + found.err
    assert found.code == (0 if isinstance(config, dict) else 2)
