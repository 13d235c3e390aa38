"""A command that is ended while it still imports says so in one line and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Call, Shown, sparse, tree
from tests.system.test_signals import SMALL

# Runs a command that gets a signal as soon as it looks for a module.
AT_IMPORT = """
import os, sys

class Watcher:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            os.kill(os.getpid(), number)

number, wanted = int(sys.argv.pop(1)), sys.argv.pop(1)
sys.meta_path.insert(0, Watcher())
from dltrain.cli.entry import main
main()
raise SystemExit(f"{wanted} was never imported")
"""
EARLY = ["dltrain.cli.main", "dltrain.system.signals", "traceback", "rich.console"]
LATER = ["hydra", "yaml", "antlr4", "dltrain.cli.train", "dltrain.train.session"]
TORCH = ["torch", "numpy", "numpy._core._multiarray_umath", "torch._C", "torch.nn", "torch.optim"]


def at_import(number: int, module: str, *words: str, folder: Path) -> Shown:
    line = [sys.executable, "-c", AT_IMPORT, str(int(number)), module, *words]
    result = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    return Shown(result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize("module", sparse([*EARLY, *LATER, *TORCH]))
def test_ctrl_c_during_an_import_is_one_line(module: str, here: Path) -> None:
    shown = at_import(signal.SIGINT, module, *SMALL, folder=here)
    assert shown == Shown(130, "", "dltrain: error: interrupted\n")
    assert tree(here) == []


@pytest.mark.parametrize("module", ["dltrain.cli.main", "torch"])
def test_a_batch_systems_signal_has_its_own_code(module: str, here: Path) -> None:
    shown = at_import(signal.SIGTERM, module, *SMALL, folder=here)
    assert shown == Shown(143, "", "dltrain: error: interrupted\n")
    assert tree(here) == []


@pytest.mark.parametrize(
    ("words", "module"),
    sparse(
        [
            (["evaluate", "latest"], "torch"),
            (["predict", "latest", "--data", "-"], "torch"),
            (["resume", "latest", "trainer.epochs=3"], "torch"),
            (["report", "latest"], "torch"),
            (["runs", "plot", "latest"], "matplotlib"),
            (["runs", "plot", "latest"], "torch"),
            (["runs"], "dltrain.runs.compare.listing"),
            (["bench"], "torch"),
            (["config", "show"], "dltrain.config.locations"),
            (["doctor"], "torch"),
        ]
    ),
)
def test_every_verb_ends_so(words: list[str], module: str, call: Call, here: Path) -> None:
    assert call(*SMALL).code == 0
    before = tree(here)
    shown = at_import(signal.SIGINT, module, *words, folder=here)
    assert (shown.code, shown.err) == (130, "dltrain: error: interrupted\n")
    new = [name for name in tree(here) if name not in before]
    assert all(name.endswith((".png", "/plots")) for name in new)  # a picture that was whole


def test_a_signal_that_is_ignored_stays_ignored(here: Path) -> None:
    """A shell script has it ignored for what it starts in the background."""
    line = [sys.executable, "-c", AT_IMPORT, str(int(signal.SIGINT)), "dltrain.cli.main"]
    ignoring = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *line, "--version"]
    result = subprocess.run(ignoring, cwd=here, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("dltrain ")
