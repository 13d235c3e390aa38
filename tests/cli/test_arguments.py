"""What all verbs share: a flag is given once, and a key is set once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Call


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--config-dir", "a", "--config-dir=b"], "--config-dir: is given twice, with a and b"),
        (["config", "show", "--config-name=a", "--config-name=b"], "--config-name: is given twice"),
        (["runs", "--sort", "x", "--sort", "y"], "--sort: is given twice, with x and y; keep one"),
        (["data", "--rows", "5", "--rows", "6"], "--rows: is given twice, with 5 and 6"),
        (["--cfg", "job", "-c", "job"], "--cfg: is given twice, with job and job"),
        (["optimizer.lr=0.1", "optimizer.lr=0.2"], "optimizer.lr: is set twice, to 0.1 and 0.2"),
        (["bench", "seed=1", "seed=1"], "seed=1: is set twice; leave out the others"),
        (["data", "model=mlp", "model=linear"], "model: is set twice, to mlp and linear"),
        (["config", "show", "seed=1", "seed=2"], "seed: is set twice, to 1 and 2"),
        (["config", "why", "seed", "seed=1", "seed=2"], "seed: is set twice, to 1 and 2"),
        (["resume", "x", "trainer.epochs=3", "trainer.epochs=4"], "trainer.epochs: is set twice"),
        (["rerun", "x", "seed=3", "seed=4"], "seed: is set twice, to 3 and 4"),
        (["runs", "rm", "x", "output_dir=a", "output_dir=b"], "output_dir: is set twice"),
        (["evaluate", "x", "output_dir=a", "output_dir=b"], "output_dir: is set twice"),
        (["-m", "seed=1,2", "seed=3"], "seed: is set twice, to 1,2 and 3"),
    ],
)
def test_nothing_is_told_twice(words: list[str], line: str, call: Call, here: Path) -> None:
    shown = call(*words)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith(f"dltrain: error: {line}")
    assert shown.err.count("\n") == 1
    assert list(here.iterdir()) == []
