"""What a run folder holds for others: what may change by it, and what may not."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dltrain.config.compose import CONF
from dltrain.config.load import load
from dltrain.config.rules import problems
from dltrain.runs.find import find, list_runs, members
from dltrain.runs.provenance import config_of
from dltrain.runs.record import read_record
from tests.boards import HParams, points
from tests.conftest import Call, command, tree, write_record

SMALL = ("data.num_train=96", "data.num_val=32", "trainer.batch_size=16", "device.threads=1")
BOTH = ("tracking=tensorboard", "tracking.curves=true")
MLP = ("model=mlp", "model.hidden=[8]", "optimizer=adam", *SMALL)
TABLE = ("data=csv", "data.path=t.csv", "data.target=class", "model=softmax", "device.threads=1")
# What of a run's folder is there without tracking, and holds no clock.
SAME = ("metrics.csv", "coefficients.csv", "preparation.json")


def trained(call: Call, *words: str, code: int = 0) -> Path:
    """Train where one stands; return the newest folder."""
    shown = call(*words)
    assert shown.code == code, shown
    return max(Path("outputs").iterdir(), key=lambda folder: folder.stat().st_mtime_ns)


def lasting(run: Path) -> dict[str, bytes]:
    files = [*(run / name for name in SAME), *(run / "checkpoints").iterdir()]
    return {path.name: path.read_bytes() for path in files if path.exists()}


def assert_followed(run: Path) -> None:
    """Every number of metrics.csv is a point in TensorBoard, and there is no other of the kind."""
    __tracebackhide__ = True
    with open(run / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    found = points(run)
    for name in set(rows[0]) - {"epoch", "step"}:
        told = [row for row in rows if row[name]]
        values = [value for _, value in found.get(name, [])]
        assert values == pytest.approx([float(row[name]) for row in told], rel=1e-6), name
        assert [step for step, _ in found.get(name, [])] == [int(row["step"]) for row in told]
    tests = {name: value for name, value in found.items() if name.startswith("test/")}
    assert set(found) <= {*rows[0], *tests}
    result = read_record(run / "run.json")["result"]
    assert {n: v for n, [(_, v)] in tests.items()} == pytest.approx(
        {n: v for n, v in result["kept"].items() if n.startswith("test/")}, rel=1e-6
    )


@pytest.fixture
def table(here: Path) -> None:
    lines = [f"{i * 37 % 11},{i * 17 % 7}.5,c{i * i % 3}\n" for i in range(120)]
    (here / "t.csv").write_text("a,b,class\n" + "".join(lines))


# Single runs.


@pytest.mark.usefixtures("table")
def test_tensorboard_shows_what_metrics_csv_says(here: Path, call: Call) -> None:
    run = trained(call, *TABLE, "trainer.epochs=4", "trainer.eval_interval=2", *BOTH)
    assert_followed(run)
    assert [step for step, _ in points(run)["val/accuracy"]] == [6, 12]
    assert [step for step, _ in points(run)["test/accuracy"]] == [12]
    assert (run / "plots" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_neither_is_written_unless_it_is_asked_for(here: Path, call: Call) -> None:
    run = trained(call, *SMALL, "trainer.epochs=1")
    assert not {"plots", "tensorboard"} & set(tree(run))
    run = trained(call, *SMALL, "trainer.epochs=1", "tracking=curves")
    assert {"plots", "tensorboard"} & set(tree(run)) == {"plots"}
    run = trained(call, *SMALL, "trainer.epochs=1", "tracking=tensorboard")
    assert {"plots", "tensorboard"} & set(tree(run)) == {"tensorboard"}


def test_it_changes_no_byte_of_what_a_run_leaves(here: Path, call: Call) -> None:
    plain = lasting(trained(call, *MLP, "trainer.epochs=3"))
    assert lasting(trained(call, *MLP, "trainer.epochs=3", *BOTH)) == plain


def test_the_header_says_where_to_look(here: Path, call: Call) -> None:
    shown = call(*SMALL, "trainer.epochs=1", *BOTH, "output_dir=my runs")
    assert "watch      tensorboard --logdir 'my runs'\n" in shown.out
    [run] = list_runs(here / "my runs")
    assert f"curves     my runs/{run.id}/plots/curves.png\n" in shown.out


@pytest.mark.proof
def test_without_it_nothing_for_it_is_imported(here: Path) -> None:
    script = """
