"""README and the topics of ``dltrain help``: every command runs as it stands, in bash and in zsh.

A document is carried out from top to bottom in an empty folder: its blocks of ``sh``, ``bash``,
``zsh`` and ``python``. A block of ``text`` right below one shows lines of what it prints.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import dltrain.cli.help
from dltrain.cli.main import VERBS
from dltrain.config.compose import CONF, groups
from tests.conftest import Call
from tests.torture.forks import program

ROOT = Path(__file__).parents[1]
TOPICS = {file.stem: file for file in sorted(Path(dltrain.cli.help.__file__).parent.glob("*.md"))}
DOCUMENTS = {"README": ROOT / "README.md", **TOPICS}
# Of these the commands are forked from a server that has imported torch; README's is the real one.
FORKED = TOPICS
SHELLS = {"bash": ["bash", "--noprofile", "--norc"], "zsh": ["zsh", "-f"]}
# What of the documents cannot run here, and why.
LEFT_OUT = {
    r"^python3\.11 -m venv .* pip install \. && ": "installs; .ci/run does so",
    r"^python3\.11 -m venv .*\[dev\].*\n": "installs; .ci/run does so",
    r"^(pytest|ruff|mypy|python -m tests\.).*\n": "needs the checkout, and .ci/run or a person",
    r"^dltrain -m hydra/launcher=(submitit_local|ray) .*\n": "needs extras the tests do without",
}
# Before it, the prose; then its language, and its text.
FENCE = re.compile(r"^```(.*)\n((?s:.*?))^```$", re.M)
BEFORE_BLOCK = "== block "
REFUSAL = "dltrain: error: "


class Block(NamedTuple):
    """A fenced part of a document, and whether nothing stands between it and the last."""

    adjoins: bool
    language: str
    text: str


def blocks(name: str) -> list[Block]:
    """List the fenced parts of a document."""
    pieces = FENCE.split(DOCUMENTS[name].read_text(encoding="utf-8"))
    return [
        Block(not before.strip(), language, text)
        for before, language, text in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=False)
    ]


def prose(name: str) -> str:
    """Return a document without its fenced parts."""
    return "".join(FENCE.split(DOCUMENTS[name].read_text(encoding="utf-8"))[::3])


def script(name: str, shell: str) -> str:
    """Put a document's commands together, and the numbers of their blocks.

    Each must succeed, but for the last of a block below which a refusal is shown.
    """
    lines = ["set -e", "set -o pipefail", "exec 2>&1"]
    parts = blocks(name)
    for i, (_, language, text) in enumerate(parts):
        for pattern in LEFT_OUT:
            text = re.sub(pattern, "", text, count=0, flags=re.M)
        if parts[i + 1 :] and parts[i + 1].adjoins and parts[i + 1].text.startswith(REFUSAL):
            text = f"{text.rstrip()} || test $? -eq 2\n"
        lines.append(f"echo '{BEFORE_BLOCK}{i}'")
        lines += [text] if language in ("sh", shell) else []
        lines += [f"python - <<'PYTHON'\n{text}PYTHON"] if language == "python" else []
    return "\n".join(lines)


def outline(line: str) -> list[str]:
    """Return the words that a line begins with; its numbers and ids are another run's."""
    line = re.sub(r"(?<![a-z0-9])[a-z0-9]{4}(?![a-z0-9])", "ID", line)
    return re.sub(r"\d[\d.,e+-]*", "0", line).split()[:3]


