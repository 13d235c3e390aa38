"""The words of a command line, read with Hydra's grammar: group choices and plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from dltrain.check import shown
from dltrain.suggest import closest


@dataclass(frozen=True)
class Value:
    """What stands behind a key: the text as typed, and what Hydra's grammar makes of it."""

    text: str
    parsed: Any

    def read(self, *, raw: bool) -> Any:
        """Return the value; where ``raw``, text that parses to anything but text stays as typed.

        Example:
            >>> Value("007", 7).read(raw=True), Value("007", 7).read(raw=False)
            ('007', 7)
        """
        if raw and self.parsed is not None and not isinstance(self.parsed, str):
            return self.text
        return self.parsed


@dataclass
class Words:
    """A command line, taken apart.

    Attributes:
        groups: Group -> choice, such as ``model`` -> ``mlp``.
        values: Dotted key -> value.
        broken: Groups whose choice does not exist.
        problems: One line for each word that cannot be used.
    """

    groups: dict[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def read_words(words: Sequence[str], available: Mapping[str, Sequence[str]]) -> Words:
    """Sort the words of a command line into group choices and values.

    Args:
        words: As typed.
        available: Group -> its choices.
    """
    result = Words()
    parser = OverridesParser.create()
    for word in words:
        parsed = _parse(word, parser, available)
        if isinstance(parsed, str):
            result.problems.append(parsed)
            continue
        key, value = parsed
        if key in available:
            _choose(key, value, available[key], result)
        elif "/" in key:
            hint = closest(key.partition("/")[0], available)
            result.problems.append(f"{key}: unknown group{hint}")
        else:
            result.values[key] = value
    return result


def _parse(
    word: str, parser: OverridesParser, available: Mapping[str, Sequence[str]]
) -> tuple[str, Value] | str:
    """Parse one word: (key, value), or what is wrong with it."""
    key, equals, text = word.partition("=")
    name = key.lstrip("+~")
    if name != key:
        return f"{word}: keys are fixed, so + and ~ have no use here; write {name}=VALUE"
    if not equals or not key:
        hint = closest(word, available)
        return f"{word}: expected key=value or group=choice{hint}"
    if name.partition(".")[0].partition("/")[0] == "hydra":
        return f"{word}: Hydra's own settings are not used; output_dir=FOLDER says where runs go"
    if "@" in name:
        return f"{word}: packages cannot be renamed; write {name.partition('@')[0]}=CHOICE"
    try:
        override = parser.parse_override(word)
    except HydraException:
        # Hydra's grammar has no bare spaces, commas, tildes or parentheses, yet paths do.
        return key, Value(text, text)
    if override.is_sweep_override():
        return (
            f"{word}: this is a list of values, and one run takes one value "
            f"(quote it if the comma belongs to it: '{key}=\"{text}\"')"
        )
    return key, Value(text, override.value())


def _choose(group: str, value: Value, options: Sequence[str], result: Words) -> None:
    choice = value.read(raw=True)
    if choice in options:
        result.groups[group] = choice
        return
    if choice is None and group == "experiment":
        return  # none is the default
    result.broken.add(group)
    names, hint = ", ".join(options), closest(str(choice), options)
    result.problems.append(f"{group}={shown(choice)}: no such choice{hint} (there are: {names})")
