"""Modules of your own that add kinds to the table: which are loaded, and which a run needs.

A module is loaded if it is named on the command line that is typed now, ``plugins=[moons]``, or if
an installed package names it in its entry points, in the group ``dltrain.plugins``. What a config
file or a record says of plugins is compared with that, and never imported: neither may run code
that nobody asked for. A named module is looked for among what is installed, then in the folder
where the command is typed.
"""

from __future__ import annotations

import functools
import importlib
import os
import shlex
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from dltrain.config.kinds import TABLE
from dltrain.config.knob import knobs
from dltrain.config.schema import RunConfig

GROUP = "dltrain.plugins"
_LOADED: set[str] = set()


class PluginError(ValueError):
    """A module cannot be loaded; one line that says why."""


def load(names: Sequence[str]) -> None:
    """Import modules by name, so that they register their kinds.

    Raises:
        PluginError: If one is not there, fails, or registers nothing.
    """
    for name in names:
        if name not in _LOADED:
            here = os.getcwd()
            if here not in sys.path:
                sys.path.append(here)  # behind all that is installed, which it must not replace
            _import(name, f"plugins=[{name}]", where=f"in {here} or installed")
            _LOADED.add(name)


@functools.cache
def load_installed() -> None:
    """Import what installed packages name in their entry points, once."""
    for entry in entry_points(group=GROUP):
        if entry.module not in _LOADED:
            _import(entry.module, _described(entry), where="installed")
            _LOADED.add(entry.module)


def _described(entry: EntryPoint) -> str:
    package = entry.dist.name if entry.dist is not None else entry.name
    return f"{entry.module}, a plugin of the installed package {package}"


def are_names(names: object) -> bool:
    """Whether this is a list of modules' names, loaded or not."""
    knob = knobs(RunConfig)["plugins"][1]
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return texts and knob.problem(names) is None


def needed(names: Any) -> str:
    """Say what to type for a config or a record whose plugins are not all loaded; else nothing."""
    load_installed()
    absent = [name for name in names if name not in _LOADED] if are_names(names) else []
    if not absent:
        return ""
    word = shlex.quote(f"plugins=[{','.join(names)}]")
    are = "is" if len(absent) == 1 else "are"
    return f"{' and '.join(absent)} {are} not named on this command line; add {word}"


def _import(name: str, who: str, *, where: str) -> None:
    """Import a module and see that it adds a kind."""
    before = _classes()
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise PluginError(_failed(who, error)) from error
        raise PluginError(f"{who}: there is no module {error.name} {where}") from None
    except (Exception, SystemExit) as error:
        raise PluginError(_failed(who, error)) from error
    # It may have been imported before, by another one.
    package = name.partition(".")[0]
    if _classes() == before and package not in {cls.partition(".")[0] for cls in before}:
        file = getattr(module, "__file__", None) or name
        advice = "call dltrain.config.kinds.register in it, or name another module"
        raise PluginError(f"{who}: {file} registers no kind; {advice}")


def _classes() -> list[str]:
    """List the modules that the config classes of all kinds are from."""
    return [kind.config.__module__ for kinds in TABLE.values() for kind in kinds.values()]


def _failed(who: str, error: BaseException) -> str:
    """Say in one line why a module cannot be imported, and where that happened."""
    if isinstance(error, SyntaxError):
        location = f"{error.filename}:{error.lineno}"
    else:
        ours = f"{Path(__file__).parents[1]}{os.sep}"
        frames = [
            f"{frame.filename}:{frame.lineno}"
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.filename.startswith(("<frozen", ours))
        ]
        location = frames[-1]  # in the module itself: what it calls of dltrain's is no news
    text = " ".join(str(error).split())
    return f"{who}: cannot be imported ({location}: {type(error).__name__}: {text})"
