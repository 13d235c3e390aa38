"""What the tests of reports share: runs and sweeps of every kind, and the facts of a page."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from dltrain.runs.record import read_record
from tests.conftest import write_record
from tests.sweep.helpers import carry_out

SAMPLE = (
    "data=fashion_mnist",
    "data.source=sample",
    "device=cpu",
    "trainer.epochs=3",
    "optimizer=sgd",
    "trainer.keep=last",
    "trainer.metric=null",
)
TABLE = (
    *("data=csv", "data.target=y", "data.test_fraction=0.25", "device=cpu"),
    *("optimizer=sgd", "trainer.epochs=3"),
)
# What a stranger may call a class, a column, a run; and what he may say.
CLASSES = ("</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>", "&lt;b&gt;")
COLUMN = "<a href='javascript:alert(3)'>x</a>"
LABEL = "<b onclick=alert(4)>label</b>\x1b[31m\u202e"
MESSAGE = "</script><!--<script>alert(5)//\x07"


def write_table(path: Path, *, names: tuple[str, ...] = (), column: str = "x") -> None:
    """Write a table of 200 rows: classes of these names, or amounts."""
    random = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow([column, "colour", "y"])
        for number in range(200):
            x, colour = random.normal(3, 2), ["red", "green", ""][number % 3]
            amount = 5 * x + random.normal()
            table.writerow([x, colour, names[number % len(names)] if names else amount])


def trained(folder: Path, *words: str) -> str:
    """Train in a folder; return the id of what came out."""
    before = set((folder / "outputs").glob("*"))
    shown = carry_out(folder, *words)
    assert shown.code == 0, shown
    [path] = set((folder / "outputs").glob("*")) - before
    return path.name


def hostile(folder: Path) -> str:
    """Train a run whose names, label and message are a stranger's."""
    write_table(folder / "hostile.csv", names=CLASSES, column=COLUMN)
    name = trained(folder, "model=softmax", "data.path=hostile.csv", *TABLE)
    run = folder / "outputs" / name
    (run / "label.txt").write_text(LABEL)
    info = read_record(run / "run.json")
    info["result"]["message"] = MESSAGE
    info["versions"][f"<i>{MESSAGE}"] = MESSAGE
    info["overrides"].append(f"seed={MESSAGE}")
    write_record(run / "run.json", info)
    return name


def facts_of(page: Path) -> dict[str, Any]:
    """Read what stands in a page."""
    [text] = re.findall(
        r'<script type="application/json" id="facts">(.*?)</script>', page.read_text()
    )
    facts: dict[str, Any] = json.loads(text)
    return facts


def section(facts: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the blocks of a section."""
    [blocks] = [part["blocks"] for part in facts["sections"] if part["name"] == name]
    return list(blocks)


def block(facts: dict[str, Any], name: str, kind: str) -> dict[str, Any]:
    """Return a section's first block of a kind."""
    return next(each for each in section(facts, name) if each["kind"] == kind)
