"""dltrain config show."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Call

pytestmark = pytest.mark.usefixtures("here")


def test_describe_says_what_each_key_is(call: Call) -> None:
    chosen, others = call("config", "show", "--describe").out.split("\n\n")
    assert chosen.split()[:4] == ["key", "value", "allowed", "meaning"]
    rows = {line.split()[0]: line for line in chosen.splitlines()}
    assert re.search(r"0\.1 +at least 0 +learning rate *$", rows["optimizer.lr"])
    assert re.search(r"auto +auto, cpu, cuda +auto takes the GPU", rows["device.type"])
    listed = {tuple(line.split()[:2]) for line in others.splitlines()}
    assert ("optimizer=adam", "optimizer.betas") in listed
    assert ("optimizer=sgd", "optimizer.lr") not in listed  # it is chosen, so it is above
    assert not [key for _, key in listed if key.endswith(".kind")]  # which nobody can set