import json, sys
from dltrain.cli.main import run
for words in json.loads(sys.argv[1]):
    run(words)
    print("loaded", *sys.modules)
"""
    words = [*SMALL, "trainer.epochs=1"]
    line = [sys.executable, "-c", script, json.dumps([words, [*words, *BOTH]])]
    shown = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    before, after = [set(row.split()) for row in shown.splitlines() if row.startswith("loaded ")]
    assert not {"tensorboard", "matplotlib", "google.protobuf"} & before
    assert {"tensorboard", "matplotlib", "google.protobuf"} <= after


def test_a_run_that_diverges_is_a_failure_there(here: Path, call: Call) -> None:
    trained(call, *SMALL, "trainer.epochs=2", "optimizer.lr=1e30", *BOTH, code=3)
    [(_, _, status)] = HParams(here / "outputs").groups.values()
    assert status == "STATUS_FAILURE"


# Going on.


def crash(run: Path) -> None:
    """Let a run look as if its process had been killed just before it ended."""
    info = read_record(run / "run.json")
    gone = {"status": "running", "pid": 2**22 + 1, "pid_started": "1", "result": None}
    write_record(run / "run.json", info | gone | {"exit_code": None})


@pytest.mark.parametrize("lost", [0, 1, 100], ids=["nothing", "a byte", "an epoch"])
def test_a_run_that_is_resumed_shows_what_one_does_that_never_stopped(
    lost: int, here: Path, call: Call
) -> None:
    whole = trained(call, *MLP, "trainer.epochs=6", *BOTH)
    run = trained(call, *MLP, "trainer.epochs=4", *BOTH)
    crash(run)
    [events] = (run / "tensorboard").iterdir()
    events.write_bytes(events.read_bytes()[: -lost or None])
    assert call("resume", run.name[-4:], "trainer.epochs=6").code == 0
    assert_followed(run)
    assert points(run) == points(whole)
    assert lasting(run) == lasting(whole)
    for name in (whole.name, run.name):
        _, metrics, status = HParams(here / "outputs").groups[name]
        assert status == "STATUS_SUCCESS"
        assert metrics["lr"] == pytest.approx(0.001)


def test_a_run_can_be_followed_from_later_on(here: Path, call: Call) -> None:
    run = trained(call, *MLP, "trainer.epochs=2")
    words = ("trainer.epochs=3", "tracking.tensorboard=true", "tracking.curves=true")
    assert call("resume", "latest", *words).code == 0
    assert_followed(run)
    assert (run / "plots" / "curves.png").exists()


def test_a_link_where_it_would_write_is_refused(here: Path, call: Call) -> None:
    run = trained(call, *MLP, "trainer.epochs=2")
    (here / "elsewhere").mkdir()
    (run / "tensorboard").symlink_to(here / "elsewhere")
    shown = call("resume", "latest", "trainer.epochs=3", "tracking.tensorboard=true")
    assert shown.code == 2
    assert "tensorboard: is no plain folder; move it away" in shown.err
    assert tree(here / "elsewhere") == []


# Sweeps.


def test_every_member_of_a_sweep_is_a_session_of_its_own(here: Path, call: Call) -> None:
    trained(call, *MLP, "trainer.epochs=2")  # not followed
    trained(call, *SMALL, "trainer.epochs=1", "tracking=tensorboard")
    shown = call("-m", *MLP, "trainer.epochs=2", "optimizer.lr=0.1,0.01", "seed=0,1", *BOTH)
    assert shown.code == 0
    assert "tensorboard --logdir outputs" in shown.out
    [sweep] = [run for run in list_runs(here / "outputs") if run.is_sweep]
    for member in members(sweep):
        assert_followed(member.folder)
        assert (member.folder / "plots" / "curves.png").exists()
    tab = HParams(here / "outputs")
    assert len(tab.groups) == 5
    assert tab.differing >= {"optimizer.lr", "seed", "model.kind", "optimizer.kind"}
    assert set(tab.keys) >= {"model.hidden", "optimizer.momentum", "optimizer.betas"}
    assert {"lr", "train/loss", "val/loss", "val/rmse"} <= set(tab.metrics)
    assert not [key for key in tab.keys if key.startswith(("tracking", "output_dir", "expect"))]
    settings, metrics, status = tab.groups[f"{sweep.id}/0003"]
    assert (settings["optimizer.lr"], settings["seed"], status) == (0.01, 1, "STATUS_SUCCESS")
    last = points(sweep.folder / "members" / "0003")["val/loss"][-1]
    assert (12, metrics["val/loss"]) == last


def test_members_that_differ_in_it_alone_are_one(here: Path, call: Call) -> None:
    shown = call("-m", *SMALL, "tracking=none,tensorboard", "seed=0,1", "--dry-run")
    assert "members    2 (2 duplicates of them left out)" in shown.out


def test_runs_that_were_not_followed_are_taken_over_all_the_same(here: Path, call: Call) -> None:
    trained(call, *SMALL, "trainer.epochs=1", "seed=1")
    words = ("seed=0,1", "sweep.skip_done=true", "tracking=curves")
    shown = call("-m", *SMALL, "trainer.epochs=1", *words)
    assert shown.code == 0
    assert "finished already: 1 member" in shown.out


# Where TensorBoard is not installed.


@pytest.fixture
def without_tensorboard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Python not find the package."""
    monkeypatch.setitem(sys.modules, "tensorboard", None)


