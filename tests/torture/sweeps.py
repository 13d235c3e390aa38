"""Every function of a sweep, each around each: what they list, by a small model of their own."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dltrain.config.grammar.casts import SweepError
from dltrain.config.grammar.functions import Value
from dltrain.config.grammar.values import read
from tests.torture.proof import Report


class Refused(Exception):  # noqa: N818
    """The model refuses it."""


@dataclass(frozen=True)
class Expression:
    """A text, and what the model makes of it: a list of values, one value, or a refusal."""

    text: str
    many: list[Any] | None = None
    one: Any = None
    refused: bool = False


INTS = st.integers(-20, 20).map(lambda n: Expression(str(n), one=n))
DECIMALS = st.decimals(-9, 9, places=2).map(lambda d: Expression(f"{d:f}", one=float(d)))
EXPONENTS = st.tuples(st.integers(-9, 9), st.integers(-3, 3)).map(
    lambda pair: Expression(f"{pair[0]}e{pair[1]}", one=float(f"{pair[0]}e{pair[1]}"))
)
NUMBERS = INTS | DECIMALS | EXPONENTS
WORDS = st.sampled_from(["a", "b_c", "Zed", "x1", "a b", "007", "no"]).map(
    lambda text: Expression(text, one=text)
)
QUOTED = st.sampled_from(["a", "a,b", "7", "1.5", "true", "x)", "", " b"]).flatmap(
    lambda text: st.sampled_from("'\"").map(lambda q: Expression(f"{q}{text}{q}", one=text))
)
CONSTANTS = st.sampled_from(
    [Expression("true", one=True), Expression("FALSE", one=False), Expression("null", one=None)]
)
LISTS = st.lists(NUMBERS, max_size=4).map(
    lambda parts: Expression(f"[{','.join(p.text for p in parts)}]", one=[p.one for p in parts])
)
SINGLES = NUMBERS | NUMBERS | WORDS | QUOTED | CONSTANTS | LISTS


def ranged(start: Decimal, stop: Decimal, step: Decimal, whole: bool) -> list[Any]:
    """List a range by going step by step."""
    if step == 0:
        raise Refused
    found, here = [], start
    while (here < stop) if step > 0 else (here > stop):
        found.append(int(here) if whole else float(here))
        here += step
    if not found:
        raise Refused
    return found


@st.composite
def ranges(draw: st.DrawFn) -> Expression:
    """A range of whole numbers or decimals, its arguments with and without names."""
    whole = draw(st.booleans())
    numbers = st.integers(-15, 15) if whole else st.decimals(-3, 3, places=1)
    start, stop, step = (Decimal(str(draw(numbers))) for _ in range(3))
    texts = [f"{number:f}" for number in (start, stop, step)]
    form = draw(st.integers(0, 3))
    if form == 0:
        text, start, step = f"range({texts[1]})", Decimal(0), Decimal(1)
    elif form == 1:
        text, step = f"range({texts[0]},{texts[1]})", Decimal(1)
    elif form == 2:
        text = f"range({','.join(texts)})"
    else:
        text = f"range(start={texts[0]}, step={texts[2]},stop={texts[1]})"
    try:
        return Expression(text, many=ranged(start, stop, step, whole))
    except Refused:
        return Expression(text, refused=True)


def kind(value: Any) -> str:
    """Which values can be compared with each other."""
    if isinstance(value, bool | int | float):
        return "number"
    return type(value).__name__


def in_order(values: list[Any], reverse: bool) -> list[Any]:
    """Sort by insertion; equal values stay as they stood."""
    found: list[Any] = []
    if len(values) > 1 and (len(set(map(kind, values))) > 1 or None in values):
        raise Refused
    for value in values:
        place = len(found)
        while place and (found[place - 1] < value if reverse else value < found[place - 1]):
            place -= 1
        found.insert(place, value)
    return found


def shuffled(values: list[Any]) -> list[Any]:
    """Draw an order as every sweep does."""
    found = list(values)
    random.Random(0).shuffle(found)
    return found


def cast(name: str, value: Any) -> Any:
    """Cast one value, or each of a list."""
    if isinstance(value, list):
        return [cast(name, element) for element in value]
    if value is None:
        raise Refused
    if name == "str":
        return {True: "true", False: "false"}[value] if isinstance(value, bool) else f"{value}"
    if name == "bool":
        if isinstance(value, str):
            if value.lower() not in ("true", "false"):
                raise Refused
            return value.lower() == "true"
        return value != 0
    if isinstance(value, str):
        form = r"[+-]?[0-9]+" if name == "int" else r"[+-]?[0-9]+(\.[0-9]+)?"
        if not re.fullmatch(form, value):
            raise Refused
    elif name == "int":
        return math.trunc(value)
    return int(value) if name == "int" else float(value)


def applied(function: str, inner: Expression, reverse: bool) -> tuple[list[Any] | None, Any]:
    """What a function makes of one argument: a list for a sweep, or one value."""
    if inner.refused:
        raise Refused
    if function in ("sort", "shuffle"):
        order: Callable[[list[Any]], list[Any]] = (
            shuffled if function == "shuffle" else lambda values: in_order(values, reverse)
        )
        if inner.many is not None:
            return order(inner.many), None
        return None, order(inner.one) if isinstance(inner.one, list) else inner.one
    if function == "choice":
        return ([inner.one] if inner.many is None else inner.many), None
    if function == "tag":
        if inner.many is None:
            raise Refused
        return inner.many, None
    if inner.many is not None:
        return [cast(function, value) for value in inner.many], None
    return None, cast(function, inner.one)


FUNCTIONS = ("sort", "shuffle", "choice", "tag", "int", "float", "bool", "str")
NAMES = {"sort": ["sweep", "list"], "shuffle": ["sweep", "list"], "tag": ["sweep"]}


@st.composite
def around(draw: st.DrawFn, inner: st.SearchStrategy[Expression]) -> Expression:
    """A function around one expression, or around several values."""
    function = draw(st.sampled_from(FUNCTIONS))
    reverse = function == "sort" and draw(st.booleans())
    if function != "tag" and draw(st.integers(0, 3)) == 0:
        parts = draw(st.lists(SINGLES | inner, min_size=2, max_size=4))
        text = ",".join(part.text for part in parts)
        wrong = any(part.refused or part.many is not None for part in parts)
        argument = Expression(text, many=[part.one for part in parts], refused=wrong)
    else:
        argument = draw(inner)
        text = argument.text
        names = NAMES.get(function, ["value"] if function in FUNCTIONS[4:] else [])
        if names and draw(st.integers(0, 2)) == 0:
            text = f"{draw(st.sampled_from(names))}={text}"
        elif function == "tag":
            text = f"quick,{text}"
    text = f"{function}({text}{f',reverse={str(reverse).lower()}' if reverse else ''})"
    try:
        many, one = applied(function, argument, reverse)
    except Refused:
        return Expression(text, refused=True)
    return Expression(text, many=many, one=one)


FLAT = ranges() | st.lists(SINGLES, min_size=1, max_size=5).map(
    lambda parts: Expression(
        f"choice({','.join(p.text for p in parts)})", many=[p.one for p in parts]
    )
)
SIMPLE = st.lists(SINGLES | FLAT, min_size=2, max_size=4).map(
    lambda parts: Expression(
        ",".join(p.text for p in parts),
        many=[p.one for p in parts],
        refused=any(p.refused or p.many is not None for p in parts),
    )
)
ONCE = around(FLAT | SINGLES)
EXPRESSIONS = FLAT | SIMPLE | ONCE | around(ONCE) | around(around(ONCE))


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal and of one type, lists all through."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)


def fault(expression: Expression) -> str:
    """Say what is wrong with what a text is read as, if anything is."""
    try:
        found = read(expression.text)
    except SweepError as error:
        if "<" in str(error) or "object" in str(error):
            return f"{expression.text}: shows insides: {error}"
        return "" if expression.refused else f"{expression.text}: refused: {error}"
    if expression.refused:
        return f"{expression.text}: not refused: {found}"
    if isinstance(found, Value):
        right = expression.many is None and same(found.parsed, expression.one)
        return "" if right else f"{expression.text}: {found}"
    if not same([value.parsed for value in found], expression.many):
        return f"{expression.text}: {[value.parsed for value in found]} not {expression.many}"
    for value in found:  # what a member is told can be typed
        again = read(value.text)
        if not isinstance(again, Value) or again.parsed != value.parsed:
            return f"{expression.text}: {value} is read back as {again}"
    return ""


def prove(num: int) -> Report:
    """Try so many expressions."""
    wrong: list[str] = []
    tried = 0

    @settings(
        max_examples=num, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(EXPRESSIONS)
    def try_one(expression: Expression) -> None:
        nonlocal tried
        tried += 1
        found = fault(expression)
        if found:
            wrong.append(found)

    try_one()
    return Report("expressions of a sweep equal a model's", tried, wrong)
