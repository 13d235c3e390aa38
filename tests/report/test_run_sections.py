"""What a page shows of a record: config, environment, commands."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from dltrain.config.resolve import read_value
from dltrain.runs.find import find
from dltrain.runs.record import read_record
from dltrain.runs.summary import result_lines
from dltrain.text import figure
from tests.conftest import Call, write_record
from tests.report.conftest import written
from tests.report.subjects import (
    MESSAGE,
    TABLE,
    block,
    facts_of,
    hostile,
    section,
    trained,
    write_table,
)


def test_the_config_marks_what_differs_from_the_defaults(call: Call, sweep: str) -> None:
    table = block(facts_of(written(call, f"{sweep}/1")), "config", "table")
    marked = {table["rows"][number][0]: table["rows"][number][1:] for number in table["marked"]}
    assert marked["data.num_train"] == ["96", "1000"]
    assert marked["seed"] == ["1", "0"]
    assert "data.noise" not in marked


def test_the_commands_repeat_a_run_and_never_say_more_than_dltrain(call: Call, here: Path) -> None:
    hostile(here)
    facts = facts_of(written(call, "latest"))
    lines = [command for _, command in block(facts, "commands", "commands")["rows"]]
    assert all(line.startswith("dltrain ") for line in lines)
    assert lines[0] == (  # what the config says: the seed that is said to be typed is none
        "dltrain data=csv model=softmax optimizer=sgd data.path=hostile.csv data.target=y "
        "data.test_fraction=0.25 trainer.epochs=3 device.type=cpu"
    )


@pytest.mark.parametrize(
    ("group", "key", "value", "sayable"),
    [
        ("data", "target", f"'; touch x; {MESSAGE[:-1]}$(touch x)", True),
        ("data", "target", MESSAGE, False),
        ("data", "target", "a\nb", False),
        ("optimizer", "lr", MESSAGE[:-1], False),
        ("trainer", "epochs", "3; touch x", False),
    ],
)
def test_what_a_stranger_has_configured_is_one_word_of_a_command_or_none(
    group: str, key: str, value: str, sayable: bool, call: Call, here: Path
) -> None:
    run = hostile(here)
    record = here / "outputs" / run / "run.json"
    info = read_record(record)
    info["config"][group][key] = value
    write_record(record, info)
    facts = facts_of(written(call, "latest"))
    lines = [command for _, command in block(facts, "commands", "commands")["rows"]]
    assert all(line.isprintable() for line in lines)
    program, *words = shlex.split(lines[0])
    assert program == "dltrain"
    if sayable:
        [word] = [word for word in words if word.startswith(f"{group}.{key}=")]
        assert read_value(word.partition("=")[2]).parsed == value
    else:
        assert words == ["rerun", run[-4:]]


def test_the_page_says_of_a_result_what_its_record_does(call: Call, here: Path) -> None:
    write_table(here / "table.csv")
    trained(here, "model=linear", "data.path=table.csv", *TABLE)
    run = find("latest", Path("outputs"))
    facts = facts_of(written(call, "latest"))
    rows = block(facts, "results", "pairs")["rows"]
    lines = [list(line) for line in result_lines(run)]
    assert rows[: len(lines)] == lines
    assert {"test", "baseline"} <= {name for name, _ in lines}
    low, high = run.part("result", "intervals", "test/rmse")
    [note] = [note for name, _, note in facts["figures"] if name == "test/rmse"]
    assert note.endswith(f", 95 % over rows: [{figure(low)}, {figure(high)}]")


def test_the_page_of_a_sweep_has_the_remarks_of_its_best_member(sweep: str, call: Call) -> None:
    facts = facts_of(written(call, sweep))
    [best] = section(facts, "best")
    number = read_record(next(Path("outputs").glob(f"*{sweep}")) / "sweep.json")
    run = find(f"{sweep}/{number['result']['best']['member']}", Path("outputs"))
    assert best["rows"] == [list(line) for line in result_lines(run)]
