"""The list of runs: what it shows, sorted, filtered, as a table or as JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dltrain.runs.find import find
from tests.cli.conftest import rows_of, runs_of
from tests.conftest import Call, write_record


def test_the_list_shows_what_tells_runs_apart(there: Path, call: Call) -> None:
    newest, house, sweep = runs_of(there)
    head, *lines, note = call("runs").out.splitlines()
    assert note == "-: null, no key of that run, or not typed for that sweep"
    assert re.split(r"\s{2,}", head.strip())[:6] == [
        *("id", "status", "age", "duration", "data", "model"),
    ]
    assert {"optimizer.lr", "trainer.epochs", "experiment"} <= set(head.split())
    assert "data.noise" not in head  # nobody typed it
    assert [line.split()[:2] for line in lines] == [
        ["@1", newest.short],
        ["@2", house.short],
        ["@3", sweep.short],
    ]
    assert "done 4/6" in lines[2]


def test_members_of_sweeps_get_rows_of_their_own(there: Path, call: Call) -> None:
    rows = rows_of(call("runs", "--all", "--csv"))
    assert len(rows) == 8
    assert sum("_sweep_" in row["id"] for row in rows) == 6
    assert {row["optimizer.lr"] for row in rows if "_sweep_" in row["id"]} == {
        *("0.01", "0.1", "1e+30"),
    }


@pytest.mark.parametrize(
    ("key", "turned"), [("val/loss", False), ("-val/loss", True), ("optimizer.lr", False)]
)
def test_the_list_is_sorted_by_any_field(there: Path, call: Call, key: str, turned: bool) -> None:
    name = key.removeprefix("-")
    rows = rows_of(call("runs", "--all", f"--sort={key}", "--csv"))
    found = [float(row[name]) for row in rows if row[name]]
    assert found == sorted(found, reverse=turned)
    assert len(found) >= 5
    assert not any(row[name] for row in rows[len(found) :])  # those without it come last


def test_top_keeps_the_first(there: Path, call: Call) -> None:
    asked = ["runs", "--all", "--sort=val/loss", "--columns=id", "--csv"]
    assert rows_of(call(*asked, "--top=2")) == rows_of(call(*asked))[:2]


def test_a_filter_chooses_and_the_rows_keep_their_numbers(there: Path, call: Call) -> None:
    _, house, _ = runs_of(there)
    _, line = call("runs", "--where", "data == house_tiny").out.splitlines()
    assert line.split()[:2] == ["@2", house.short]
    assert find("@2", there / "outputs").id == house.id
    assert call("runs", "--where", "status == diverged").out == (
        "none of 3 fits; --all looks at members of sweeps, too\n"
    )
    found = rows_of(call("runs", "--all", "--where", "status == diverged", "--csv"))
    assert len(found) == 2


def test_columns_are_those_asked_for(there: Path, call: Call) -> None:
    rows = rows_of(call("runs", "--columns", "id,lr,val/loss", "--csv"))
    assert list(rows[0]) == ["id", "optimizer.lr", "val/loss"]
    assert rows[0]["optimizer.lr"] == "0.05"


def test_json_holds_every_field_as_it_is(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    found = json.loads(call("runs", "--json").out)
    assert found[0]["id"] == newest.id
    assert found[0]["optimizer.lr"] == 0.05
    assert found[0]["val/loss"] == newest.part("result", "kept", "val/loss")
    assert found[0]["data.w"] == [2.0, -3.4]


def test_markdown_is_a_table(there: Path, call: Call) -> None:
    head, rule, *lines = call("runs", "--md", "--columns", "id,status").out.splitlines()
    assert (head, rule) == ("| id | status |", "| --- | --- |")
    assert len(lines) == 3


def test_a_narrow_terminal_gets_fewer_columns_and_is_told_which_are_missing(there: Path) -> None:
    def shown(width: int) -> list[str]:
        line = [sys.executable, "-m", "dltrain", "runs"]
        environment = os.environ | {"COLUMNS": str(width)}
        result = subprocess.run(line, cwd=there, env=environment, capture_output=True, text=True)
        return result.stdout.splitlines()

    assert len(shown(400)) == 5
    head, *rows, _, missing = shown(100)
    assert len(rows) == 3  # each on one line
    assert {"id", "status", "result"} <= set(head.split())
    assert missing.startswith("no room for, but in --columns: duration")


def test_a_filter_knows_an_id_by_all_its_forms(here: Path, call: Call) -> None:
    long = {
        "2e34": "2026-11-27_10-00-00_linear-x_2e34",
        "0234": "2026-11-27_10-00-01_linear-x_0234",
        "4fhz/3": "2026-11-27_10-00-02_sweep_4fhz/0003",
    }
    sweep = here / "outputs/2026-11-27_10-00-02_sweep_4fhz"
    folders = [here / "outputs" / long[name] for name in ("2e34", "0234")]
    for folder in [*folders, sweep / "members/0003"]:
        folder.mkdir(parents=True)
        write_record(folder / "run.json", {"status": "done"})
    write_record(sweep / "sweep.json", {"status": "done"})
    for text, ids in [
        ("id == 2e34", ["2e34"]),
        ("id = 0234", ["0234"]),
        ("id == '2e34'", ["2e34"]),
        (f"id == {long['2e34']}", ["2e34"]),
        ("id == 4fhz/3", ["4fhz/3"]),
        ("id == 4fhz/4", []),
        (f"id == '{long['4fhz/3']}'", ["4fhz/3"]),
        ("id in (2e34, 4fhz/3)", ["2e34", "4fhz/3"]),
        ("id not in (2e34, 4fhz/3)", ["0234"]),
        ("id != 2e34 and id != 0234", ["4fhz/3"]),
        ("0234 == id", ["0234"]),
    ]:
        shown = call("runs", "--all", "--where", text, "--json", "--sort", "id")
        assert shown.err == ""
        assert [row["id"] for row in json.loads(shown.out)] == [long[name] for name in ids], text
