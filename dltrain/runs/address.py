"""Names of runs on a command line, relative to the current folder, and commands on runs."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dltrain.config.overrides import Overrides
from dltrain.runs.find import find
from dltrain.runs.run import Run
from dltrain.system.shell import below, command, shortest

# A name that a command line takes for nothing but a run.
_NAME = re.compile(r"(?!latest\Z)[^\W_][\w.-]*", re.ASCII)


def address(run: Run) -> list[str]:
    """Return the words that name a run: its short id, and the folder unless it is the usual one.

    Where its short id fits others too (a copy, a renamed folder), it is the folder's name, or its
    path.
    """
    whole = run.whole
    member = "" if run.sweep is None else f"/{run.short.rpartition('/')[2]}"
    folder = Path(os.path.abspath(whole.folder))
    for name in dict.fromkeys((whole.short, folder.name)):
        if _NAME.fullmatch(name) and _leads_to(name, folder):
            return [f"{name}{member}", *below(folder.parent)]
    path = shortest(folder)
    return [f"{path if os.path.isabs(path) else os.path.join('.', path)}{member}"]


def _leads_to(name: str, folder: Path) -> bool:
    try:
        run = find(name, folder.parent, readable=False)
    except ValueError:
        return False
    return os.path.abspath(run.folder) == str(folder)


def command_on(run: Run, *verb: str, more: tuple[str, ...] = ()) -> str:
    """Write a command on a run: ``dltrain runs show k3f9``."""
    name, *where = address(run)
    needs_kinds = verb[0] not in ("runs", "config") or verb[:2] == ("runs", "plot")
    plugins = Overrides.parse(run.texts("overrides")).only("plugins").words if needs_kinds else []
    return command(*verb, name, *more, *plugins, *where)
