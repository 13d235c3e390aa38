"""The functions of a sweep: ``range(1,4)``, ``sort(...)``, ``int(...)``; each makes plain values.

The names and their arguments are Hydra's. Hydra itself keeps a range as its bounds and rewrites
them, so that sorting or casting one changes which values it has; here every function works on the
values themselves.
"""

from __future__ import annotations

import fnmatch
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from dltrain.config.grammar.casts import CASTS, SweepError, converted
from dltrain.config.grammar.scalars import as_text
from dltrain.text import clipped

# More values than this behind one key, or more members in a sweep, are taken for a slip.
MAX_VALUES = 100_000
# As many values are written out in advice.
_SHORT = 12
INTERVAL = (
    "an interval has no list of values; write range(START,STOP,STEP) or choice(A,B), "
    "or let a sweeper choose: hydra/sweeper=optuna"
)


@dataclass(frozen=True)
class Value:
    """What stands behind a key: the text as typed, and what the grammar makes of it."""

    text: str
    parsed: Any

    def read(self, *, raw: bool) -> Any:
        """Return the value; where ``raw``, text that parses to anything but text stays as typed.

        Example:
            >>> Value("1_000", 1000).read(raw=True), Value("1_000", 1000).read(raw=False)
            ('1_000', 1000)
        """
        if raw and self.parsed is not None and not isinstance(self.parsed, str):
            return self.text
        return self.parsed


# One value, or the values of a sweep.
Argument = Value | list[Value]


@dataclass(frozen=True)
class Call:
    """A function and what it is applied to."""

    name: str  # of the function
    arguments: Sequence[Argument]  # those without a name, in order
    named: Mapping[str, Argument]  # the others
    options: Sequence[str] | None  # the choices of the group it stands behind; None: behind a key

    def result(self) -> Argument:
        """Carry it out."""
        return FUNCTIONS[self.name](self)

    def bound(self, *names: str) -> dict[str, Argument]:
        """Give the arguments their names; refuse one too many, unknown, or given twice."""
        if len(self.arguments) > len(names):
            raise SweepError(f"{self.name}() takes at most {len(names):,} values; {self.usage}")
        result = dict(zip(names, self.arguments, strict=False))
        for name, argument in self.named.items():
            if name not in names:
                raise SweepError(f"{self.name}() takes no {clipped(name)}=; {self.usage}")
            if name in result:
                raise SweepError(f"{self.name}() is given {name} twice; {self.usage}")
            result[name] = argument
        return result

    def operand(self, *names: str) -> Argument:
        """Return what it works on: one value, one list, or several values as a list."""
        named = [self.named[name] for name in names if name in self.named]
        arguments = [*self.arguments, *named]
        if not arguments:
            raise SweepError(f"{self.name}() needs something to work on; {self.usage}")
        if named and len(arguments) > 1:
            raise SweepError(f"{self.name}() takes values or a name for them; {self.usage}")
        return arguments[0] if len(arguments) == 1 else single(arguments, f"{self.name}({{}})")

    def refuse_names(self, *allowed: str) -> None:
        """Refuse arguments with other names than these."""
        for name in self.named:
            if name not in allowed:
                raise SweepError(f"{self.name}() takes no {clipped(name)}=; {self.usage}")

    @property
    def usage(self) -> str:
        """What to write."""
        return f"write {USAGE[self.name]}"


def single(parts: Sequence[Argument], form: str) -> list[Value]:
    """Return values that stand side by side, in a form such as ``[{}]``; refuse lists among them.

    Raises:
        SweepError: If one is a list; it says how to write the same without.
    """
    values = [part for part in parts if isinstance(part, Value)]
    if len(values) == len(parts):
        return values
    flat = [value for part in parts for value in ([part] if isinstance(part, Value) else part)]
    advice = "write its values out"
    if len(flat) <= _SHORT:
        advice += f": {form.replace('{}', ','.join(value.text for value in flat))}"
    raise SweepError(
        f"a function that lists values cannot stand among other values or in brackets; {advice}"
    )


def _choice(call: Call) -> Argument:
    call.refuse_names()
    operand = call.operand()
    return [operand] if isinstance(operand, Value) else operand


def _range(call: Call) -> list[Value]:
    bound = call.bound("start", "stop", "step")
    if "start" not in bound:
        raise SweepError(f"range() needs numbers; {call.usage}")
    numbers = {name: _number(argument, call) for name, argument in bound.items()}
    start, step = numbers["start"], numbers.get("step", 1)
    stop = numbers.get("stop")
    if stop is None:
        start, stop = 0, start
    if not all(isinstance(n, int) or math.isfinite(n) for n in (start, stop, step)):
        raise SweepError(f"range() needs finite numbers; {call.usage}")
    if step == 0:
        raise SweepError("range() needs a step other than 0")
    # Exact, so that 0.01 six times is 0.06 and the end stays out.
    first, last, distance = (Fraction(repr(number)) for number in (start, stop, step))
    count = math.ceil((last - first) / distance)
    if count > MAX_VALUES:
        raise SweepError(f"has more than {MAX_VALUES:,} values")
    if count < 1:
        raise SweepError(
            f"has no values: steps of {as_text(step)} from {as_text(start)} do not lead towards "
            f"{as_text(stop)}"
        )
    whole = all(isinstance(number, int) for number in (start, stop, step))
    kind: Callable[[Fraction], int | float] = int if whole else float
    return [_made(kind(first + index * distance)) for index in range(count)]