@pytest.mark.usefixtures("without_tensorboard")
@pytest.mark.parametrize("words", [(), ("-m", "seed=0,1"), ("-m", "seed=0,1", "--dry-run")])
def test_what_cannot_be_had_is_refused_before_anything_is_created(
    words: Sequence[str], here: Path, call: Call
) -> None:
    shown = call(*words, *BOTH)
    assert shown.code == 2
    assert shown.err == (
        "dltrain: error: tracking.tensorboard=true ("
        f"{CONF}/tracking/tensorboard.yaml:2): TensorBoard is not installed; "
        "pip install tensorboard, or set tracking.tensorboard=false\n"
    )
    assert tree(here) == []
    assert call(*SMALL, "trainer.epochs=1", "tracking=curves").code == 0


def test_a_run_goes_on_without_it_if_told_so(
    here: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(call, *MLP, "trainer.epochs=2", *BOTH)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    before = tree(here)
    shown = call("resume", "latest", "trainer.epochs=3")
    assert (shown.code, tree(here)) == (2, before)
    assert "TensorBoard is not installed" in shown.err
    shown = call("resume", run.name[-4:], "trainer.epochs=3", "tracking.tensorboard=false")
    assert shown.code == 0


@pytest.mark.usefixtures("here")
def test_a_run_can_be_read_without_it(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    trained(call, *MLP, "trainer.epochs=1", *BOTH)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert config_of(find("latest", Path("outputs")), {}).tracking.tensorboard
    assert call("runs", "show", "latest").code == 0


def test_a_folder_of_that_name_is_no_package(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "tensorboard").mkdir()
    # It stands first in the path of ``python -m dltrain``; the package behind it is found.
    assert command(*SMALL, "trainer.epochs=1", *BOTH, folder=here).code == 0
    config = load(BOTH)
    monkeypatch.delitem(sys.modules, "tensorboard", raising=False)
    monkeypatch.setattr(sys, "path", [str(here)])
    [problem] = problems(config)
    assert "is not installed" in problem.message
