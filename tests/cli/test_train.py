"""One run trained: what it says, what it leaves, and how it ends."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from dltrain.config.compose import CONF
from dltrain.config.load import load
from dltrain.runs.find import list_runs
from dltrain.text import figure
from tests.cli.conftest import record
from tests.conftest import Call
from tests.torture.forks import program

pytestmark = pytest.mark.usefixtures("here")

EXPERIMENTS = [
    str(file.relative_to(CONF / "experiment").with_suffix(""))
    for file in sorted((CONF / "experiment").rglob("*.yaml"))
]
QUICK = ("book/house_tiny", "book/linear_regression")


def test_every_kind_of_model_trains(here: Path, call: Call) -> None:
    (here / "t.csv").write_text(
        "a,y\n" + "".join(f"{i},{'no' if i < 20 else 'yes'}\n" for i in range(40))
    )
    table = ["data=csv", "data.path=t.csv", "data.target=y", "trainer.epochs=2"]
    for words in (["model=softmax"], ["model=mlp", "model.hidden=[4]", "optimizer=adam"]):
        shown = call(*table, *words, f"output_dir={words[0]}")
        assert (shown.code, shown.err) == (0, "")
        assert record(here / words[0])["result"]["kept"].keys() >= {"test/loss", "test/accuracy"}


def test_least_squares_finds_the_weights_in_one_step(here: Path, call: Call) -> None:
    shown = call("optimizer=least_squares")
    assert (shown.code, shown.err) == (0, "")
    info = record(here / "outputs")
    assert info["result"]["final"]["step"] == 1
    assert info["result"]["findings"]["w_error"] < 1e-3
    assert info["result"]["findings"]["exact_w_error"] < 1e-9


def test_a_run_that_diverges_ends_with_three_and_says_where(here: Path, call: Call) -> None:
    shown = call("optimizer.lr=1e9")
    assert shown.code == 3
    assert re.match(
        r"dltrain: error: diverged at epoch 1, step \d+: the loss is not finite", shown.err
    )
    assert shown.err.count("\n") == 1
    info = record(here / "outputs")
    assert (info["status"], info["exit_code"]) == ("diverged", 3)


def test_validating_less_often_still_records_the_validations(here: Path, call: Call) -> None:
    assert call("trainer.eval_interval=2", "trainer.epochs=4").code == 0
    [run] = list_runs(here / "outputs")
    found = [bool(row.get("val/loss")) for row in run.metrics()]
    assert found == [False, True, False, True]


@pytest.mark.parametrize(
    "name",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.proof)
        for name in EXPERIMENTS
    ],
)
def test_an_experiment_falls_into_the_published_bands(here: Path, call: Call, name: str) -> None:
    shown = call(f"experiment={name}")
    assert (shown.code, shown.err) == (0, "")
    expectations = load([f"experiment={name}"]).expect
    assert expectations
    if record(here / "outputs")["data"]["source"] == "sample":
        pytest.skip("the bands are those of all the images, which are not here")
    for expected in expectations:
        lines = [line.rstrip() for line in shown.out.splitlines()]
        ends = (expected.metric, expected.source)
        [line] = [x for x in lines if x.startswith(ends[0]) and x.endswith(ends[1])]
        assert figure(expected.published) in line.split()
        assert " yes " in line


@pytest.mark.parametrize("folder", ["runs", "my runs"])
def test_the_next_command_can_be_typed_as_it_is_shown(call: Call, folder: str) -> None:
    shown = call("trainer.epochs=1", f"output_dir={folder}")
    line = next(line for line in shown.out.splitlines() if line.startswith("next "))
    assert call(*shlex.split(line)[2:]).code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_after_the_step_and_keeps_whole_epochs(
    here: Path, number: signal.Signals, code: int
) -> None:
    line = [*shlex.split(program()), "trainer.epochs=1000000"]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        next(row for row in process.stdout if "/1000000" in row)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert re.fullmatch(
        r"dltrain: error: interrupted after step [\d,]+; dltrain resume \w{4} goes on from there\n",
        err,
    )
    [run] = list_runs(here / "outputs")
    assert (run.status, run.info["exit_code"]) == ("interrupted", code)
    assert (run.folder / "metrics.csv").read_bytes().endswith(b"\n")
    kept = sorted(file.name for file in (run.folder / "checkpoints").iterdir())
    assert kept[-1] == f"epoch-{int(run.metrics()[-1]['epoch']):06d}.safetensors"
