"""The command line that started a run or a sweep, and where; kept in the record."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dltrain.config.overrides import Overrides
from dltrain.runs.run import Run
from dltrain.system.shell import located, shortest

DEFAULT_NAME = "config"


@dataclass(frozen=True)
class CommandLine:
    """A command line that starts a run or a sweep."""

    words: Sequence[str]  # all words after ``dltrain``
    overrides: Overrides  # what they set
    config_dir: str | None = None  # the folder of configs that was named, as typed; None: none was
    config_name: str = DEFAULT_NAME  # the primary config
    # the folder in which it was typed; relative paths in it count from there
    cwd: str = field(default_factory=os.getcwd)

    @classmethod
    def parse(cls, words: Sequence[str]) -> CommandLine:
        """Parse words without flags, typed in the current folder."""
        return cls(words, Overrides.parse(words))

    @classmethod
    def of(cls, run: Run) -> CommandLine:
        """Read the command line from a record, which may be a stranger's."""
        texts = {name: run.part(name) for name in ("config_dir", "config_name", "cwd")}
        known = {name: text for name, text in texts.items() if isinstance(text, str) and text}
        overrides = Overrides.parse(run.texts("overrides"))
        return cls(run.texts("command")[1:], overrides, **known)

    def record(self) -> dict[str, Any]:
        """Return the command line as a record holds it."""
        return {
            "command": ["dltrain", *self.words],
            "overrides": self.overrides.words,
            "config_dir": self.config_dir,
            "config_name": self.config_name,
            "cwd": self.cwd,
        }

    @property
    def flags(self) -> list[str]:
        """Flags that name the folder of configs, relative to the current folder."""
        folder = self.config_folder
        return config_flags(folder and shortest(folder), self.config_name)

    def alone(self, overrides: Overrides) -> CommandLine:
        """Return the line that a member of a sweep has, as if it were trained alone."""
        flags = config_flags(self.config_dir, self.config_name)
        return replace(self, words=[*flags, *overrides.words], overrides=overrides)

    def from_here(self, changes: Overrides) -> CommandLine:
        """Return the line of who goes on from where one stands, with other values for some keys."""
        words = Overrides.parse(self.words).updated(changes).words
        folder = None if self.config_folder is None else str(self.config_folder)
        return CommandLine(words, self.overrides.updated(changes), folder, self.config_name)

    @property
    def config_folder(self) -> Path | None:
        """Folder of configs, relative to the current folder."""
        return None if self.config_dir is None else Path(located(self.config_dir, self.cwd))


def config_flags(folder: Path | str | None, name: str = DEFAULT_NAME) -> list[str]:
    """Return the flags that say where configs come from; none for dltrain's own."""
    flags = [] if folder is None else [f"--config-dir={folder}"]
    return flags if name == DEFAULT_NAME else [*flags, f"--config-name={name}"]
