"""Text from outside is shown, not obeyed: by every verb that prints, and in files people read."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dltrain.cli.terminal.console import safe
from dltrain.config.load import load
from dltrain.config.plain import to_yaml
from dltrain.runs import recorder
from dltrain.runs.record import first_info, read_record
from dltrain.text import escaped, escaped_lines, obeyed
from tests.conftest import Call, Shown, write_record
from tests.terminals import on_terminal

pytestmark = pytest.mark.proof

# Colours, a title, markup of rich's, a smiley's name, forged lines, text turned round.
NASTY = [
    *("\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b31mred", "back\x08\x08\x08", "over\rwritten"),
    *("[/x]", "[red]a[/red]", "[link=https://x.y]l[/link]", ":warning:", "\\[bold]", "{0}%s${x}"),
    *("a\nforged", "next\x85line", "line\u2028line", "\u202eturned", "\u2066kept\u2069", "\x7f"),
    *(
        "soft\u00adhyphen",
        "zero\u200bwidth",
        "\ufeffmark",
        "\u061cletter",
        "tab\tbed",
        "x" * 10_000,
    ),
]
# What no output may hold; a pipe's not even the codes that rich writes itself.
OBEYED = r"[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
# What rich may write to a terminal: colours of a row, and what a bar needs.
OF_RICH = r"\x1b\[(\?25[lh]|2K|1A|[0-9;]*m)"


def harmless(shown: Shown, *, code: int = 0) -> str:
    """Return all that was printed, after making sure that a terminal would only show it."""
    text = shown.out + shown.err
    assert shown.code == code, text
    assert not re.search(OBEYED, text), ascii(text)
    assert "internal error" not in text
    return text


def has(text: str, foreign: str) -> bool:
    """Whether a foreign text, or the start of a long one, is there in escaped form."""
    return escaped(foreign)[:200] in text


# What is made harmless, and how.


@given(st.text(alphabet=st.characters(), max_size=40), st.integers(1, 50))
def test_safe_text_is_printable_bounded_and_the_same_again(text: str, limit: int) -> None:
    shown = safe(text, limit=limit)
    assert not re.search(OBEYED, shown)
    assert not any(unicodedata.category(each)[0] == "C" for each in shown)
    assert len(shown) <= len("\\U00000000") * limit + 3
    assert safe(shown) == shown
    shown.encode()


@given(st.text(alphabet=st.characters(), max_size=40))
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    plain = "".join(each for each in text if not obeyed(each))
    assert escaped(plain) == plain
    assert (escaped(text) == text) is (plain == text)


@given(st.text(alphabet=st.characters(), max_size=40))
def test_a_text_has_as_many_lines_as_newlines_end_them(text: str) -> None:
    lines = escaped_lines(f"{text}\n")
    assert len(lines) == text.count("\n") + 1
    assert not re.search(OBEYED, "".join(lines))


def test_a_log_holds_nothing_that_is_obeyed_and_its_tracebacks_can_be_read(tmp_path: Path) -> None:
    info = first_info(command=[], overrides=[])
    run = recorder.Recorder(tmp_path, info=info, documents={}, columns=["epoch"])
    trace = 'Traceback:\n  File "x.py", line 1\n\traise ValueError\nValueError: '
    run.log(trace + "".join(NASTY[:-1]))
    text = (tmp_path / "train.log").read_text()
    assert not re.search(OBEYED, text)
    lines = [line[20:] for line in text.splitlines()]
    assert lines[:3] == ["Traceback:", '  File "x.py", line 1', "        raise ValueError"]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", line) for line in text.splitlines())
    assert len(lines) == 5  # one of the texts has a newline


@pytest.mark.parametrize("text", [*NASTY, "ünïcode 中文"], ids=lambda text: ascii(text[:12]))
def test_a_config_is_harmless_and_reads_back_as_it_was(text: str) -> None:
    run = load(["data=house_tiny"])
    object.__setattr__(run, "output_dir", text)  # as no command line can: read back, it is the same
    written = to_yaml(run)
    assert not re.search(OBEYED, written)
    assert yaml.safe_load(written)["output_dir"] == text
    assert ("ünïcode 中文" in written) is (text == "ünïcode 中文")


# A table whose every text is hostile.


@pytest.fixture
def table(here: Path) -> Path:
    """Write a table: a column and a class named by each text, and texts for cells."""
    path = here / "[red]t[x].csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([*NASTY, "text\x1b[2J", "target\u202e[/x]"])
        for number in range(4 * len(NASTY)):
            numbers = [number * (column + 1) % 7 for column in range(len(NASTY))]
            rows.writerow([*numbers, NASTY[number % 5], NASTY[number % len(NASTY)]])
    return path


def words(table: Path) -> list[str]:
    return ["data=csv", f'data.path="{table.name}"', 'data.target="target\u202e[/x]"']


def test_a_hostile_table_is_looked_at_and_trained_on(here: Path, table: Path, call: Call) -> None:
    told = words(table)
    text = harmless(call("data", *told, "--rows=3"))
    assert [name for name in NASTY if not has(text, name)] == []
    text = harmless(call("model=softmax", *told, "trainer.epochs=2"))
    assert "val/loss" in text
    shown = harmless(call("runs", "show", "latest"))
    assert "target\\u202e[/x]" in shown
    harmless(call("model", "show", "model=softmax", *told))
    harmless(call("config", "show", *told))
    harmless(call("--cfg", "job", *told))
    harmless(call("runs"))
    harmless(call("-m", "--dry-run", "model=softmax", *told, "optimizer.lr=1,2"))
    for name in ("train.log", "config.yaml"):
        [file] = here.glob(f"outputs/*/{name}")
        assert not re.search(OBEYED, file.read_text())


def test_a_terminal_shows_a_hostile_table_in_the_colours_of_any_other(
    here: Path, table: Path
) -> None:
    shown = on_terminal("data", *words(table), folder=here, env={"TERM": "xterm", "COLUMNS": "200"})
    assert shown.code == 0
    plain = re.sub(OF_RICH, "", shown.out).replace("\r\n", "\n")
    assert not re.search(OBEYED, plain), ascii(plain)
    assert "\x1b[31m" not in shown.out
    assert "\x1b[2J" not in shown.out
    assert all(text in plain for text in ("[/x]", "[red]a[/red]", ":warning:"))


@pytest.mark.parametrize("text", NASTY, ids=lambda text: ascii(text[:12]))
def test_a_refusal_names_foreign_text_harmlessly(here: Path, text: str, call: Call) -> None:
    (here / "t.csv").write_text('a,b\n1,2\n3,"' + text.replace('"', '""') + '"\n4,5\n')
    commands = [
        ["data", "data=csv", "data.path=t.csv", f"data.target={text}"],
        [f"model={text}"],
        [f"{text}=1"],
        [f"optimizer.lr={text}"],
        ["runs", "show", text],
        ["runs", "show", f"{text}/{text}/0"],
        ["runs", f"output_dir={text}/no"],
        [text],
        [f"--{text}"],
        ["--config-dir", text],
        ["-m", f"optimizer.lr=1,{text}"],
        ["-m", "--resume", text],
    ]
    for command in commands:
        shown = call(*command)
        assert shown.code in (0, 2), command
        harmless(shown, code=shown.code)
        assert all(line.startswith("dltrain: error: ") for line in shown.err.splitlines())


# A stranger's runs.


def poisoned(value: Any, texts: list[str]) -> Any:
    """Put foreign text wherever a record has text, and names of a record besides its own."""
    if isinstance(value, str):
        texts.append(texts.pop(0))
        return texts[-1]
    if isinstance(value, list):
        return [poisoned(entry, texts) for entry in (value or ["x", "y"])]
    if isinstance(value, dict):
        more = {name: name for name in NASTY[:-1]} if value else {}
        return {key: poisoned(entry, texts) for key, entry in value.items()} | more
    return value


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Train a run, for its record."""
    folder = tmp_path_factory.mktemp("records")
    line = ["experiment=book/house_tiny", f"output_dir={folder}"]
    from dltrain.cli.main import run

    assert run(line) == 0
    [file] = folder.glob("*/run.json")
    record = read_record(file)
    assert record["result"]["kept"]
    return record


