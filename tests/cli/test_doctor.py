"""dltrain doctor: what it says of a machine."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from dltrain.cli.doctor import PORTABLE, TRAINED
from tests.conftest import whole_command


@pytest.mark.proof
def test_doctor_prints_digests_that_two_people_can_compare(here: Path) -> None:
    shown = whole_command("doctor", folder=here)
    assert (shown.code, shown.err) == (0, "")
    [row] = re.findall("^portable +(.*)", shown.out, re.MULTILINE)
    digests = dict(re.findall(r"(\w+) ([0-9a-f]{8})\b", row))
    assert list(digests) == list(TRAINED)
    words = (*TRAINED["mlp"], *PORTABLE, "device.threads=2")
    assert whole_command(*words, folder=here).code == 0
    [metrics] = here.glob("outputs/*/metrics.csv")
    assert hashlib.md5(metrics.read_bytes()).hexdigest()[:8] == digests["mlp"]
    assert re.search("^training +10 epochs of linear regression, ", shown.out, re.MULTILINE)
