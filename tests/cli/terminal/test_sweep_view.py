"""The live view of a sweep: leaders and a bar on a terminal, lines in a pipe."""

from __future__ import annotations

import io
import math

import pytest
import rich.console

from dltrain.cli.terminal import sweep_view as room
from dltrain.cli.terminal.console import output
from dltrain.cli.terminal.sweep_view import SweepView
from dltrain.config.load import load
from dltrain.config.overrides import Overrides
from dltrain.sweep.plan import Member

CONFIG = load()


def member(index: int, **setting: str) -> Member:
    return Member(index, Overrides(), setting, CONFIG)


MEMBERS = [member(i, **{"optimizer.lr": f"0.{i + 1}"}) for i in range(12)]


def view(console: rich.console.Console, *, metric: str = "val/loss") -> SweepView:
    return SweepView(console, members=MEMBERS, steps=1200, metric=metric)


def piped(*, metric: str = "val/loss") -> tuple[SweepView, io.StringIO]:
    file = io.StringIO()
    return view(output(file), metric=metric), file


def terminal(width: int = 100) -> tuple[rich.console.Console, io.StringIO]:
    file = io.StringIO()
    console = rich.console.Console(
        file=file, force_terminal=True, markup=False, emoji=False, width=width, height=40
    )
    return console, file


def test_members_trained_together_are_named_by_number() -> None:
    shown, file = piped()
    shown.trained([MEMBERS[i] for i in (0, 1, 2, 5, 7, 8)], 2.0)
    shown.trained([MEMBERS[3]], 0.5)
    assert file.getvalue().splitlines() == [
        "trained members 0-2, 5, 7-8 together in 2.00 s",
        "trained member 3 in 0.50 s",
    ]


def test_many_numbers_are_cut() -> None:
    members = [member(2 * i) for i in range(20)]
    shown, file = piped()
    shown.trained(members, 1.0)
    assert file.getvalue().startswith(
        "trained members 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, ... "
    )


def test_a_failure_is_told_at_once_with_its_reason() -> None:
    shown, file = piped()
    shown.failed([MEMBERS[3]], "RuntimeError: no\x1b[31m luck [red]")
    shown.failed([member(0)], "it was killed")
    assert file.getvalue().splitlines() == [
        r"FAILED member 3 (optimizer.lr=0.4): RuntimeError: no\x1b[31m luck [red]",
        "FAILED member 0: it was killed",
    ]


def test_members_that_nobody_is_to_blame_for_fail_in_one_line() -> None:
    shown, file = piped()
    shown.failed(MEMBERS[2:5], "the data changed")
    assert file.getvalue() == "FAILED members 2-4: the data changed\n"


def test_a_note_is_a_line() -> None:
    shown, file = piped()
    shown.note("2 members are finished already")
    assert file.getvalue() == "note: 2 members are finished already\n"


def test_a_pipe_hears_nothing_of_progress_at_first() -> None:
    shown, file = piped()
    with shown.watching():
        shown.progress(600, {0: (3, 0.5)})
    assert file.getvalue() == ""


def test_a_pipe_hears_now_and_then_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LINE_SECONDS", 0.0)
    shown, file = piped(metric="val/accuracy")
    with shown.watching():
        shown.progress(0, {})
        shown.trained(MEMBERS[:2], 1.0)
        shown.failed([MEMBERS[2]], "x")
        shown.progress(600, {0: (3, 0.5), 1: (3, 0.75), 2: (3, None)})
    lines = file.getvalue().splitlines()
    assert lines[0] == "  0 %  0/12 trained"
    assert lines[-1] == (
        " 50 %  2/12 trained, 1 failed; leading: val/accuracy 0.75 at epoch 3, optimizer.lr=0.2"
    )


def test_of_folds_none_is_said_to_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are validated on other rows each; the next one may just have easier ones."""
    monkeypatch.setattr(room, "LINE_SECONDS", 0.0)
    folds, file = [member(i, **{"data.fold": str(i)}) for i in range(3)], io.StringIO()
    shown = SweepView(output(file), members=folds, steps=1200, metric="val/accuracy")
    with shown.watching():
        shown.progress(600, {0: (3, 0.5), 1: (3, 0.75)})
    assert file.getvalue() == " 50 %  0/3 trained\n"
    console, screen = terminal()
    shown = SweepView(console, members=folds, steps=1200, metric="val/accuracy")
    with shown.watching():
        shown.progress(600, {0: (3, 0.5), 1: (3, 0.75)})
    text = screen.getvalue()
    assert text.index("0.5") < text.index("0.75")


@pytest.mark.parametrize(
    ("metric", "order"), [("val/loss", [2, 0, 1]), ("val/accuracy", [1, 0, 2])]
)
def test_a_terminal_shows_the_leaders_best_first(metric: str, order: list[int]) -> None:
    console, file = terminal()
    shown = view(console, metric=metric)
    with shown.watching():
        shown.progress(300, {0: (1, 0.5), 1: (1, 0.9), 2: (2, 0.1), 3: (2, None)})
    lines = [line.split() for line in file.getvalue().replace("\x1b[2K", "").splitlines()]
    rows = [line[0] for line in lines if len(line) == 4 and line[0].isdigit()]
    assert [int(row) for row in rows[:3]] == order
    assert "25 %" in file.getvalue()
    assert "0/12 trained" in file.getvalue()


def test_a_terminal_shows_the_first_eight_only() -> None:
    console, file = terminal()
    shown = view(console)
    with shown.watching():
        shown.progress(300, {i: (1, float(i)) for i in range(12)})
    assert "0.8" in file.getvalue()
    assert "0.9" not in file.getvalue()


def test_a_terminal_without_values_shows_the_bar_only() -> None:
    console, file = terminal()
    shown = view(console)
    with shown.watching():
        shown.progress(0, {})
    assert "optimizer.lr" not in file.getvalue()
    assert "0 %" in file.getvalue()


@pytest.mark.parametrize("value", [math.nan, math.inf, -1e300])
def test_any_value_can_be_shown(value: float) -> None:
    console, _ = terminal(width=20)
    shown = view(console)
    with shown.watching():
        shown.progress(10, {0: (1, value), 1: (1, 0.5)})


def test_lines_are_told_above_the_bar_too() -> None:
    console, file = terminal()
    shown = view(console)
    with shown.watching():
        shown.trained(MEMBERS[:1], 1.0)
        shown.failed([MEMBERS[1]], "no luck")
    assert "trained member 0 in 1.00 s" in file.getvalue()
    assert "FAILED member 1 (optimizer.lr=0.2): no luck" in file.getvalue()


class Closed(io.StringIO):
    """A terminal that has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


def test_a_reader_that_has_gone_does_not_stop_the_sweep() -> None:
    shown = view(output(Closed()))
    shown.note("nobody listens")
    shown.trained(MEMBERS, 1.0)
    shown.failed([MEMBERS[0]], "nobody listens")


def test_a_resumed_sweep_begins_with_what_was_finished() -> None:
    file = io.StringIO()
    shown = SweepView(
        output(file),
        members=MEMBERS,
        finished=6,
        steps=1200,
        metric="val/loss",
    )
    shown._next_line = 0.0
    shown.progress(600.0, {})
    assert file.getvalue() == " 50 %  6/12 trained\n"