def _number(argument: Argument, call: Call) -> int | float:
    number = argument.parsed if isinstance(argument, Value) else None
    if isinstance(number, int | float) and not isinstance(number, bool):
        return number
    shown = argument.text if isinstance(argument, Value) else "a list of values"
    raise SweepError(f"range() needs numbers, not {clipped(shown)}; {call.usage}")


def _made(parsed: object) -> Value:
    return Value(as_text(parsed), parsed)


def _interval(call: Call) -> Argument:
    raise SweepError(INTERVAL)


def _glob(call: Call) -> list[Value]:
    if call.options is None:
        raise SweepError("glob() chooses among a group's files, as in model=glob(*)")
    bound = call.bound("include", "exclude")
    if "include" not in bound:
        raise SweepError(f"glob() needs a pattern; {call.usage}")
    include, exclude = (_patterns(bound.get(name), call) for name in ("include", "exclude"))
    chosen = [name for name in call.options if _fits(name, include) and not _fits(name, exclude)]
    if not chosen:
        raise SweepError(f"fits none of {', '.join(call.options)}")
    return [Value(name, name) for name in chosen]


def _patterns(argument: Argument | None, call: Call) -> list[str]:
    if argument is None:
        return []
    parsed = argument.parsed if isinstance(argument, Value) else None
    patterns: list[Any] = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(pattern, str) for pattern in patterns):
        raise SweepError(f"glob() needs patterns of text; {call.usage}")
    return patterns


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _tag(call: Call) -> Argument:
    """Return what is tagged: a tag tells a sweeper of Hydra's something, and nothing here."""
    call.refuse_names("sweep")
    *tags, sweep = [*call.arguments, *call.named.values()] or [Value("", None)]
    if not isinstance(sweep, list):
        raise SweepError(f"tag() needs a list of values at its end; {call.usage}")
    for tag in tags:
        if not isinstance(tag, Value) or not isinstance(tag.parsed, str):
            raise SweepError(f"tag() needs tags of text; {call.usage}")
    return sweep


def _sort(call: Call) -> Argument:
    call.refuse_names("sweep", "list", "reverse")
    reverse = call.named.get("reverse", Value("false", False))
    if not isinstance(reverse, Value) or not isinstance(reverse.parsed, bool):
        raise SweepError(f"sort() needs reverse=true or reverse=false; {call.usage}")

    def sort(values: Sequence[Any], key: Callable[[Any], Any]) -> list[Any]:
        if any(isinstance(key(value), float) and math.isnan(key(value)) for value in values):
            raise SweepError("sort() cannot sort nan, which is neither less nor more than a number")
        try:
            return sorted(values, key=key, reverse=reverse.parsed)
        except TypeError:
            raise SweepError(
                "sort() cannot sort values of different kinds; give numbers only or text only"
            ) from None

    return _rearranged(call.operand("sweep", "list"), sort)


def _shuffle(call: Call) -> Argument:
    call.refuse_names("sweep", "list")

    def shuffle(values: Sequence[Any], key: Callable[[Any], Any]) -> list[Any]:
        shuffled = list(values)
        random.Random(0).shuffle(shuffled)  # the same every time
        return shuffled

    return _rearranged(call.operand("sweep", "list"), shuffle)


Rearrange = Callable[[Sequence[Any], Callable[[Any], Any]], list[Any]]


def _rearranged(operand: Argument, rearrange: Rearrange) -> Argument:
    """Put the values of a sweep, or the elements of one value that is a list, into an order."""
    if isinstance(operand, list):
        return rearrange(operand, lambda value: value.parsed)
    if isinstance(operand.parsed, list):
        return _made(rearrange(operand.parsed, lambda element: element))
    return operand


def _cast(call: Call) -> Argument:
    call.refuse_names("value")
    operand = call.operand("value")
    if isinstance(operand, Value):
        return _made(converted(operand.parsed, call.name))
    return [_made(converted(value.parsed, call.name)) for value in operand]


FUNCTIONS: Mapping[str, Callable[[Call], Argument]] = {
    "choice": _choice,
    "range": _range,
    "interval": _interval,
    "glob": _glob,
    "tag": _tag,
    "sort": _sort,
    "shuffle": _shuffle,
    **dict.fromkeys(CASTS, _cast),
}
USAGE = {
    "choice": "choice(A,B)",
    "range": "range(STOP) or range(START,STOP,STEP)",
    "glob": "glob(PATTERN), or glob([PATTERN,PATTERN],exclude=PATTERN)",
    "tag": "tag(TAG,choice(A,B))",
    "sort": "sort(A,B) or sort(choice(A,B),reverse=true)",
    "shuffle": "shuffle(A,B) or shuffle(range(STOP))",
    **{name: f"{name}(A) or {name}(choice(A,B))" for name in CASTS},
}
