"""Filters: ``optimizer.lr < 0.1 and status == "done"``, read with Python's grammar, never run.

A name is a field (``fields.py``); a word that is none is text, so that ``status == done`` needs no
quotes. A run without a field that is asked for does not fit.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dltrain.runs.compare.field_names import Names
from dltrain.text import clipped, closest

Condition = Callable[[Mapping[str, Any]], bool]
# None: unknown, since a run has no such field, or one that is neither less nor more than a value.
Judge = Callable[[Mapping[str, Any]], bool | None]
MAX_LENGTH = 1000
SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_CONSTANTS = {"true": True, "false": False, "null": None}
_ORDER = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}
# A text in quotes, which stays as it is; a lone =; what begins like a number: 2d, 6vsf, 2026-11-25.
_TOKEN = re.compile(
    r"""("[^"]*"|'[^']*')|(?<![<>=!])=(?!=)|(?<![\w./-])(\.?[0-9](?:[\w.-]|:(?=[0-9]))*)""",
    re.ASCII,
)
_DURATIONS = ("age", "duration")


def seconds(text: str) -> float | None:
    """Read a duration such as ``30d`` or ``1.5h``; None if it is none.

    Example:
        >>> seconds("2d"), seconds("soon")
        (172800.0, None)
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(s|min|h|d|w)", text, re.ASCII)
    return float(match[1]) * SECONDS[match[2]] if match else None


def condition(text: str, known: Names) -> Condition:
    """Read a filter.

    Args:
        text: Comparisons (``<  <=  >  >=  ==  !=  in``) of a field with a value, joined by ``and``,
            ``or``, ``not`` and brackets.
        known: The fields there are.

    Returns:
        What tells whether the fields of a run fit.

    Raises:
        ValueError: If it cannot be read, or names a field that no run has.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"--where={clipped(text)}: is longer than {MAX_LENGTH} characters")
    try:
        source = _TOKEN.sub(_as_python, text.strip())
        judge = _Reader(text, known, source).condition(ast.parse(source, mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is nested too deep"
        raise ValueError(
            f"--where={clipped(text)}: cannot be read ({reason}); write it like "
            "'optimizer.lr < 0.1 and status == done'"
        ) from None
    return lambda fields: judge(fields) is True


def _as_python(token: re.Match[str]) -> str:
    quoted, word = token.groups()
    if quoted:
        return str(quoted)
    if word is None:
        return "=="
    try:
        ast.literal_eval(word)
    except (SyntaxError, ValueError):
        return repr(word)  # an id, a date or a duration
    return str(word)


class _Reader:
    """Turns a tree of Python's grammar into a condition; what has no meaning here is refused."""

    def __init__(self, text: str, known: Names, source: str) -> None:
        self._text, self._known, self._source = text, known, source
        self._exact = {name for name in known.full if "." in name or "/" in name}

    def condition(self, node: ast.expr) -> Judge:
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = [self.condition(value) for value in values]
                decisive = isinstance(op, ast.Or)  # the answer that decides
                return lambda fields: _joined([part(fields) for part in parts], decisive)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.condition(operand)
                return lambda fields: None if (answer := inner(fields)) is None else not answer
            case ast.Compare(left=left, ops=ops, comparators=right):
                nodes = [left, *right]
                pairs = [
                    self._comparison(op, nodes[index], nodes[index + 1])
                    for index, op in enumerate(ops)
                ]
                return lambda fields: _joined([pair(fields) for pair in pairs], False)
        raise self._refusal(node, "is no comparison")

    def _comparison(self, op: ast.cmpop, left: ast.expr, right: ast.expr) -> Judge:
        first = self._field(left)
        # Behind a field a bare word is text, though it be the last part of a key.
        word = _dotted(right)
        second = self._field(right) if first is None else word if word in self._exact else None
        if first is None and second is None:
            named = _dotted(left) or _dotted(right)
            if named is None:
                raise self._refusal(left, "names no field")
            raise ValueError(
                f"--where={clipped(self._text)}: {clipped(named)}: no listed run has such a field"
                f"{closest(named, self._known.full) or closest(named, self._known.short)}"
            )
        is_duration = first in _DURATIONS or second in _DURATIONS
        is_id = "id" in (first, second)
        values = [
            None
            if name
            else self._id(node)
            if is_id
            else self._value(node, is_duration=is_duration)
            for name, node in ((first, left), (second, right))
        ]

        def fits(fields: Mapping[str, Any]) -> bool | None:
            pair = []
            for name, value in zip((first, second), values, strict=True):
                if name is not None and name not in fields:
                    return None
                pair.append(fields[name] if name else value)
            return _compare(op, *pair)

        return fits

    def _field(self, node: ast.expr) -> str | None:
        """Return the field a node names, whole or by its last part."""
        name = _dotted(node)
        fits = () if name is None else self._known.fits(name)
        if len(fits) > 1:
            raise ValueError(f"--where={clipped(self._text)}: {name} is one of {', '.join(fits)}")
        return fits[0] if fits else None

    def _id(self, node: ast.expr) -> Any:
        """Return ids as they were written: 2e34 and 4fhz/3 are text."""
        if isinstance(node, ast.List | ast.Tuple):
            return [self._id(part) for part in node.elts]
        written = ast.get_source_segment(self._source, node) or ""
        return re.sub(r"[\s'\"]", "", written)

    def _value(self, node: ast.expr, *, is_duration: bool) -> Any:
        word = _dotted(node)
        if word is not None:
            return _CONSTANTS.get(word, word)
        match node:
            case ast.Constant(value=str(text)) if is_duration and seconds(text) is not None:
                return seconds(text)
            case ast.Constant(value=value) if isinstance(value, str | int | float | None):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return [self._value(part, is_duration=is_duration) for part in parts]
        raise self._refusal(node, "is neither a field nor a value")

    def _refusal(self, node: ast.expr, reason: str) -> ValueError:
        return ValueError(
            f"--where={clipped(self._text)}: {clipped(ast.unparse(node))} {reason}; write it like "
            "'optimizer.lr < 0.1 and status == done'"
        )


def _dotted(node: ast.expr) -> str | None:
    """Return ``optimizer.lr`` and ``val/accuracy`` as they were written, or None."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr=name):
            before = _dotted(inner)
            return f"{before}.{name}" if before else None
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            parts = _dotted(left), _dotted(right)
            return f"{parts[0]}/{parts[1]}" if all(parts) else None
    return None


def _compare(op: ast.cmpop, left: Any, right: Any) -> bool | None:
    match op:
        case ast.Eq() | ast.Is():
            return bool(left == right)
        case ast.NotEq() | ast.IsNot():
            return bool(left != right)
        case ast.In() | ast.NotIn():
            inside = left in right if isinstance(right, list) else str(left) in str(right)
            return inside is isinstance(op, ast.In)
    both = [isinstance(value, int | float) for value in (left, right)]
    texts = [isinstance(value, str) for value in (left, right)]
    return bool(_ORDER[type(op)](left, right)) if all(both) or all(texts) else None


def _joined(answers: Sequence[bool | None], decisive: bool) -> bool | None:
    """Join answers by ``or``, of which True decides, or by ``and``, of which False does."""
    if decisive in answers:
        return decisive
    return None if None in answers else not decisive
