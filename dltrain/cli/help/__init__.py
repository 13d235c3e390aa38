"""Print what there is to know: an overview, or one topic.

  dltrain help                verbs, topics, groups and flags, in one overview
  dltrain help sweeps         a topic: on a terminal set for its width, in a pipe as Markdown
  dltrain help evaluate       what a verb says of itself, as dltrain evaluate --help

Topics are the Markdown files of this folder; the overview has their first line, "# name: what it
says". Nothing is composed, and torch is not imported.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from dltrain.cli.arguments import Parser, UsageError
from dltrain.cli.main import VERBS, dispatch
from dltrain.text import clipped, closest

WIDTH = 80
OVERVIEW = """\
dltrain trains models from the shell and keeps every run.

  dltrain                                   linear regression on synthetic data
  dltrain model=softmax data=fashion_mnist  pictures of clothes, in some seconds
  dltrain -m optimizer.lr=0.01,0.03,0.1     a sweep: all of them trained at once
  dltrain runs                              what was trained

usage: dltrain [VERB] [GROUP=CHOICE ...] [KEY=VALUE ...] [FLAGS]

verbs (dltrain VERB --help tells more)
{verbs}

topics (dltrain help TOPIC)
{topics}

groups
{groups}

flags
  -m, --multirun      sweep: every combination of values (dltrain -m --help)
  -m --dry-run        print the sweep's plan and start nothing
  -m --resume SWEEP   train what is missing of a sweep (also: resume SWEEP)
  --cfg job           print the composed config, train nothing (or: hydra, all)
  --resolve           with --cfg: resolve interpolations
  --config-dir DIR    add a folder of configs of your own
  --config-name NAME  another primary config
  --info              how the config was put together (Hydra)
  -sc install=bash    shell completion (also: zsh, fish)
  --version           print the version

Every key, its unit and its bounds: dltrain config show --describe
A value is what it says: ${{...}} is refused, "$NAME" is filled in by the shell.
"""


def main(words: Sequence[str]) -> None:
    """Print the overview; or a topic; or what a verb says of itself."""
    parser = Parser("help", __doc__ or "", "dltrain help [TOPIC | VERB]")
    parser.add_argument("words", nargs="*", metavar="TOPIC", help="such as sweeps; or a verb")
    names = parser.read(words).words
    topics = _topics()
    if not names:
        sys.stdout.write(_overview())
    elif names[0] in topics and len(names) == 1:
        from dltrain.cli.terminal.markdown import show_markdown

        show_markdown(topics[names[0]].read_text(encoding="utf-8"))
    elif names[0] in VERBS:
        dispatch([*names, "--help"])
    else:
        hint = closest(names[0], [*topics, *VERBS])
        line = f"help {clipped(' '.join(names))}: no such topic{hint} "
        raise UsageError([f"{line}(there are: {', '.join(topics)})"])


def _topics() -> dict[str, Path]:
    return {file.stem: file for file in sorted(Path(__file__).parent.glob("*.md"))}


def _overview() -> str:
    from dltrain.config.compose import CONF, groups

    heads = {
        name: file.read_text(encoding="utf-8").partition("\n")[0].partition(": ")[2]
        for name, file in _topics().items()
    }
    choices = {name: ", ".join(options) for name, options in groups([CONF]).items()}
    return OVERVIEW.format(verbs=_listed(VERBS), topics=_listed(heads), groups=_listed(choices))


def _listed(entries: Mapping[str, str]) -> str:
    return "\n".join(
        textwrap.fill(
            f"{name:<18}  {text}",
            WIDTH,
            initial_indent="  ",
            subsequent_indent=" " * 22,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for name, text in entries.items()
    )
