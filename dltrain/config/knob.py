"""What a knob is: the bounds and the meaning of one value of a config; and a problem with one."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Knob:
    """The bounds and the meaning of one value; bounds on a list hold for each element."""

    meaning: str
    unit: str = ""
    ge: float = -math.inf
    gt: float = -math.inf
    le: float = math.inf
    lt: float = math.inf
    min_length: int = 0
    max_length: int | None = None
    stacks: bool = False  # members of one stack may differ in it
    # a step has a part that is not there at 0 or null: on and off do not stack with each other
    optional: bool = False
    form: str = ""  # a regular expression that text must match
    example: str = ""  # of such texts, in words
    whole: bool = False  # a comma within it belongs to it, so there is no list of them
    raw: bool = False  # the text after "=" is the value, whatever Hydra's grammar makes of it

    def problem(self, value: object) -> str | None:
        """Say what is wrong with a value of the right type, or return None."""
        if isinstance(value, Sequence) and not isinstance(value, str):
            if len(value) < self.min_length:
                return f"needs at least {self.min_length} value(s)"
            if self.max_length is not None and len(value) > self.max_length:
                return f"takes at most {self.max_length} value(s)"
            problems = (self.problem(element) for element in value)
            return next((text for text in problems if text), None)
        if isinstance(value, str) and self.form and not re.fullmatch(self.form, value, re.ASCII):
            return f"must be {self.example}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if isinstance(value, float) and not math.isfinite(value):
            return "must be a finite number"
        inside = self.ge <= value <= self.le and self.gt < value < self.lt
        return None if inside else f"must be {self.allowed()}"

    def allowed(self) -> str:
        """Describe the bounds in words."""
        bounds = [("at least", self.ge), ("greater than", self.gt)]
        bounds += [("at most", self.le), ("less than", self.lt)]
        return " and ".join(
            f"{word} {bound:,.0f}"
            if bound == round(bound) and abs(bound) < 1e15
            else f"{word} {bound:g}"
            for word, bound in bounds
            if math.isfinite(bound)
        )


def knob(meaning: str, **bounds: Any) -> Any:
    """Declare a field of a config class: its meaning and its bounds, never its value."""
    return dataclasses.field(metadata={"knob": Knob(meaning, **bounds)})


@functools.cache
def knobs(cls: Any) -> dict[str, tuple[Any, Knob]]:
    """List the fields of a config class: name -> (type, knob)."""
    hints = typing.get_type_hints(cls)
    return {
        field.name: (hints[field.name], field.metadata["knob"]) for field in dataclasses.fields(cls)
    }


@dataclass(frozen=True)
class Problem:
    """A key and what to do about it; ``load.py`` adds the value and where it came from."""

    key: str
    message: str
