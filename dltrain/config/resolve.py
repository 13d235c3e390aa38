"""What overrides mean, read with Hydra's grammar: group choices, values, lists of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dltrain.config.grammar.casts import SweepError
from dltrain.config.grammar.functions import Value
from dltrain.config.grammar.values import read
from dltrain.config.kinds import TABLE
from dltrain.config.knob import knobs
from dltrain.config.overrides import Override, Overrides
from dltrain.config.plain import shown
from dltrain.config.validate import LISTED, every_key
from dltrain.text import clipped, closest


@dataclass
class Resolved:
    """Overrides, sorted by what they set."""

    # group -> choice, such as ``model`` -> ``mlp``
    groups: dict[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)  # dotted key -> value
    # group or dotted key -> the values a sweep gives it, at least one
    lists: dict[str, list[Value]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)  # groups whose choice does not exist
    # one line for each override that cannot be used
    problems: list[str] = field(default_factory=list)
    # dotted key -> where its value stands, if that is not the command line
    locations: dict[str, str] = field(default_factory=dict)
    # what was resolved, each with its value if it has a single one
    overrides: Overrides = field(default_factory=Overrides, compare=False)

    def take(self, key: str, value: Value, available: Mapping[str, Sequence[str]]) -> None:
        """Let a group or a key have this value."""
        if key in available:
            self._choose(key, value, available[key])
        elif "/" in key:
            hint = (
                closest(key.partition("/")[0], available) or f" (there are: {', '.join(available)})"
            )
            self.problems.append(f"{clipped(key)}: unknown group{hint}")
        else:
            self.values[key] = value

    def _choose(self, group: str, value: Value, options: Sequence[str]) -> None:
        choice = value.read(raw=True)
        if choice in options:
            self.groups[group] = choice
            return
        if choice is None and group == "experiment":
            return  # none is the default
        self.broken.add(group)
        names, hint = ", ".join(options), closest(str(choice), options)
        self.problems.append(
            f"{group}={clipped(shown(choice))}: no such choice{hint} (there are: {names})"
        )


def resolve(
    overrides: Overrides, available: Mapping[str, Sequence[str]], *, sweeping: bool = False
) -> Resolved:
    """Sort overrides into group choices, values and lists of them."""
    result = Resolved()
    entries: dict[str, Override] = {}
    for entry in overrides.entries:
        if entry.key in entries:  # which is said already
            continue
        entries[entry.key] = entry
        value = entry.value or _read(entry, available, sweeping=sweeping)
        if isinstance(value, str):
            result.problems.append(value)
        elif isinstance(value, list):
            result.lists[entry.key] = value
        else:
            entries[entry.key] = replace(entry, value=value)
            result.take(entry.key, value, available)
        if entry.location:
            result.locations[entry.key] = entry.location
    if len(entries) < len(overrides.entries):
        result.problems[:0] = overrides.repeated(sweeping=sweeping)
    result.overrides = Overrides(tuple(entries.values()))
    return result


def _read(
    entry: Override, available: Mapping[str, Sequence[str]], *, sweeping: bool
) -> Value | list[Value] | str:
    """Return what stands behind a key, or one line that says why it cannot be used."""
    problem = _problem(entry, available)
    if problem:
        return problem
    text, quoted = entry.text or "", clipped(str(entry))
    if _is_whole(entry.key):
        return read_value(text)
    try:
        value = read(text, options=available.get(entry.key))
    except SweepError as error:
        return f"{quoted}: {error}"
    if isinstance(value, Value) or sweeping:
        return value
    return (
        f"{quoted}: this is a list of values, and one run takes one value; add -m to train "
        f"them all (or quote it if the comma belongs to it: '{entry.key}=\"{clipped(text)}\"')"
    )


def _is_whole(key: str) -> bool:
    """Whether a key is one whose text may have commas, as a query has."""
    group, _, name = key.partition(".")
    configs = (kind.config for kind in TABLE.get(group, {}).values())
    return any(name in knobs(config) and knobs(config)[name][1].whole for config in configs)


def read_value(text: str) -> Value:
    """Read a value as the command line does; what its grammar does not take for one is text.

    Example:
        >>> read_value("1e-3").parsed, read_value("it's").parsed
        (0.001, "it's")
    """
    try:
        value = read(text)
    except SweepError:
        return Value(text, text)
    return value if isinstance(value, Value) else Value(text, text)


def _problem(entry: Override, available: Mapping[str, Sequence[str]]) -> str | None:
    """Say what is wrong with a key, or return None."""
    key = entry.key
    name, quoted = key.lstrip("+~"), clipped(str(entry))
    known = [*available, *every_key()]
    if name != key:
        advice = f"write {clipped(name)}=VALUE" if name in known else _unknown(name, known)
        return f"{quoted}: keys are fixed, so + and ~ have no use here; {advice}"
    if entry.text is None or not key:
        hint = closest(str(entry), available)
        return f"{quoted}: expected key=value or group=choice{hint}"
    if name.partition(".")[0].partition("/")[0] == "hydra":
        return f"{quoted}: Hydra's own settings are not used; output_dir=FOLDER says where runs go"
    if "@" in name:
        group = name.partition("@")[0]
        advice = _unknown(group, known)
        if group in known:
            advice = f"write {clipped(group)}={'CHOICE' if group in available else 'VALUE'}"
        return f"{quoted}: packages cannot be renamed; {advice}"
    return None


def _unknown(name: str, known: Sequence[str]) -> str:
    """Say that a name is that of no key or group, and which it may have been meant for."""
    return f"there is no {clipped(name)}{closest(name, sorted(known)) or LISTED}"
