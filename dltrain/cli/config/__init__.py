"""Show what a run would be trained with, and where each value comes from.

  dltrain config show model=mlp                 the composed values
  dltrain config show --describe                every key: value, unit, bounds, meaning
  dltrain config why optimizer.lr model=mlp     where a value came from, and what the key means
  dltrain config why model                      which choice holds, and which there are
  dltrain config diff model=mlp seed=1          what differs from the defaults
  dltrain config diff RUN                       how a run differs from its choices' defaults
  dltrain config diff RUN RUN                   how the configs of two runs differ

RUN is an id, a unique prefix, its last four characters, a path, latest, or @1 (row of the list);
a sweep's member is SWEEP/12. dltrain config ACTION --help tells more.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from dltrain.cli.arguments import Parser, UsageError
from dltrain.text import clipped, closest

USAGE = "dltrain config [show|why KEY|diff] [OVERRIDE ...]"
# Each is a module of this package, imported when it is called.
ACTIONS = ("show", "why", "diff")
_FLAGS_WITH_VALUE = ("--config-dir", "--config-name")


def main(words: Sequence[str]) -> None:
    """Carry out an action; without one, show."""
    if words[:1] in (["--help"], ["-h"]):
        Parser("config", __doc__ or "", USAGE).parse_args(["--help"])
    befores = ["", *words]
    plain = [
        index
        for index, word in enumerate(words)
        if not word.startswith("-") and befores[index] not in _FLAGS_WITH_VALUE
    ]
    action, rest = "show", list(words)
    if plain and "=" not in words[plain[0]]:
        action = rest.pop(plain[0])
    if action not in ACTIONS:
        known = ", ".join(ACTIONS)
        raise UsageError(
            [f"config {clipped(action)}: unknown{closest(action, ACTIONS)} (there are: {known})"]
        )
    importlib.import_module(f"dltrain.cli.config.{action}").main(rest)
