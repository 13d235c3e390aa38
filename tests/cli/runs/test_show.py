"""One run shown."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import Call


def test_a_run_is_shown_with_its_curves(there: Path, call: Call) -> None:
    out = call("runs", "show", "@1").out
    assert re.search(r"^loss  train  val +rmse  train  val", out, re.MULTILINE)
    assert re.search(r"^ +1 +epoch +3 +1 +epoch +3$", out, re.MULTILINE)
    assert not re.search(r"^loss  train", call("runs", "show", "@2").out, re.MULTILINE)  # 1 epoch
