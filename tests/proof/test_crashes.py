"""Kill it anywhere, cut the power, fill the disk: a run that is resumed comes to the same bytes."""

from __future__ import annotations

import pytest

from tests.torture import crashes, kills

pytestmark = pytest.mark.proof


def test_whatever_call_of_the_disk_is_disturbed_the_run_goes_on_to_the_same_bytes() -> None:
    crashes.prove(["mlp, adam"], whole=False).check()


def test_kills_at_random_moments_cost_nothing_but_time() -> None:
    kills.prove_kills(100).check()


def test_processes_that_are_killed_go_on_to_the_same_bytes() -> None:
    kills.prove_real_kills(10).check()


def test_signals_at_random_moments_keep_the_very_step() -> None:
    kills.prove_signals(10).check()
