"""dltrain resume: what it goes on with, what it refuses, and what it says."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from dltrain.runs.find import list_runs
from dltrain.runs.record import read_record
from dltrain.system.disk import locked
from dltrain.train.checkpoints import checkpoint_file as checkpoint
from tests.conftest import Call, Shown, tree, write_record
from tests.torture.crashes import lasting
from tests.torture.forks import program, start

SMALL = ("data.num_train=96", "data.num_val=32", "trainer.batch_size=16", "device.threads=1")
MLP = ("model=mlp", "model.hidden=[8]", "model.dropout=0.2", "optimizer=adam", *SMALL)


def only_run(folder: Path) -> Path:
    [run] = list_runs(folder / "outputs")
    return run.folder


def change(run: Path, **entries: Any) -> None:
    """Change entries of a record, sealed anew."""
    write_record(run / "run.json", read_record(run / "run.json") | entries)


def crash(run: Path) -> None:
    """Let a run look as if its process had been killed just before it ended."""
    change(run, status="running", pid=2**22 + 1, pid_started="1", result=None, exit_code=None)


def trained(call: Call, *words: str) -> Path:
    """Train a run where one stands; return its folder."""
    shown = call(*words)
    assert (shown.code, shown.err) == (0, ""), shown
    return max((run.folder for run in list_runs(Path("outputs"))), key=os.path.getmtime)


def refused(shown: Shown) -> str:
    assert shown.code == 2, shown
    assert shown.err.startswith("dltrain: error: ")
    return shown.err


# Finished runs.


def test_a_finished_run_says_so_and_is_left_alone(here: Path, call: Call) -> None:
    run = trained(call, *SMALL, "trainer.epochs=2")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    shown = call("resume", "latest")
    assert (shown.code, shown.err) == (0, "")
    assert f"{run.name} is finished: 2 epochs" in shown.out
    assert f"dltrain resume {run.name[-4:]} trainer.epochs=4" in shown.out
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_more_epochs_lead_to_the_bytes_of_the_longer_run(here: Path, call: Call) -> None:
    long = lasting(trained(call, *MLP, "trainer.epochs=6"))
    run = trained(call, *MLP, "trainer.epochs=2")
    shown = call("resume", run.name[-4:], "trainer.epochs=6")
    assert (shown.code, shown.err) == (0, "")
    assert "goes on after step 12" in shown.out
    assert lasting(run) == long
    [entry] = read_record(run / "run.json")["resumed"]
    assert (entry["epoch"], entry["step"]) == (2, 12)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "which run? An id, latest, or @1; dltrain runs lists them"),
        (("a", "b"), "one run at a time"),
        (("latest", "optimizer.lr=1"), "optimizer.lr=1: a run goes on as it was"),
        (("latest", "trainer.epoch=9"), "did you mean trainer.epochs?"),
        (("latest", "trainer.epochs=1"), "trainer.epochs=1: .* has 2 epochs; give more"),
        (("latest", "trainer.epochs=many"), "trainer.epochs=many .*: must be a whole number"),
        (("latest", "data.path=x.csv"), "data.path: the run has no such key"),
        (("latest", "--allow-chnged"), "did you mean --allow-changed?"),
        (("nope",), "nope: no such run"),
    ],
)
def test_what_cannot_be_gone_on_with_is_refused(
    words: Sequence[str], says: str, here: Path, call: Call
) -> None:
    trained(call, *SMALL, "trainer.epochs=2")
    before = tree(here)
    assert re.search(says.replace("?", r"\?"), refused(call("resume", *words)))
    assert tree(here) == before


def test_what_patience_has_stopped_would_not_train_any_longer(here: Path, call: Call) -> None:
    run = trained(call, *SMALL, "trainer.epochs=40", "trainer.patience=1", "optimizer.lr=0")
    assert "is finished: 2 epochs" in call("resume", "latest").out
    says = refused(call("resume", run.name[-4:], "trainer.epochs=80"))
    assert "has stopped at epoch 2: 1 validations without a better val/loss" in says


def test_what_has_diverged_would_diverge_again(here: Path, call: Call) -> None:
    assert call(*SMALL, "trainer.epochs=3", "optimizer.lr=1e30").code == 3
    shown = call("resume", "latest")
    assert shown.code == 3
    assert re.match(r"dltrain: error: \S+ diverged at epoch 1, step", shown.err)
    name = list_runs(here / "outputs")[0].short
    told = f"; resumed, it would diverge again: dltrain rerun {name} optimizer.lr=VALUE\n"
    assert shown.err.endswith(told)


# Damage.


def crashed(call: Call) -> tuple[Path, dict[str, bytes]]:
    """Train a run and let it look as if it had been killed; return what it should come to."""
    run = trained(call, *MLP, "trainer.epochs=6", "trainer.checkpoint_interval=1")
    reference = lasting(run)
    crash(run)
    return run, reference


def test_a_damaged_state_is_passed_over_and_said(here: Path, call: Call) -> None:
    run, reference = crashed(call)
    last, *_ = checkpoint.paths(run / "checkpoints")
    last.write_bytes(last.read_bytes()[:-1])
    shown = call("resume", "latest")
    assert (shown.code, shown.err) == (0, "")
    assert f"WARNING: outputs/{run.name}/checkpoints/{last.name}: was changed" in shown.out
    (run / "checkpoints" / f"{last.name}.unused").unlink()
    assert lasting(run) == reference


@pytest.mark.parametrize("name", ["metrics.csv", "checkpoints"])
def test_a_run_without_all_that_its_states_count_on_begins_anew(
    name: str, here: Path, call: Call
) -> None:
    run, reference = crashed(call)
    if name == "checkpoints":
        for path in checkpoint.paths(run / name):
            path.unlink()
    else:
        (run / name).write_text("epoch\n")
    shown = call("resume", "latest")
    assert (shown.code, shown.err) == (0, "")
    assert "begins anew" in shown.out
    for path in (run / "checkpoints").glob("*.unused"):
        path.unlink()
    assert lasting(run) == reference


def test_metrics_are_cut_back_to_the_state(here: Path, call: Call) -> None:
    run, reference = crashed(call)
    with open(run / "metrics.csv", "a") as file:
        file.write("7,42,0.001,1,1,1,1,1,1\n8,48,0.0")
    (run / "checkpoints" / ".tmp-1234-epoch-000007.safetensors").write_bytes(b"half")
    (run / ".tmp-1234-run.json").write_bytes(b"{")
    assert call("resume", "latest").code == 0
    assert lasting(run) == reference


def test_a_state_of_another_run_is_not_taken(here: Path, call: Call) -> None:
    run, reference = crashed(call)
    other = trained(call, *MLP, "trainer.epochs=7", "seed=1")
    [foreign, *_] = checkpoint.paths(other / "checkpoints")
    (run / "checkpoints" / foreign.name).write_bytes(foreign.read_bytes())
    shown = call("resume", run.name[-4:])
    assert shown.code == 0
    assert f"{foreign.name}: is of another run; {foreign.name} is not used" in shown.out
    unused = run / "checkpoints" / f"{foreign.name}.unused"
    assert unused.read_bytes() == foreign.read_bytes()
    unused.unlink()
    assert lasting(run) == reference


# What has changed.


@pytest.mark.parametrize("name", ["torch", "numpy", "dltrain"])
def test_other_versions_are_refused_unless_that_is_allowed(
    name: str, here: Path, call: Call
) -> None:
    run, reference = crashed(call)
    before = read_record(run / "run.json")["versions"]
    change(run, versions=before | {name: "0.0.1"})
    says = refused(call("resume", "latest"))
    assert f"{name} was 0.0.1 and is {before[name]}; the numbers may differ" in says
    assert "--allow-changed goes on all the same" in says
    assert call("resume", "latest", "--allow-changed").code == 0
    assert lasting(run) == reference
    record = read_record(run / "run.json")
    assert record["versions"] == before
    assert record["resumed"][0]["versions"][name] == "0.0.1"


def test_another_processor_is_refused(here: Path, call: Call) -> None:
    run, _ = crashed(call)
    change(run, cpu="ABACUS")
    now = torch.backends.cpu.get_cpu_capability()
    assert f"cpu was ABACUS and is {now}" in refused(call("resume", "latest"))


def test_it_goes_on_with_other_threads_to_the_same_bytes(here: Path, call: Call) -> None:
    run, before = crashed(call)
    assert "cpu (3 threads)" in call("resume", "latest", "device.threads=3").out
    assert read_record(run / "run.json")["threads"] == 3
    after = lasting(run)
    assert {name for name in before if after[name] != before[name]} <= {"config.yaml"}


@pytest.fixture
def table_run(here: Path, call: Call) -> Path:
    (here / "t.csv").write_text("a,y\n" + "".join(f"{i},{i}.5\n" for i in range(60)))
    words = ("data=csv", "data.path=t.csv", "data.target=y", "trainer.epochs=3")
    run = trained(call, *words, "device.threads=1", "trainer.checkpoint_interval=1")
    crash(run)
    return run


def test_data_that_changed_are_refused_unless_that_is_allowed(
    table_run: Path, here: Path, call: Call
) -> None:
    (here / "t.csv").write_text("a,y\n" + "".join(f"{i},{i}.25\n" for i in range(60)))
    assert "data.path=t.csv: its content changed since the run began" in refused(
        call("resume", "latest")
    )
    assert call("resume", "latest", "--allow-changed").code == 0


def test_nothing_of_another_table_is_shown(table_run: Path, here: Path, call: Call) -> None:
    """The path is the record's, which may be a stranger's."""
    (here / "t.csv").write_text("secret,other\n1,2\n")
    says = refused(call("resume", "latest"))
    assert "data.path=t.csv: its content changed since the run began" in says
    assert "secret" not in says


def test_data_that_moved_are_found_where_they_are_said_to_be(
    table_run: Path, here: Path, call: Call
) -> None:
    (here / "t.csv").rename(here / "moved.csv")
    says = refused(call("resume", "latest"))
    assert re.search(r"data\.path.*no such file", says)
    assert call("resume", "latest", "data.path=moved.csv").code == 0


def test_a_file_that_validates_may_move_and_must_not_change(
    table_run: Path, here: Path, call: Call
) -> None:
    (here / "v.csv").write_text("y,a\n1.5,1\n")
    words = ("data=csv", "data.path=t.csv", "data.target=y", "trainer.epochs=3")
    crash(trained(call, *words, "data.val_path=v.csv", "device.threads=1"))
    (here / "v.csv").rename(here / "w.csv")
    assert "say where it lies now: data.val_path=" in refused(call("resume", "latest"))
    (here / "x.csv").write_text("y,a\n2.5,1\n")
    assert "data.path=t.csv or data.val_path=x.csv: its content changed since" in refused(
        call("resume", "latest", "data.val_path=x.csv")
    )
    assert "content changed" in refused(call("resume", "latest", "data.val_path=null"))
    assert call("resume", "latest", "data.val_path=w.csv").code == 0


def test_a_run_that_was_told_steps_goes_on_and_on(here: Path, call: Call) -> None:
    (here / "t.csv").write_text("a,y\n" + "".join(f"{i},{i}.5\n" for i in range(60)))
    words = ("data=csv", "data.path=t.csv", "data.target=y", "trainer.steps=9", "device.threads=1")
    run = trained(call, *words, "trainer.checkpoint_interval=1")
    assert read_record(run / "run.json")["epochs"] == 5  # of 2 steps, 42 rows of which train
    reference = lasting(run)
    crash(run)
    last, *_ = checkpoint.paths(run / "checkpoints")
    last.unlink()
    assert call("resume", "latest").code == 0
    assert lasting(run) == reference
    shown = call("resume", "latest")
    assert "is finished: 5 epochs" in shown.out
    assert "trainer.epochs=10" in shown.out + shown.err
    assert call("resume", "latest", "trainer.epochs=7").code == 0
    assert read_record(run / "run.json")["epochs"] == 7
    assert "5 epochs" not in call("resume", "latest").out


# Where it stands.


def test_a_run_under_way_is_in_use(here: Path, call: Call) -> None:
    run, _ = crashed(call)
    with locked(run):
        shown = call("resume", "latest")
    assert shown.code == 5
    assert shown.err == f"dltrain: error: outputs/{run.name}: another process is at work in it\n"


def test_a_training_holds_the_lock_of_its_folder(here: Path, call: Call) -> None:
    line = [*shlex.split(program()), *SMALL, "trainer.epochs=1000000"]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            wait_for(lambda: list_runs(here / "outputs"))
            assert call("resume", "latest").code == 5
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert b"goes on from there" in err


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_runs_elsewhere_are_gone_on_with_there(here: Path, call: Call) -> None:
    shown = call(*SMALL, "trainer.epochs=2", "output_dir=mine")
    assert shown.code == 0
    [run] = list_runs(here / "mine")
    crash(run.folder)
    assert call("resume", "latest", "output_dir=mine").code == 0
    assert list_runs(here / "mine")[0].status == "done"
    assert not (here / "outputs").exists()


# Sweeps.


def test_a_sweep_goes_on_too_and_a_member_with_its_sweep(here: Path, call: Call) -> None:
    words = [*SMALL, "trainer.epochs=2", "optimizer.lr=0.1,0.01"]
    assert call("-m", *words).code == 0
    [sweep] = list_runs(here / "outputs")
    results = (sweep.folder / "results.csv").read_bytes()
    (sweep.folder / "members" / "0001" / "run.json").unlink()
    assert f"dltrain resume {sweep.short}" in refused(call("resume", f"{sweep.short}/0"))
    says = refused(call("resume", sweep.short, "trainer.epochs=9"))
    assert "trainer.epochs=9: a sweep goes on as it was (to be set: data.path, data.root" in says
    assert f"dltrain rerun {sweep.short} trainer.epochs=9 trains it anew with that" in says
    assert call("resume", "latest").code == 0
    assert (sweep.folder / "results.csv").read_bytes() == results


def test_the_states_of_a_stack_are_gone_on_with(here: Path, call: Call) -> None:
    """All members but one, which has come to its end, go on from the last step all of them have."""
    words = [*MLP, "trainer.epochs=6", "trainer.checkpoint_interval=4steps"]
    assert call("-m", *words, "optimizer.lr=0.1,0.01,0.001").code == 0
    [sweep] = list_runs(here / "outputs")
    whole = {index: lasting(sweep.folder / "members" / f"{index:04d}") for index in range(3)}
    for index in (1, 2):
        crash(sweep.folder / "members" / f"{index:04d}")
    assert call("resume", "latest").code == 0
    for index in range(3):
        member = sweep.folder / "members" / f"{index:04d}"
        assert lasting(member) == whole[index]
        resumed = read_record(member / "run.json").get("resumed")
        assert [entry["step"] for entry in resumed or []] == ([36] if index else [])


def test_outcomes_come_back_as_they_were() -> None:
    from dltrain.train.outcome import Outcome

    outcome = Outcome(
        status="running",
        final={"epoch": 3.0, "val/r2": float("-inf"), "train/loss": 0.1},
        best={"metric": "val/loss", "value": 0.25, "epoch": 2},
        best_row={"epoch": 2.0, "val/loss": 0.25},
        stale=1,
    )
    assert Outcome.from_plain(outcome.as_plain()) == outcome
    parts: list[dict[str, Any]] = [
        {"stale": "1"},
        {"best_row": {"epoch": 3.0, "val/loss": 0.25}},
        {"best_row": {}},
    ]
    for part in parts:
        with pytest.raises(ValueError, match="not what a checkpoint says"):
            Outcome.from_plain(dataclasses.asdict(outcome) | part)


# What a newcomer stumbled over.


def test_data_of_other_steps_are_no_reason_to_throw_a_run_away(
    table_run: Path, here: Path, call: Call
) -> None:
    (here / "t.csv").write_text("a,y\n" + "".join(f"{i},{i}.5\n" for i in range(900)))
    before = lasting(table_run)
    says = refused(call("resume", "latest", "--allow-changed"))
    assert "there is no state to go on from: start a new run" in says
    assert lasting(table_run) == before


def test_a_finished_run_that_is_trained_on_keeps_its_result_until_it_has_another(
    here: Path, call: Call
) -> None:
    run = trained(call, *SMALL, "trainer.epochs=2")
    result = read_record(run / "run.json")["result"]
    line = ["resume", "latest", "trainer.epochs=1000000"]
    process = start(here, line)
    wait_for(lambda: read_record(run / "run.json")["status"] == "running")
    os.kill(process.pid, signal.SIGKILL)
    process.finish()
    record = read_record(run / "run.json")
    assert (record["result"], record["status"]) == (result, "running")
    assert "crashed; to go on: dltrain resume" in call("runs", "show", "latest").out


def test_what_is_told_anew_takes_the_place_of_what_was_typed(here: Path, call: Call) -> None:
    run = trained(call, *SMALL, "trainer.epochs=2")
    shown = call("resume", "latest", "trainer.epochs=4")
    assert "trainer.epochs=4 seed=1" in shown.out
    assert "trainer.epochs=2" not in shown.out
    record = read_record(run / "run.json")
    assert record["overrides"] == [*SMALL, "trainer.epochs=4"]
    assert record["command"] == ["dltrain", *SMALL, "trainer.epochs=4"]


def test_a_link_to_a_run_is_followed(here: Path, call: Call) -> None:
    run, reference = crashed(call)
    (here / "link").symlink_to(run)
    assert call("resume", "./link").code == 0
    config = (run / "config.yaml").read_bytes()
    assert lasting(run) == reference | {"config.yaml": config}


def test_files_are_set_aside_beside_those_set_aside_before(here: Path, call: Call) -> None:
    run, _ = crashed(call)
    last, *_ = checkpoint.paths(run / "checkpoints")
    Path(f"{last}.unused").write_text("mine")
    last.write_bytes(b"damaged")
    assert call("resume", "latest").code == 0
    assert Path(f"{last}.unused").read_text() == "mine"
    assert Path(f"{last}.unused2").read_bytes() == b"damaged"


def test_metrics_of_any_length_can_be_gone_on_with(
    here: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, reference = crashed(call)
    monkeypatch.setattr("dltrain.system.foreign_files.MAX_BYTES", 100)
    assert (run / "metrics.csv").stat().st_size > 100
    assert call("resume", "latest").code == 0
    assert lasting(run) == reference


def test_what_is_no_run_folder_is_told_so(here: Path, call: Call) -> None:
    (here / "empty").mkdir()
    assert "empty: is no run folder, it has no run.json" in refused(call("resume", "./empty"))
