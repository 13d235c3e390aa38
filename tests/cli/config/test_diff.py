"""What differs from the defaults, or from run to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.runs.find import list_runs
from tests.cli.config.conftest import shown, stripped, table
from tests.conftest import Call, write_record

SMALL = ("data.num_train=96", "data.num_val=32", "trainer.batch_size=16", "trainer.epochs=1")


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
        ["trainer.epochs", "10", "1"],
        ["trainer.batch_size", "32", "16"],
        ["data.num_train", "1000", "96"],
        ["data.num_val", "1000", "32"],
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
        ([run.short, sweep.short], f"{sweep.short}: is a sweep, and {run.short} a single run"),
        ([run.short] * 3, "config diff: two runs at a time"),
    ):
        found = call("config", "diff", *words)
        assert found.code == 2
        assert says in found.err


def test_sweeps_differ_in_their_values_and_settings(here: Path, call: Call) -> None:
    for words in (
        ["optimizer.lr=0.1,0.2", "seed=0,1"],
        ["optimizer.lr=0.1,0.3", "seed=0,1", "sweep.workers=2"],
        ["optimizer.lr=0.1,0.2", "seed=0,1"],
    ):
        assert call("-m", *SMALL, *words).code == 0
    third, second, first = (run.short for run in list_runs(here / "outputs"))
    rows = stripped(table(shown(call, "diff", first, second)))
    assert rows[1:] == [["sweep.workers", "1", "2"], ["optimizer.lr", "[0.1,0.2]", "[0.1,0.3]"]]
    assert shown(call, "diff", first, third) == "nothing differs from one sweep to the other\n"
    alone = stripped(table(shown(call, "diff", second)))
    assert ["optimizer.lr", "0.1", "[0.1,0.3]"] in alone
    assert ["seed", "0", "[0,1]"] in alone


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
