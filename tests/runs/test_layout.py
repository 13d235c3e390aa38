"""What lies in a run folder is called by one module, and a run writes nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import dltrain
from dltrain.runs import layout
from tests.conftest import tree
from tests.sweep.helpers import SMALL, carry_out

TEXTS = {text for text in vars(layout).values() if isinstance(text, str)}
NAMES = {
    text for text in TEXTS if re.fullmatch(r"[a-z/]+\.(json|jsonl|csv|yaml|log|txt|png)", text)
}


def test_no_other_module_spells_a_files_name_out() -> None:
    assert {"run.json", "metrics.csv", "plots/curves.png"} <= NAMES
    spelt = set()
    for file in Path(dltrain.__file__).parent.rglob("*.py"):
        nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
        spelt |= {file.name for name in NAMES & texts}
    assert spelt == {"layout.py"}


def test_all_that_runs_and_sweeps_leave_is_named(tmp_path: Path) -> None:
    tracked = ("tracking.tensorboard=true", "tracking.curves=true")
    assert carry_out(tmp_path, *SMALL, *tracked).code == 0
    assert carry_out(tmp_path, "-m", *SMALL, "seed=0,1").code == 0
    known = {text.partition("/")[0] for text in TEXTS}
    for folder in (tmp_path / "outputs").iterdir():
        names = [re.sub(r"^members/\d{4}/?", "", name) for name in tree(folder)]
        assert {name.partition("/")[0] for name in names if name} <= known


@pytest.mark.parametrize(
    ("epoch", "step", "name"),
    [(3, None, "epoch-000003.safetensors"), (3, 700, "epoch-000003-step-00000700.safetensors")],
)
def test_the_name_of_a_state_tells_how_far_it_is(epoch: int, step: int | None, name: str) -> None:
    assert layout.checkpoint_name(epoch, step) == name
    found = layout.CHECKPOINT.fullmatch(name)
    assert found is not None
    assert (int(found[1]), found[2] and int(found[2])) == (epoch, step)
