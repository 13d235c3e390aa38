"""Command lines that train a recorded run again, whatever config files say now. No torch.

The words that were typed are composed anew; where that gives another config than the one that is
recorded (a config file was edited or is gone, a relative path means something else from here),
words are added that say what it was. The record may be a stranger's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dltrain.config.compose import ConfigError, Sources
from dltrain.config.kinds import TABLE
from dltrain.config.load import compose_run
from dltrain.config.overrides import Overrides, is_replaced
from dltrain.config.plain import as_dict, flat
from dltrain.config.plugins import needed
from dltrain.config.resolve import resolve
from dltrain.runs.address import command_on
from dltrain.runs.command_line import CommandLine
from dltrain.runs.provenance import DATA_PATHS
from dltrain.runs.run import Run
from dltrain.system.shell import as_value, below, command, located

# Where a run lies and what it is compared with decide no number.
_APART = ("output_dir", "expect")
# A record that says more is a stranger's, or would be a command that no terminal takes.
_MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Repetition:
    """Flags and overrides that train a config again."""

    flags: list[str]  # where configs come from
    overrides: Overrides  # what is set, but for ``output_dir``
    sources: Sources  # config files that they are composed from
    # what those say otherwise by now, for people, by key
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """Flags and overrides."""
        return [*self.flags, *self.overrides.words]

    def notes_beside(self, changes: Overrides) -> list[str]:
        """Return the notes on values that these changes do not replace."""
        keys = set(changes.texts)
        return [text for key, text in self.notes.items() if not is_replaced(key, keys)]


def repetition_of(run: Run, line: CommandLine | None = None) -> Repetition:
    """Return what trains a single run, or a member of a sweep, again.

    Raises:
        ValueError: If its record is not whole, or no overrides come to its config any more.
    """
    config = run.part("config")
    if not isinstance(config, dict) or not isinstance(run.part("overrides"), list):
        raise ValueError(f"{run.id}: its record does not say what it was told")
    try:
        return repetition(config, line or CommandLine.of(run))
    except ConfigError as error:
        raise ConfigError([f"{run.id}: {text}" for text in error.lines]) from None


def again(run: Run) -> str:
    """Write the command that trains a run again, from where one stands and beside the old one.

    A sweep, and what no words can say, is repeated from its record: ``dltrain rerun RUN``.
    """
    num_characters = len(str(run.part("config"))) + len(str(run.part("overrides")))
    if not run.is_sweep and num_characters <= _MOST_CHARACTERS:
        with contextlib.suppress(ValueError):
            text = command(*repetition_of(run).words, *below((run.sweep or run.folder).parent))
            if text.isprintable():  # else it is shown with escapes, and pasted would say them
                return text
    return command_on(run, "rerun")


def repetition(config: Mapping[str, Any], line: CommandLine) -> Repetition:
    """Return what trains a config again.

    Raises:
        ConfigError: If no words come to this config.
    """
    if unloaded := needed(config.get("plugins")):
        raise ConfigError([f"plugins: {unloaded}"])
    wanted = _deciding(config, line.cwd)
    reasons: list[str] = []  # why the words that were typed do not compose any more
    for plain in _starts(line):
        values, lines = _composed(plain)
        if values is not None:
            break
        reasons = reasons or lines
    else:
        raise ConfigError(lines)
    folder = line.config_folder
    if folder is not None and not folder.is_dir():
        reasons = [f"{folder} is gone"]
    kinds = {group: wanted[f"{group}.kind"] for group in TABLE if f"{group}.kind" in wanted}
    for _ in range(2):  # data that are chosen may recommend other kinds of what was right before
        others = {group: k for group, k in kinds.items() if values.get(f"{group}.kind") != k}
        if not others:
            break
        plain = replace(plain, overrides=plain.overrides.updated(Overrides.of(others)))
        values, lines = _composed(plain)
        if values is None:
            raise ConfigError(lines)
    made = _pinned(plain, values, wanted)
    if not reasons:
        return made
    note = f"config files are not what they were ({reasons[0]}); all they said is told in words"
    return replace(made, notes={"": note})


def _starts(line: CommandLine) -> Iterator[Repetition]:
    """Yield starting points: the words as typed, without overrides, and without config files.

    What is not there any more (a folder, a file, a choice, a key) need not be there: all that was
    told can be said in words on dltrain's own files.
    """
    folder = line.config_folder
    if folder is None or folder.is_dir():
        with contextlib.suppress(ConfigError):
            sources = Sources.of(folder, line.config_name)
            yield Repetition(line.flags, line.overrides.without("output_dir"), sources)
            yield Repetition(line.flags, Overrides(), sources)
    yield Repetition([], Overrides(), Sources.of(None))


def _pinned(plain: Repetition, values: Mapping[str, Any], wanted: Mapping[str, Any]) -> Repetition:
    """Add overrides until the composed values are the wanted ones."""
    pins = {key: value for key, value in wanted.items() if values.get(key) != value}
    made = replace(
        plain,
        overrides=plain.overrides.updated(Overrides.of(pins)),
        notes={
            key: f"{key} was {as_value(value)} and is {as_value(values.get(key))} "
            "in the config files now"
            for key, value in pins.items()
            if key not in DATA_PATHS
        },
    )
    if not pins:
        return made
    again, lines = _composed(made)
    if again is None:
        raise ConfigError(lines)
    strange = [key for key, value in wanted.items() if again.get(key) != value]
    if strange:
        raise ConfigError([f"{strange[0]}: cannot be set any more to what it was"])
    return made


def _composed(words: Repetition) -> tuple[Mapping[str, Any] | None, list[str]]:
    """Compose words: the deciding values by dotted key, or None and what is wrong."""
    try:
        resolved = resolve(words.overrides, words.sources.groups)
        run, lines = compose_run(resolved, words.sources, fitting=False, ready=False)
    except ConfigError as error:
        return None, error.lines
    return (None if run is None else _deciding(as_dict(run), None)), lines


def _deciding(config: Mapping[str, Any], cwd: str | None) -> dict[str, Any]:
    """Return a config's values by dotted key, paths as they are written from here."""
    values = {k: v for k, v in flat(config).items() if k.partition(".")[0] not in _APART}
    for key in DATA_PATHS:
        text = values.get(key)
        if isinstance(text, str):
            values[key] = located(text, cwd)
    return values
