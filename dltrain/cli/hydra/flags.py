"""``--info``, ``--cfg hydra``, ``--shell-completion``: what only informs is left to Hydra.

It is left to it once nothing is wrong with it: what Hydra refuses, it refuses in many lines.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from argparse import Namespace
from collections.abc import Sequence

import hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.main import VERBS
from dltrain.config.compose import CONF, Sources
from dltrain.config.hydra_source import check_files
from dltrain.config.kinds import FOLDERS
from dltrain.config.load import compose_run
from dltrain.config.overrides import Overrides
from dltrain.config.resolve import resolve
from dltrain.runs.command_line import config_flags
from dltrain.system.shell import as_value
from dltrain.text import clipped, escaped_lines

USAGE = "dltrain [OVERRIDE ...] --info [WHAT] | --cfg job|hydra|all | -sc install=bash"
INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
SHELLS = ("bash", "zsh", "fish")


def main(words: Sequence[str]) -> None:
    """Hand the command line to Hydra, with dltrain's configs."""
    if "COMP_LINE" in os.environ and any("query" in word for word in words):
        _complete_verbs()
    sys.argv = ["dltrain", *_checked(words)]
    check_files()
    printed, errors = io.StringIO(), io.StringIO()
    try:
        # Hydra meets a failing stream with a traceback, and prints what it reads as it is.
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
            hydra.main(config_path=str(CONF.resolve()), config_name="config", version_base="1.3")(
                _nothing
            )()
    finally:
        for text, stream in ((errors.getvalue(), sys.stderr), (printed.getvalue(), sys.stdout)):
            end = "\n" if text.endswith("\n") else ""  # a completion ends without
            stream.write("\n".join(escaped_lines(text)) + end if text else "")


def _nothing(config: object) -> None:
    """Train nothing: these flags only inform."""


def _checked(words: Sequence[str]) -> list[str]:
    """Return the words for Hydra, flags first, as it wants them."""
    parser = Parser("train", __doc__ or "", USAGE).composing()
    parser.add_argument("--info", "-i", nargs="?", const="all", choices=INFO)
    parser.add_argument("--cfg", "-c", choices=["job", "hydra", "all"])
    parser.add_argument("--shell-completion", "-sc", action="store_true")
    parser.add_argument("--resolve", action="store_true")
    parser.add_argument("--package", "-p")
    arguments = parser.read(words)
    named = {"--info": arguments.info, "--cfg": arguments.cfg}
    asked = [flag for flag, value in named.items() if value]
    asked += ["--shell-completion"] if arguments.shell_completion else []
    if len(asked) > 1:
        raise UsageError([f"{' and '.join(asked)}: ask for one at a time"])
    if arguments.shell_completion:
        return ["--shell-completion", *_shell(arguments.overrides.words)]
    for flag, value in (("--resolve", arguments.resolve), ("--package", arguments.package)):
        if value and not arguments.cfg:
            raise UsageError([f"{flag}: belongs to --cfg; leave it out"])
    refuse_unusable(arguments.overrides, arguments)
    flags = [asked[0], str(named[asked[0]])]
    flags += ["--resolve"] if arguments.resolve else []
    flags += ["--package", arguments.package] if arguments.package else []
    flags += config_flags(arguments.config_dir, arguments.config_name)
    beside = [f"hydra.searchpath={as_value([f'file://{folder}' for folder in FOLDERS])}"]
    return [*flags, *arguments.overrides.words, *(beside if FOLDERS else [])]


def _shell(overrides: Sequence[str]) -> Sequence[str]:
    actions = ["install", "uninstall", *(["query"] if "COMP_LINE" in os.environ else [])]
    if len(overrides) != 1 or overrides[0] not in [f"{a}={s}" for a in actions for s in SHELLS]:
        shells = ", ".join(SHELLS[1:])
        raise UsageError(
            [f"--shell-completion: needs install=bash or uninstall=bash (or of {shells})"]
        )
    return overrides


def refuse_unusable(overrides: Overrides, arguments: Namespace) -> None:
    """Refuse words that Hydra cannot compose; what is left out need not be there to inform."""
    with refusing():
        sources = Sources.of(arguments.config_dir, arguments.config_name)
        resolved = resolve(overrides, sources.groups)
        _, problems = compose_run(resolved, sources, fitting=False)
    lines = [line for line in problems if line in resolved.problems or "(command line)" in line]
    for word in overrides.words:
        try:
            OverridesParser.create().parse_override(word)
        except (HydraException, ValueError) as error:
            lines.append(f"{clipped(word)}: Hydra cannot read it ({' '.join(str(error).split())})")
    if lines:
        raise UsageError(list(dict.fromkeys(lines)))


def _complete_verbs() -> None:
    """Offer the verbs for the first word; Hydra, which knows none, completes what follows one."""
    line = os.environ["COMP_LINE"]
    program, _, rest = line.partition(" ")
    first, blank, after = rest.lstrip().partition(" ")
    if not blank and "=" not in first:
        sys.stdout.write(" ".join(verb for verb in VERBS if verb.startswith(first)) + " ")
    elif first in VERBS:
        os.environ["COMP_LINE"] = f"{program} {after}"
