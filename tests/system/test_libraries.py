"""What libraries are told before torch is loaded, and what comes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dltrain.sweep.plan import PlanError
from dltrain.system.libraries import prepare, settle
from dltrain.train.device import choose
from tests.conftest import Call, command, whole_command
from tests.sweep.helpers import members, planned, record

WORDS = ("model=mlp", "model.hidden=[16]", "data=fashion_mnist", "data.source=sample")
PORTABLY = (*WORDS, "device=cpu", "device.portable=true", "trainer.epochs=2")


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    prepare()
    assert os.environ["MKL_CBWR"] == "COMPATIBLE"
    assert "GOMP_SPINCOUNT" not in os.environ


def test_else_they_are_told_to_be_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MKL_CBWR", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    prepare()
    assert (os.environ["MKL_CBWR"], os.environ["GOMP_SPINCOUNT"]) == ("AUTO,STRICT", "10000")


def test_every_way_to_start_tells_them(here: Path) -> None:
    script = Path(sys.executable).parent / "dltrain"
    code = (
        "import os, runpy; from dltrain.cli import main\n"
        "main.run = lambda words: print(os.environ['MKL_CBWR']) or 0\n"
        "runpy.run_module('dltrain', run_name='__main__')"
    )
    environment = {name: text for name, text in os.environ.items() if name != "MKL_CBWR"}
    shown = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "AUTO,STRICT\n"
    assert "dltrain.cli.entry import main" in script.read_text()


def test_where_torch_is_loaded_already_it_is_said(here: Path, call: Call) -> None:
    with pytest.raises(ValueError, match="torch is loaded already"):
        settle(portable=True)
    shown = call("device.portable=true")
    assert shown.code == 2
    told = "set MKL_CBWR=AVX2,STRICT ATEN_CPU_CAPABILITY=avx2 before Python starts"
    assert told in shown.err
    assert not (here / "outputs").exists()
    settle(portable=False)


@pytest.mark.proof
def test_a_portable_run_is_the_same_alone_in_a_sweep_and_on_any_threads(here: Path) -> None:
    for name, more in (("one", "device.threads=1"), ("two", "device.threads=2")):
        shown = whole_command(*PORTABLY, more, f"output_dir={name}", folder=here)
        assert shown.code == 0, shown.err
    rates = "optimizer.lr=0.1,0.2"
    assert whole_command("-m", *PORTABLY, rates, "output_dir=sweep", folder=here).code == 0
    [sweep] = (here / "sweep").glob("*_sweep_*")
    folders = [*here.glob("one/*mlp*"), *here.glob("two/*mlp*"), members(sweep)[0]]
    metrics = {(folder / "metrics.csv").read_bytes() for folder in folders}
    assert (len(folders), len(metrics)) == (3, 1)
    shown = whole_command("evaluate", "latest", "--json", "output_dir=one", folder=here)
    assert (shown.code, shown.err) == (0, "")


def test_what_the_user_has_told_them_is_recorded_and_must_hold_when_a_run_goes_on(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    assert command("trainer.epochs=2", folder=here).code == 0
    [run] = (here / "outputs").glob("*linear*")
    assert record(run)["cpu"].endswith(" with MKL_CBWR=COMPATIBLE")
    monkeypatch.delenv("MKL_CBWR")
    shown = command("resume", "latest", "trainer.epochs=3", folder=here)
    assert (shown.code, shown.err.count("\n")) == (2, 1)
    assert "with MKL_CBWR=COMPATIBLE and is " in shown.err


def test_one_sweep_is_portable_or_not(here: Path) -> None:
    with pytest.raises(PlanError, match="one sweep has one value"):
        planned(*WORDS, "device.portable=true,false")


def test_a_gpu_is_not_portable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    says = "device.portable=true: needs device=cpu and AVX2, and this is a GPU"
    with pytest.raises(ValueError, match=says):
        choose("auto", threads=None, deterministic=False, portable=True)
