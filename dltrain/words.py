"""The words of a command line, read with Hydra's grammar: group choices, values, lists of them."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    FloatRange,
    Glob,
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
    Transformer,
)
from hydra.errors import HydraException

from dltrain.check import shown
from dltrain.suggest import clipped, closest

# More values than this behind one key, or more members in a sweep, are taken for a slip.
MAX_VALUES = 100_000
# No value of ours is nested deeper than 2.
MAX_DEPTH = 20
# Hydra's parser raises ValueError where a number has more digits than Python converts, 4,300.
NOT_OF_THE_GRAMMAR = (HydraException, ValueError)
# With one of these in it, a comma may stand for something else than the next value.
_NESTING = set("'\"[](){}\\")


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
            hint = closest(key.partition("/")[0], available)
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
        words: As typed; of two for the same key the later one holds.
        available: Group -> its choices.
        sweeping: Whether a key may have several values.
    """
    result = Words()
    parser = OverridesParser.create()
    for word in words:
        complaint = _complaint(word, available)
        if complaint:
            result.problems.append(complaint)
            continue
        key, _, text = word.partition("=")
        quoted = clipped(word)
        try:
            override = _parse(word, parser)
        except NOT_OF_THE_GRAMMAR:
            # Hydra's grammar has no bare spaces, commas, tildes or parentheses, yet paths do.
            result.lists.pop(key, None)
            result.take(key, Value(text, text), available)
            continue
        if not override.is_sweep_override():
            result.lists.pop(key, None)
            result.take(key, Value(text, override.value()), available)
        elif not sweeping:
            result.problems.append(
                f"{quoted}: this is a list of values, and one run takes one value; add -m to train "
                f"them all (or quote it if the comma belongs to it: '{key}=\"{clipped(text)}\"')"
            )
        else:
            found = _listed(override, text, available.get(key))
            if isinstance(found, str):
                result.problems.append(f"{quoted}: {found}")
            else:
                result.values.pop(key, None)
                result.groups.pop(key, None)
                result.lists[key] = found
    return result


def read_value(text: str) -> Value:
    """Read a value as the command line does; what its grammar does not take for one is text.

    Example:
        >>> read_value("1e-3").parsed, read_value("it's").parsed
        (0.001, "it's")
    """
    try:
        override = _parse(f"key={text}", OverridesParser.create())
    except NOT_OF_THE_GRAMMAR:
        return Value(text, text)
    return Value(text, text if override.is_sweep_override() else override.value())


def _complaint(word: str, available: Mapping[str, Sequence[str]]) -> str | None:
    """Say what is wrong with the key of a word, or return None."""
    key, equals, _ = word.partition("=")
    name, quoted = key.lstrip("+~"), clipped(word)
    if name != key:
        return f"{quoted}: keys are fixed, so + and ~ have no use here; write {clipped(name)}=VALUE"
    if not equals or not key:
        hint = closest(word, available)
        return f"{quoted}: expected key=value or group=choice{hint}"
    if name.partition(".")[0].partition("/")[0] == "hydra":
        return f"{quoted}: Hydra's own settings are not used; output_dir=FOLDER says where runs go"
    if "@" in name:
        return (
            f"{quoted}: packages cannot be renamed; write {clipped(name.partition('@')[0])}=CHOICE"
        )
    return None


def _parse(word: str, parser: OverridesParser) -> Override:
    """Parse a word the same way every time: shuffle() draws from Python's own generator."""
    if _is_deep(word):  # whoever follows its brackets would run out of stack
        raise HydraException(f"more than {MAX_DEPTH} brackets within one another")
    state = random.getstate()
    random.seed(0)
    try:
        return parser.parse_override(word)
    finally:
        random.setstate(state)


def _is_deep(word: str) -> bool:
    depth = 0
    for character in word:
        depth += (character in "([{") - (character in ")]}")
        if depth > MAX_DEPTH:
            return True
    return False


def _listed(override: Override, text: str, options: Sequence[str] | None) -> list[Value] | str:
    """Return the values a sweep runs through, or what is wrong with it."""
    sweep: Any = override.value()
    if isinstance(sweep, IntervalSweep):
        return (
            "an interval has no list of values; write range(START,STOP,STEP) or choice(A,B), "
            "or let a sweeper choose: hydra/sweeper=optuna"
        )
    if isinstance(sweep, Glob):
        if options is None:
            return "glob() chooses among a group's files, as in model=glob(*)"
        chosen = sweep.filter(list(options))
        if not chosen:
            return f"fits none of {', '.join(options)}"
        return [Value(name, name) for name in chosen]
    assert isinstance(sweep, ChoiceSweep | RangeSweep)
    try:
        elements = sweep.list if isinstance(sweep, ChoiceSweep) else _range(sweep)
        found = list(itertools.islice(elements, MAX_VALUES + 1))
    except (HydraException, ValueError, ArithmeticError) as error:
        return f"cannot be listed ({error})"
    if len(found) > MAX_VALUES:
        return f"has more than {MAX_VALUES:,} values"
    if not found:
        return "has no values"
    if any(isinstance(element, Glob) for element in found):
        return "glob() stands alone, as in model=glob(*)"
    texts = [typed(element) for element in found]
    if isinstance(sweep, ChoiceSweep) and sweep.simple_form and not set(text) & _NESTING:
        texts = [part.strip() for part in text.split(",")]  # as typed, such as 007
    values = [Value(t, _plain(element)) for t, element in zip(texts, found, strict=True)]
    if sweep.shuffle:
        random.Random(0).shuffle(values)
    return values


def _range(sweep: RangeSweep) -> Iterable[Any]:
    """Run through a range; in decimals, so that 0.01 six times is 0.06 and the end stays out."""
    bounds = [bound for bound in (sweep.start, sweep.stop, sweep.step) if bound is not None]
    assert len(bounds) == 3
    if all(isinstance(bound, int) for bound in bounds):
        return sweep.range()
    if not all(math.isfinite(bound) for bound in bounds):
        raise ValueError("its bounds must be finite numbers")
    return FloatRange(*(Decimal(str(bound)) for bound in bounds))


def typed(element: Any) -> str:
    """Write an element as one would type it: 1e9 rather than 1000000000.0."""
    if isinstance(element, bool):
        return str(element).lower()
    if isinstance(element, float) and float(f"{element:g}") == element:
        return f"{element:g}"
    return str(Transformer.str(element))


def _plain(element: Any) -> Any:
    """Take the quotes of Hydra's grammar off."""
    if isinstance(element, QuotedString):
        return element.text
    if isinstance(element, list):
        return [_plain(inner) for inner in element]
    if isinstance(element, dict):
        return {_plain(key): _plain(inner) for key, inner in element.items()}
    return element