@pytest.fixture
def strangers(here: Path, records: dict[str, Any]) -> Path:
    """Lay out runs and a sweep with hostile names and records."""
    outputs = here / "outputs"
    (outputs / "2026-01-01_sweep_\x1b[31m" / "members").mkdir(parents=True)
    for number, text in enumerate(NASTY[:-1]):
        name = text.replace("/", "\u2215")
        folder = outputs / f"2026-02-{number + 1:02}_[red]{name}_{number:02}{name}"
        member = outputs / "2026-01-01_sweep_\x1b[31m" / "members" / f"{number:04}"
        for place in (folder, member):
            place.mkdir()
            texts = [*NASTY[number:], *NASTY[:number]]
            record = poisoned(records, texts) | {"pid": 1, "host": text}
            record["result"]["best"] = {"metric": text, "value": text, "epoch": text}
            record["result"]["message"] = text
            record["result"]["kept"] = {"test/rmse": text}
            record["result"]["findings"] = dict.fromkeys([*NASTY, "w_error"], 1.5)
            record["overrides"] = [f"{key}={text}" for key in NASTY[:3]]
            record["data"]["rows"] = {text: 3, "train": text}
            write_record(place / "run.json", record)
            (place / name).touch()
            cells = ",".join(re.sub("[,\n]", "", each) for each in NASTY[:-1])
            (place / "metrics.csv").write_text(f"{cells}\n{cells}\n{cells}\n")
    record = poisoned(records, list(NASTY)) | {"varying": NASTY[:3], "members": 30}
    record["counts"] = dict.fromkeys(NASTY[:-1], 1)
    sweep = outputs / "2026-01-01_sweep_\x1b[31m"
    write_record(sweep / "sweep.json", record | {"metric": NASTY[0]})
    (sweep / "plan.jsonl").write_text("".join(f"{json.dumps(text)}\n" for text in NASTY))
    return outputs


