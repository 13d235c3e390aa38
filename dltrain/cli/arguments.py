"""What all verbs share: how arguments are read and how a command is refused."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from dltrain.config.overrides import Overrides
from dltrain.runs.command_line import CommandLine
from dltrain.system.paths import expanded, problem_with
from dltrain.system.shell import OUTPUTS
from dltrain.text import clipped, closest

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class UsageError(Exception):
    """The command cannot be carried out; each line says what is wrong and what to do (exit 2)."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(lines)  # as it was called: it may come from another process
        self.lines = list(lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)


class EndedError(Exception):
    """Stop with this exit code and one line that says why."""

    def __init__(self, code: int, line: str) -> None:
        super().__init__(code, line)
        self.code, self.line = code, line

    def __str__(self) -> str:
        return self.line


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a ``ValueError``, which names what the user can mend, into a refusal."""
    try:
        yield
    except ValueError as error:
        raise UsageError(getattr(error, "lines", [str(error)])) from error


class _StoreOnce(argparse.Action):
    """Stores a value; a flag that is given another one is refused, for one would be dropped."""

    _before: tuple[str, object] | None = None

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Store the value of a flag, or what stands without one."""
        if option_string is not None and self._before is not None:
            flag, value = self._before
            raise UsageError(
                [
                    f"{flag}: is given twice, with {clipped(str(value))} and "
                    f"{clipped(str(values))}; keep one"
                ]
            )
        if option_string is not None:
            self._before = option_string, values
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """An argument parser that refuses in one line."""

    def __init__(self, verb: str, description: str, usage: str) -> None:
        super().__init__(
            prog="dltrain" if verb == "train" else f"dltrain {verb}",
            usage=usage,
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for name in (None, "store"):
            self.register("action", name, _StoreOnce)

    def error(self, message: str) -> NoReturn:
        """Refuse, and name the nearest flag."""
        unknown = message.removeprefix("unrecognized arguments: ").split()
        if message.startswith("unrecognized") and not unknown[0].startswith("-"):
            raise UsageError(
                [f"{clipped(unknown[0])}: unexpected argument; see {self.prog} --help"]
            )
        if message.startswith("unrecognized"):
            if unknown[0] in ("--dry-run", "--resume"):
                raise UsageError([f"{unknown[0]}: belongs to a sweep; add -m"])
            flags = [flag for flag in self._option_string_actions if flag.startswith("--")]
            raise UsageError([f"{clipped(unknown[0])}: unknown flag{closest(unknown[0], flags)}"])
        raise UsageError([f"{message}; see {self.prog} --help"])

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help; argparse's own would not tell that it could not."""
        (file or sys.stdout).write(self.format_help())

    def composing(self) -> Parser:
        """Add what every verb takes that composes a config."""
        self.add_argument(
            "overrides", nargs="*", metavar="OVERRIDE", help="model=mlp optimizer.lr=0.1"
        )
        self.add_argument(
            "--config-dir", "-cd", type=_folder, metavar="DIR", help="a folder of configs"
        )
        self.add_argument(
            "--config-name", "-cn", default="config", metavar="NAME", help="the primary config"
        )
        return self

    def read_runs(
        self, words: Sequence[str], *, most: int | None = None, metavar: str = "RUN"
    ) -> argparse.Namespace:
        """Parse flags, ``names`` of runs, and ``output_dir``, the folder that holds them."""
        self.add_argument("words", nargs="*", metavar=metavar, help="and output_dir=FOLDER")
        arguments = self.read(words)
        arguments.names, arguments.output_dir = names_and_folder(arguments.words)
        if most is not None and len(arguments.names) > most:
            verb = self.prog.removeprefix("dltrain ")
            raise UsageError([f"{verb}: {arguments.names[most]} is one argument too many"])
        return arguments

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse the words of a command line."""
        arguments = self.parse_intermixed_args(list(words))
        typed = getattr(arguments, "overrides", None) or getattr(arguments, "words", None)
        overrides = Overrides.parse(typed or [])
        twice = overrides.repeated()
        if twice:
            raise UsageError(twice)
        folder = getattr(arguments, "config_dir", None)
        if folder is not None:
            problem = problem_with(folder)
            if problem or not os.path.isdir(folder):
                shown = clipped(str(folder))
                raise UsageError([f"--config-dir={shown}: {problem or 'no such folder'}"])
        if "overrides" in arguments:
            arguments.overrides = overrides
        return arguments


def _folder(text: str) -> Path:
    """Read a folder; an empty text would be the one we stand in."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return Path(text)


def positive(text: str) -> int:
    """Read how many: a number from 1."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:10]) < 10**9:
        raise argparse.ArgumentTypeError("must be a number from 1")
    return int(text)


def line_of(words: Sequence[str], arguments: argparse.Namespace) -> CommandLine:
    """Return what was typed, for the record."""
    folder = arguments.config_dir
    return CommandLine(
        words, arguments.overrides, None if folder is None else str(folder), arguments.config_name
    )


def names_and_folder(words: Sequence[str]) -> tuple[list[str], Path]:
    """Tell the names of runs among words from ``output_dir=FOLDER``, which holds them."""
    names, overrides = Overrides.parse(words).split_names()
    return names, only_output_dir(overrides)


def only_output_dir(overrides: Overrides) -> Path:
    """Return the folder that holds the runs; refuse what else is set."""
    others = overrides.without("output_dir").words
    if others:
        raise UsageError([f"{others[0]}: only output_dir=FOLDER can be set here"])
    return output_dir_of(overrides)


def output_dir_of(overrides: Overrides) -> Path:
    """Return the folder that holds the runs, for verbs that only read them."""
    twice = overrides.only("output_dir").repeated()
    if twice:
        raise UsageError(twice)
    value = overrides.get("output_dir")
    if value is None:
        value = OUTPUTS
    elif value.startswith(("'", '"')):  # as a training does, which reads the grammar's quotes
        from dltrain.config.resolve import read_value

        value = str(read_value(value).read(raw=True))
    folder = expanded(value)
    problem = problem_with(folder)
    if problem:
        raise UsageError([f"output_dir={value}: {problem}"])
    return folder


def load_plugins(words: Sequence[str]) -> None:
    """Load the modules that ``plugins=[...]`` names among words that were typed."""
    text = Overrides.parse(words).get("plugins")
    if text is not None:
        from dltrain.config import plugins
        from dltrain.config.resolve import read_value

        names = read_value(text).parsed
        with refusing():
            plugins.load(names if plugins.are_names(names) else [])  # else it is refused later
