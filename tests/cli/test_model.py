"""A model looked at."""

from __future__ import annotations

import pytest

from tests.conftest import Call

pytestmark = pytest.mark.usefixtures("here")


def test_model_show_draws_the_graph_of_a_step(call: Call) -> None:
    shown = call("model", "show", "model=mlp", "model.hidden=[4]")
    assert "parameters  17" in shown.out
    passes = [line.split()[0] for line in shown.out.splitlines()[5:]]
    assert passes.index("forward") < passes.index("backward") < passes.index("update")
    assert passes[-1] == "step"