def test_a_strangers_runs_are_listed_and_shown_harmlessly(strangers: Path, call: Call) -> None:
    count = len(NASTY) - 1
    listed = harmless(call("runs"))
    assert len(listed.splitlines()) == count + 2, "a line was forged"
    assert [text for text in NASTY[:-1] if not has(listed, text.replace("/", "\u2215"))] == []
    for row in range(1, count + 1):
        shown = harmless(call("runs", "show", f"@{row}"))
        text = NASTY[count - row]
        assert re.search(f"^message +{re.escape(escaped(text))}$", shown, re.MULTILINE)
        assert "of a weight at most 1.5 against the truth" in shown


def test_a_strangers_sweep_is_listed_and_shown_harmlessly(strangers: Path, call: Call) -> None:
    sweep = f"@{len(NASTY)}"
    shown = harmless(call("runs", "show", sweep))
    listed = harmless(call("runs", "ls", sweep))
    assert [text for text in NASTY[:3] if not has(listed, text) or not has(shown, text)] == []
    assert len(listed.splitlines()) == len(NASTY) + 1, "a line was forged"
    harmless(call("runs", "show", f"{sweep}/3"))
    harmless(call("runs", "show", "2026"), code=2)
    harmless(call("runs", "show", "2026-02-01_[rad]"), code=2)
    harmless(call("-m", "--resume", sweep), code=2)


def test_a_folder_of_strange_configs_is_refused_harmlessly(here: Path, call: Call) -> None:
    group = here / "mine" / "model"
    group.mkdir(parents=True)
    for number, text in enumerate(NASTY[:-1]):
        entries = {"kind": text, text: text, "init": [text]}
        (group / f"m{number}.yaml").write_text(yaml.safe_dump(entries, allow_unicode=True))
        harmless(call("--config-dir", "mine", f"model=m{number}"), code=2)
        if number < 3:  # what Hydra itself prints of it
            shown = call("--config-dir", "mine", f"model=m{number}", "--cfg", "hydra")
            harmless(shown, code=shown.code)
    (group / "broken\x1b[31m[x].yaml").write_text("a: [\x1b[31m\n\u202e: {")
    shown = call("--config-dir", "mine", "model=sofmax")
    harmless(shown, code=2)
