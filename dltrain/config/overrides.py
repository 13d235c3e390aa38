"""The words of a command line, read with Hydra's grammar: group choices, values, lists of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dltrain.config.grammar.casts import SweepError
from dltrain.config.grammar.functions import Value
from dltrain.config.grammar.values import read
from dltrain.config.plain import shown
from dltrain.config.validate import LISTED, every_key
from dltrain.text import clipped, closest, repeated


@dataclass
class Words:
    """A command line, taken apart.

    Attributes:
        groups: Group -> choice, such as ``model`` -> ``mlp``.
        values: Dotted key -> value.
        lists: Group or dotted key -> the values a sweep gives it, at least one.
        broken: Groups whose choice does not exist.
        problems: One line for each word that cannot be used.
        places: Dotted key -> where its value stands, if that is not the command line.
    """

    groups: dict[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    lists: dict[str, list[Value]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

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


def read_words(
    words: Sequence[str], available: Mapping[str, Sequence[str]], *, sweeping: bool = False
) -> Words:
    """Sort the words of a command line into group choices, values and lists of them.

    Args:
        words: As typed; one for each key.
        available: Group -> its choices.
        sweeping: Whether a key may have several values.
    """
    result = Words(problems=repeated(words, sweeping=sweeping))
    seen: set[str] = set()
    for word in words:
        key, _, text = word.partition("=")
        if key in seen:  # which is said already
            continue
        seen.add(key)
        complaint = _complaint(word, available)
        if complaint:
            result.problems.append(complaint)
            continue
        quoted = clipped(word)
        try:
            value = read(text, options=available.get(key))
        except SweepError as error:
            result.problems.append(f"{quoted}: {error}")
            continue
        if isinstance(value, Value):
            result.take(key, value, available)
        elif sweeping:
            result.lists[key] = value
        else:
            result.problems.append(
                f"{quoted}: this is a list of values, and one run takes one value; add -m to train "
                f"them all (or quote it if the comma belongs to it: '{key}=\"{clipped(text)}\"')"
            )
    return result


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


def _complaint(word: str, available: Mapping[str, Sequence[str]]) -> str | None:
    """Say what is wrong with the key of a word, or return None."""
    key, equals, _ = word.partition("=")
    name, quoted = key.lstrip("+~"), clipped(word)
    known = [*available, *every_key()]
    if name != key:
        name = name.partition("=")[0]
        advice = f"write {clipped(name)}=VALUE" if name in known else _unknown(name, known)
        return f"{quoted}: keys are fixed, so + and ~ have no use here; {advice}"
    if not equals or not key:
        hint = closest(word, available)
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
