"""Runs as JSON, for programs: what their records say, and what lists show of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from dltrain.runs.compare.listing import Row, rows
from dltrain.runs.find import members
from dltrain.runs.record import as_json
from dltrain.runs.run import Run

HELP = "print it as JSON: id, status, ... (the fields of runs ls), of one run its record as well"


def rows_facts(listed: Sequence[Row]) -> list[dict[str, Any]]:
    """Return all fields of each run that it has."""
    return [{k: value for k, value in row.fields.items() if value is not None} for row in listed]


def run_facts(run: Run) -> dict[str, Any]:
    """Return a run's fields, its record and, of a sweep, its members."""
    [row] = rows([run], numbered=False)
    facts: dict[str, Any] = {
        "fields": rows_facts([row])[0],
        "record": run.info,
        "folder": str(run.folder),
    }
    if run.is_sweep:
        facts["members"] = rows_facts(rows(members(run), numbered=False))
    return facts


def write(facts: Any) -> None:
    """Print it; escaped, so that nothing in it is obeyed by a terminal."""
    plain = json.loads(as_json({"all": facts}))["all"]
    sys.stdout.write(f"{json.dumps(plain, indent=2)}\n")
