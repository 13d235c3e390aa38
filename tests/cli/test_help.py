"""``dltrain help``: the overview, the topics, and what a verb says of itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import dltrain.cli.help
from dltrain.cli.main import VERBS
from tests.conftest import Call, Shown

FOLDER = Path(dltrain.cli.help.__file__).parent
TOPICS = sorted(file.stem for file in FOLDER.glob("*.md"))


def test_the_overview_lists_verbs_and_topics_within_80_columns(call: Call) -> None:
    shown = call("help")
    assert call("--help") == shown
    lines = shown.out.splitlines()
    assert max(map(len, lines)) <= 80
    listed = [line.split()[0] for line in lines if line.startswith("  ") and line[2:3].strip()]
    assert set(listed) >= {*VERBS, *TOPICS}


def test_each_topic_is_listed_with_its_first_line(call: Call) -> None:
    overview = call("help").out
    for topic in TOPICS:
        first = (FOLDER / f"{topic}.md").read_text(encoding="utf-8").partition("\n")[0]
        name, _, says = first.removeprefix("# ").partition(": ")
        assert (name, f"  {topic:<18}  {says}\n" in overview) == (topic, True)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_in_a_pipe_is_its_markdown(topic: str, call: Call) -> None:
    text = (FOLDER / f"{topic}.md").read_text(encoding="utf-8")
    assert call("help", topic) == Shown(0, text, "")


def test_a_verb_that_is_no_topic_says_what_it_says_of_itself(call: Call) -> None:
    assert call("help", "evaluate") == call("evaluate", "--help")
    assert call("help", "runs", "plot") == call("runs", "plot", "--help")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ["sweps"],
            "help sweps: no such topic; did you mean sweeps? (there are: cells, config, data, ",
        ),
        (
            ["evalute"],
            "help evalute: no such topic; did you mean evaluate? (there are: cells, config, ",
        ),
        (["sweeps", "data"], "help sweeps data: no such topic; did you mean sweeps? (there are: "),
        (["zzz"], "help zzz: no such topic (there are: cells, config, data, "),
        (["--all"], "--all: unknown flag"),
    ],
)
def test_what_is_no_topic_is_refused(words: list[str], complaint: str, call: Call) -> None:
    shown = call("help", *words)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith(f"dltrain: error: {complaint}")
    assert shown.err.count("\n") == 1


def test_a_topic_needs_neither_torch_nor_rich_in_vain() -> None:
    script = (
        "import sys; from dltrain.cli.main import run; run(['help', 'sweeps']); "
        "print(*sys.modules, file=sys.stderr)"
    )
    environment = {**os.environ, "FORCE_COLOR": "1"}  # as on a terminal
    line = [sys.executable, "-c", script]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
    assert not {"torch", "pandas", "pyarrow", "hydra", "omegaconf"} & set(done.stderr.split())
