"""``--info``, ``--hydra-help``, ``--shell-completion``: what only informs is left to Hydra."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence

import hydra

from dltrain.cli.main import VERBS
from dltrain.compose import CONF
from dltrain.escapes import escaped_lines


def main(words: Sequence[str]) -> None:
    """Hand the command line to Hydra, with dltrain's configs."""
    if "COMP_LINE" in os.environ and any("query" in word for word in words):
        _complete_verbs()
    sys.argv = ["dltrain", *words]
    told, complained = io.StringIO(), io.StringIO()
    try:
        # Hydra meets a failing stream with a traceback, and prints what it reads as it is.
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(complained):
            hydra.main(config_path=str(CONF.resolve()), config_name="config", version_base="1.3")(
                _nothing
            )()
    finally:
        for text, stream in ((complained.getvalue(), sys.stderr), (told.getvalue(), sys.stdout)):
            end = "\n" if text.endswith("\n") else ""  # a completion ends without
            stream.write("\n".join(escaped_lines(text)) + end if text else "")


def _nothing(config: object) -> None:
    """Train nothing: these flags only inform."""


def _complete_verbs() -> None:
    """Offer the verbs for the first word; Hydra, which knows none, completes what follows one."""
    line = os.environ["COMP_LINE"]
    program, _, rest = line.partition(" ")
    first, blank, after = rest.lstrip().partition(" ")
    if not blank and "=" not in first:
        sys.stdout.write(" ".join(verb for verb in VERBS if verb.startswith(first)) + " ")
    elif first in VERBS:
        os.environ["COMP_LINE"] = f"{program} {after}"