@pytest.mark.proof
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_runs_and_shows_what_the_document_says(name: str, tmp_path: Path) -> None:
    own = (
        [tmp_path, Path(sys.executable).parent] if name in FORKED else [Path(sys.executable).parent]
    )
    path = os.pathsep.join([*map(str, own), os.environ["PATH"]])
    (tmp_path / "dltrain").write_text(f'#!/bin/sh\nexec {program()} "$@"\n')
    (tmp_path / "dltrain").chmod(0o755)
    environment = {**os.environ, "PATH": path, "HOME": str(tmp_path)}
    processes = {}
    for shell, line in SHELLS.items():
        if shutil.which(shell):
            (tmp_path / shell).mkdir()
            processes[shell] = subprocess.Popen(
                [*line, "-c", script(name, shell)],
                cwd=tmp_path / shell,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
    # Both at once, as much of their time is one core's.
    printed = {shell: process.communicate()[0] for shell, process in processes.items()}
    for shell, process in processes.items():
        assert process.returncode == 0, f"{shell}: {printed[shell][-2000:]}"
        shows_what_it_says(name, printed[shell])
    if set(SHELLS) - set(processes):
        pytest.skip(f"not installed: {', '.join(set(SHELLS) - set(processes))}")


def shows_what_it_says(name: str, printed: str) -> None:
    """Find each line of a block of text in what the block above it printed."""
    parts = re.split(f"^{BEFORE_BLOCK}\\d+\n", printed, flags=re.M)[1:]
    for i, block in enumerate(blocks(name)):
        if block.language == "text" and block.adjoins:
            there = [outline(line) for line in parts[i - 1].splitlines()]
            for line in block.text.splitlines():
                words = outline(line.partition("...")[0])
                assert not words or any(words == each[: len(words)] for each in there), line


def test_a_line_that_is_not_printed_is_noticed() -> None:
    shown = next(block.text for block in blocks("models") if block.language == "text")
    number = next(i for i, block in enumerate(blocks("models")) if block.language == "text") - 1
    before = "".join(f"{BEFORE_BLOCK}{i}\n" for i in range(number + 1))
    after = f"{BEFORE_BLOCK}{number + 1}\n"
    shows_what_it_says("models", f"{before}{shown}{after}")
    with pytest.raises(AssertionError, match="NumRooms"):
        shows_what_it_says("models", f"{before}something else\n{after}")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_can_be_pasted(name: str) -> None:
    for _, language, text in blocks(name):
        assert language in ("sh", "bash", "zsh", "python", "text")
        if language in SHELLS or language == "sh":
            # An interactive zsh takes a comment for words of the command.
            assert not re.search(r"(^|\s)#", text, re.M), text
        if language == "text":
            assert not re.search(r"^\$? ?(dltrain|pip|python) [^:]", text, re.M), text


EVERY_BLOCK = [block.text for name in DOCUMENTS for block in blocks(name)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_in_a_sentence_have_verbs_and_flags_that_there_are(name: str, call: Call) -> None:
    for command in re.findall(r"`dltrain\s([^`]*)`", prose(name)):
        words = [word for word in shlex.split(command.partition("|")[0]) if word != "..."]
        verb = [word for word in words[:2] if re.fullmatch("[a-z]+", word)]
        if verb[:1] == ["help"]:
            assert words[1:] in ([], ["TOPIC"]) or words[1] in TOPICS, command
        elif not re.search("[A-Z]{2}", command):  # with RUN, FILE, ... it is a pattern
            assert any(f"dltrain {command}\n" in text for text in EVERY_BLOCK), command
        if verb:
            assert verb[0] in VERBS, command
            shown = call(*verb[: 1 + (verb[0] in ("runs", "config"))], "--help").out
            flags = [word for word in words if word.startswith("--")]
            assert all(flag in shown for flag in flags if flag != "--help"), command


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", prose(name)):
        if not target.startswith("https://"):
            assert (DOCUMENTS[name].parent / target).exists(), target


def test_documents_are_short_and_readme_lists_the_topics() -> None:
    lengths = {name: len(file.read_text().splitlines()) for name, file in DOCUMENTS.items()}
    assert lengths.pop("README") < 160
    assert max(lengths.values()) <= 120
    for name, file in TOPICS.items():
        says = file.read_text(encoding="utf-8").partition("\n")[0].removeprefix(f"# {name}: ")
        assert f"| [{name}](dltrain/cli/help/{name}.md) | {says} |" in prose("README")


def test_the_topic_on_config_lists_every_group_and_its_choices() -> None:
    rows = re.findall(r"^\| `(\w+)=` \| (.*) \|$", prose("config"), re.M)
    listed = {group: sorted(re.findall("`([^`]+)`", text)) for group, text in rows}
    there = {group: sorted(options) for group, options in groups([CONF]).items()}
    assert listed == {group: there[group] for group in there if group != "sweep"}


def test_what_is_left_out_stands_in_a_document() -> None:
    for pattern in LEFT_OUT:
        assert any(re.search(pattern, text, re.M) for text in EVERY_BLOCK), pattern
