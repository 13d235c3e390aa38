"""Filters of the list: read with Python's grammar, never run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltrain.runs.compare.field_names import Names
from dltrain.runs.compare.filters import condition, seconds

RUN: dict[str, Any] = {
    "status": "done",
    "label": "first try",
    "age": 7200.0,
    "optimizer.lr": 0.1,
    "model.hidden": [256, 128],
    "optimizer.nesterov": False,
    "val/accuracy": 0.83,
    "seed": 3,
    "id": "6vsf",
    "started": "2026-11-25T02:00:00+00:00",
}
KNOWN = Names.of([dict.fromkeys([*RUN, "test/rmse", "data.seed"])])


@pytest.mark.parametrize(
    "text",
    [
        "optimizer.lr < 0.2",
        "lr <= 0.1 and seed == 3",
        "0.05 < lr < 0.2",
        "val/accuracy > 0.8",
        'status == "done"',
        "status == done",
        "status=done",
        "status != failed",
        "status in (done, failed)",
        "'try' in label",
        "label == 'first try'",
        "not seed == 4",
        "(seed == 4 or seed == 3) and age < 1d",
        "age > 1.5h",
        "hidden == [256, 128]",
        "nesterov == false",
        "seed > -1",
        "status == 'done' # a remark",
        "id == 6vsf",
        "label != seed",  # behind a field a bare word is text
        "started > 2026-01-01",
        "not test/rmse < 1 or seed == 3",
    ],
)
def test_a_filter_fits(text: str) -> None:
    assert condition(text, KNOWN)(RUN) is True


@pytest.mark.parametrize(
    "text",
    [
        "lr < 0.1",
        "status == failed",
        "status not in [done]",
        "test/rmse < 1",  # this run has none
        "test/rmse >= 0 or not test/rmse != 1 and seed == 4",
        "label < 3",  # a text is neither less nor more than a number
        "age < 2h and age > 2h",
        "not test/rmse < 1",  # unknown stays unknown
        "not label < 3",
        "label == 2d",
    ],
)
def test_a_filter_does_not_fit(text: str) -> None:
    assert condition(text, KNOWN)(RUN) is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lrr < 0.1", "lrr: no listed run has such a field; did you mean optimizer.lr?"),
        ("val/acuracy > 0.8", "val/acuracy: no listed run has such a field; did you mean val/acc"),
        ("nesterov", "nesterov is no comparison; write it like"),
        ("1 < 2", "1 names no field"),
        ("lr <", "cannot be read (invalid syntax); write it like"),
        ("lr < open('x')", "open('x') is neither a field nor a value"),
        ("lr < __import__('os').getpid()", "is neither a field nor a value"),
        ("(lambda: 1)() == lr", "is neither a field nor a value"),
        ("lr < {1: 2}[1]", "is neither a field nor a value"),
        ("lr < 9**9**9", "is neither a field nor a value"),
        ("(" * 400 + "lr" + ")" * 400 + " < 1", "cannot be read ("),
        ("lr < 1" + " " * 1000, "is longer than 1000 characters"),
        ("lr < 1\0", "cannot be read ("),
    ],
)
def test_what_is_no_filter_is_refused_in_a_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^--where=") as caught:
        condition(text, KNOWN)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_last_part_that_several_fields_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"kind is one of model\.kind, optimizer\.kind"):
        condition("kind == sgd", Names.of([dict.fromkeys(["model.kind", "optimizer.kind"])]))


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        fits = condition(text, KNOWN)
    except ValueError:
        return
    assert fits(RUN) in (True, False)


@pytest.mark.parametrize(
    ("text", "found"),
    [("30d", 2_592_000), ("1.5h", 5400), ("90s", 90), ("2w", 1_209_600), ("5min", 300)],
)
def test_a_duration_is_read(text: str, found: float) -> None:
    assert seconds(text) == found


@pytest.mark.parametrize("text", ["", "d", "3", "-3d", "3 d", "3y", "1e9d", "\u0663d"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert seconds(text) is None
