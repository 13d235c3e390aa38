"""A sweep survives what becomes of its members, its processes and itself."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from dltrain.sweep.folder import SweepFolder
from dltrain.sweep.plan import Member
from dltrain.train.checkpoints import checkpoint_file
from tests.conftest import Shown, changed
from tests.sweep import sabotage
from tests.sweep.helpers import (
    SMALL,
    alive,
    assert_equal_runs,
    begun,
    carry_out,
    children,
    descendants,
    ended,
    kill,
    lasting,
    members,
    only_sweep,
    planned,
    record,
    results,
    server,
    started,
    statuses,
    swept,
    touched,
    trained_alone,
    wait_for,
)

LOOK = ("data.num_train=64", "data.num_val=16", "trainer.batch_size=8", "trainer.epochs=2")

# Fifty members, ten of which are ruined in six ways.


SWEEPS = """\
- optimizer.lr: [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1]
  seed: range(4)
- optimizer.lr: [0.0511, 0.0512, 0.0513, 0.0514]
  seed: range(2)
- optimizer.lr: [0.0515, 1e30]
  seed: 3
"""
DIVERGING = "1e30"
REASONS = {
    "0.0511": r"RuntimeError: sabotaged",
    "0.0512": r"something called sys\.exit\(3\)",
    "0.0513": r"its process ended by itself with exit code 0",
    "0.0514": r"its process was killed by SIGKILL \(out of memory\?\)",
    "0.0515": r"(RuntimeError|MemoryError).*(memory|allocate)",
    DIVERGING: r"diverged at epoch 1, step \d+: the loss is not finite",
}


@dataclass(frozen=True)
class Ruined:
    """A sweep that was sabotaged, and what it said."""

    folder: Path
    shown: Shown
    planned: tuple[Member, ...]

    @property
    def bad(self) -> list[Member]:
        return list(self.planned[40:])


# How members are carried out: large stacks one by one, small ones side by side, each by itself.
EXECUTORS = (
    pytest.param(["sweep.workers=1"], marks=pytest.mark.proof),
    ["sweep.workers=2", "sweep.stack_size=7"],
    pytest.param(["sweep.workers=2", "sweep.stack_size=1"], marks=pytest.mark.proof),
)


@pytest.fixture(scope="module", params=EXECUTORS, ids=" ".join)
def ruined(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ruined:
    folder = tmp_path_factory.mktemp("ruined")
    (folder / "sweeps.yaml").write_text(SWEEPS)
    words = (f"sweep.file={folder / 'sweeps.yaml'}", *LOOK, *request.param)
    with started(folder, *words, prepare=sabotage.install) as process:
        shown = ended(process)
    return Ruined(only_sweep(folder), shown, planned(*words).members)


def test_whatever_happens_to_ten_of_fifty_members_forty_are_trained(ruined: Ruined) -> None:
    assert ruined.shown.code == 1
    assert len(ruined.planned) == 50
    found = statuses(ruined.folder)
    assert found == ["done"] * 40 + ["failed"] * 9 + ["diverged"]
    assert ruined.shown.err == "dltrain: error: 9 members failed; 41 of 50 members are finished\n"


def test_members_beside_ruined_ones_equal_their_single_runs(ruined: Ruined, tmp_path: Path) -> None:
    folders = members(ruined.folder)
    for member in ruined.planned[:40:3]:
        alone = trained_alone(tmp_path / str(member.index), member.overrides.words)
        assert_equal_runs(folders[member.index], alone)


def test_each_ruined_member_is_listed_with_its_reason(ruined: Ruined) -> None:
    out = ruined.shown.out
    assert "without a result: 10" in out
    listed = out[out.index("without a result: 10") :]
    for member in ruined.bad:
        lr = member.setting["optimizer.lr"]
        [line] = [line for line in listed.splitlines() if line.split()[:1] == [str(member.index)]]
        assert re.search(REASONS[lr], line), line
        if lr != DIVERGING:
            told = rf"^FAILED member {member.index} \(optimizer\.lr={lr} seed=\d\): {REASONS[lr]}"
            assert re.search(told, out, re.MULTILINE)


def test_each_ruined_member_says_why_in_its_own_folder(ruined: Ruined) -> None:
    for member in ruined.bad:
        folder = members(ruined.folder)[member.index]
        info, lr = record(folder), member.setting["optimizer.lr"]
        assert re.search(REASONS[lr], info["result"]["message"])
        assert info["exit_code"] == (3 if lr == DIVERGING else 1)
        assert info["overrides"] == list(member.overrides.words)
        if lr != DIVERGING:
            last = (folder / "train.log").read_text().splitlines()[-1]
            assert re.search(f"^failed: {REASONS[lr]}", last)
    trace = (members(ruined.folder)[40] / "train.log").read_text()
    assert "Traceback (most recent call last)" in trace
    assert 'raise RuntimeError("sabotaged")' in trace


def test_results_list_the_ruined_members_with_their_reasons(ruined: Ruined) -> None:
    rows = results(ruined.folder)
    assert [row["status"] for row in rows] == ["done"] * 40 + ["failed"] * 9 + ["diverged"]
    for member in ruined.bad:
        assert re.search(REASONS[member.setting["optimizer.lr"]], rows[member.index]["message"])
    assert [row["message"] for row in rows[:40]] == [""] * 40


def test_a_sweep_with_failures_says_so_in_its_record(ruined: Ruined) -> None:
    info = record(ruined.folder)
    assert (info["status"], info["exit_code"]) == ("failed", 1)
    assert info["counts"] == {"done": 40, "failed": 9, "diverged": 1}
    best = min(
        (row for row in results(ruined.folder) if row["status"] == "done"),
        key=lambda row: float(row["val/loss"]),
    )
    assert info["result"]["best"]["member"] == int(best["member"])


def test_failed_members_are_tried_again_and_others_left_alone(
    ruined: Ruined, tmp_path: Path
) -> None:
    """Without sabotage, all but the one that diverges come to an end."""
    copy = tmp_path / "outputs" / ruined.folder.name
    copy.parent.mkdir()
    os.system(f"cp -a '{ruined.folder}' '{copy}'")
    before = touched(copy / "members")
    shown = carry_out(tmp_path, "-m", "--resume", "latest")
    assert shown.code == 0, shown
    assert statuses(copy) == ["done"] * 49 + ["diverged"]
    after = touched(copy / "members")
    untouched = [name for name in before if not 40 <= int(name[:4]) < 49]
    assert {name: after[name] for name in untouched} == {n: before[n] for n in untouched}
    for member in ruined.bad[:9:2]:
        alone = trained_alone(tmp_path / str(member.index), member.overrides.words)
        assert_equal_runs(members(copy)[member.index], alone)


# Stopping at the first failure.


def stopped(folder: Path, *words: str) -> tuple[Path, Shown]:
    """Train a sweep whose second member fails, and which stops there."""
    sweep_words = ("optimizer.lr=0.01,0.0511,0.02,0.03", *LOOK, "sweep.on_error=stop", *words)
    folder.mkdir()
    with started(folder, *sweep_words, prepare=sabotage.install) as process:
        shown = ended(process)
    return only_sweep(folder), shown


def completed(folder: Path, *words: str) -> Path:
    """Train the same sweep without sabotage."""
    folder.mkdir()
    return swept(folder, "optimizer.lr=0.01,0.0511,0.02,0.03", *LOOK, *words)


def test_a_sweep_may_stop_at_the_first_failure_and_be_completed(tmp_path: Path) -> None:
    sweep, shown = stopped(tmp_path / "broken", "sweep.stack_size=1")
    assert shown.code == 1
    assert "1 member failed; 1 of 4 members are finished" in shown.err
    assert f"dltrain resume {sweep.name[-4:]}" in shown.out
    assert [row["status"] for row in results(sweep)] == ["done", "failed", "missing", "missing"]

    first = touched(sweep / "members" / "0000")
    assert carry_out(tmp_path / "broken", "-m", "--resume", sweep.name[-4:]).code == 0
    assert touched(sweep / "members" / "0000") == first
    expected = completed(tmp_path / "whole", "sweep.stack_size=1")
    assert lasting(sweep) == lasting(expected)


@pytest.fixture(scope="module")
def stack_stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Shown]:
    """All four are trained together, and halved until the failing one is alone."""
    return stopped(tmp_path_factory.mktemp("stopped") / "broken")


def test_only_the_member_that_failed_is_said_to_have_failed(
    stack_stopped: tuple[Path, Shown],
) -> None:
    sweep, shown = stack_stopped
    found = {row["member"]: row["status"] for row in results(sweep)}
    assert found["1"] == "failed"
    assert "failed" not in (found["2"], found["3"])
    assert "1 member failed" in shown.err


def test_a_stack_that_stopped_can_be_completed(
    stack_stopped: tuple[Path, Shown], tmp_path: Path
) -> None:
    """Not to the byte: those trained in halves took their sums in another order."""
    sweep, shown = stack_stopped
    assert shown.code == 1
    assert carry_out(sweep.parents[1], "-m", "--resume", "latest").code == 0
    assert statuses(sweep) == ["done"] * 4
    expected = completed(tmp_path / "whole")
    for ours, theirs in zip(members(sweep), members(expected), strict=True):
        assert_equal_runs(ours, theirs)


# Killed and resumed.

# Three stacks of two, of members 0 and 2, 4 and 1, 3 and 5: those of equal seed come together.
LONG = (
    "model=mlp",
    "model.hidden=[16]",
    "optimizer.lr=0.01,0.02,0.03",
    "seed=0,1",
    "trainer.epochs=80",
    "sweep.stack_size=2",
)


# Carries out a command line and tells whether this process ever imported torch.
DRIVER = """
import sys
from dltrain.cli.main import run
code = run(sys.argv[1:])
sys.stderr.write(f"{code} {'torch' in sys.modules}")
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A sweep that nobody disturbs, and whether its parent process imported torch."""
    folder = tmp_path_factory.mktemp("whole")
    line = [sys.executable, "-c", DRIVER, "-m", *LONG]
    shown = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    return only_sweep(folder), shown.stderr


@pytest.fixture(scope="module")
def whole(undisturbed: tuple[Path, str]) -> Path:
    return undisturbed[0]


def test_the_parent_of_a_sweep_never_imports_torch(undisturbed: tuple[Path, str]) -> None:
    assert undisturbed[1] == "0 False"


def test_what_nobody_disturbs_is_kept_whole(whole: Path) -> None:
    found = lasting(whole)
    assert statuses(whole) == ["done"] * 6
    assert "results.csv" in found
    assert sum(name.endswith(".safetensors") for name in found) >= 6


def test_a_child_that_has_nothing_to_say_leaves_no_log(whole: Path, ruined: Ruined) -> None:
    assert not (whole / "logs").exists()
    assert SweepFolder(whole).run(0) is not None
    assert all(log.stat().st_size for log in (ruined.folder / "logs").glob("*"))


Words = tuple[str, ...]
SAME: tuple[Words, Words] = ((), ("-m", "--resume", "latest"))
OTHERWISE: tuple[Words, Words] = (
    ("sweep.workers=2",),
    ("resume", "latest", "sweep.workers=1", "sweep.stack_size=3"),
)


@pytest.mark.parametrize(
    ("count", "how"),
    [
        pytest.param(1, SAME, marks=pytest.mark.proof),
        (3, SAME),
        (3, OTHERWISE),
        pytest.param(5, SAME, marks=pytest.mark.proof),
        pytest.param(5, OTHERWISE, marks=pytest.mark.proof),
    ],
)
def test_a_sweep_that_is_killed_can_be_completed_as_if_nothing_had_happened(
    count: int, how: tuple[Words, Words], whole: Path, tmp_path: Path
) -> None:
    settings, resume = how
    with started(tmp_path, *LONG, *settings) as process:
        wait_for(begun(tmp_path, count))
        family = descendants(process.pid)
        assert family
        kill(process.pid)
        assert ended(process).code == -signal.SIGKILL
    wait_for(lambda: not alive(family))

    sweep = only_sweep(tmp_path)
    finished = [m for m in members(sweep) if (m / "run.json").is_file() and _is_done(m)]
    assert len(finished) < 6
    assert f"crashed {len(finished)}/6" in carry_out(tmp_path, "runs").out
    before = {folder.name: touched(folder) for folder in finished}
    shown = carry_out(tmp_path, *resume)
    assert (shown.code, shown.err) == (0, "")
    assert {folder.name: touched(folder) for folder in finished} == before
    assert lasting(sweep) == lasting(whole)
    assert [record(m)["id"] for m in members(sweep)] == [f"{sweep.name}/000{i}" for i in range(6)]
    assert record(sweep)["status"] == "done"


def _is_done(folder: Path) -> bool:
    return bool(record(folder)["status"] == "done")


def test_a_child_that_is_killed_costs_nothing_but_time(whole: Path, tmp_path: Path) -> None:
    """Its stack is halved, as the kill may have been the fault of one member."""
    with started(tmp_path, *LONG) as process:
        wait_for(begun(tmp_path, 1))
        [child] = wait_for(
            lambda: [inner for own in children(process.pid) for inner in children(own)]
        )
        os.kill(child, signal.SIGKILL)
        shown = ended(process)
    assert (shown.code, shown.err) == (0, "")
    assert (
        "note: 2 members trained together failed: its process was killed by SIGKILL "
        "(out of memory?); each half is trained again, to find the member"
    ) in shown.out
    sweep = only_sweep(tmp_path)
    assert statuses(sweep) == ["done"] * 6
    for ours, theirs in zip(members(sweep), members(whole), strict=True):
        assert_equal_runs(ours, theirs)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.proof)]
)
def test_a_sweep_that_is_asked_to_stop_keeps_whole_epochs_and_goes_on_later(
    number: signal.Signals, whole: Path, tmp_path: Path
) -> None:
    with started(tmp_path, *LONG) as process:
        wait_for(begun(tmp_path, 3))
        busy = carry_out(tmp_path, "-m", "--resume", "latest")
        family = descendants(process.pid)
        if number == signal.SIGINT:  # Ctrl-C, which the terminal tells every process
            os.killpg(process.pid, number)
        else:
            kill(process.pid, number)
        shown = ended(process)
    sweep = only_sweep(tmp_path)
    assert (busy.code, busy.err.count("\n")) == (5, 1)
    assert "another process is at work in it" in busy.err
    assert shown.code == 128 + number
    assert shown.err.startswith("dltrain: error: interrupted; ")
    wait_for(lambda: not alive(family))

    info = record(sweep)
    assert (info["status"], info["exit_code"]) == ("interrupted", 128 + number)
    assert [row["status"] for row in results(sweep)] == [
        "done", "interrupted", "done", "missing", "interrupted", "missing"
    ]  # fmt: skip
    for folder in (sweep / "members" / "0001", sweep / "members" / "0004"):
        assert record(folder)["exit_code"] == 128 + number
        text = (folder / "metrics.csv").read_text()
        _, *rows = text.splitlines()
        assert text.endswith("\n")
        assert all(len(row.split(",")) == 9 for row in rows)
        kept = checkpoint_file.paths(folder / "checkpoints")  # none before the first step
        assert (checkpoint_file.load(kept[0])[1]["epoch"] if kept else 0) == len(rows) < 80
        expected = (whole / "members" / folder.name / "metrics.csv").read_text()
        assert expected.startswith(text)

    assert carry_out(tmp_path, "-m", "--resume", "latest").code == 0
    assert lasting(sweep) == lasting(whole)


def test_a_signal_while_torch_is_imported_stops_too(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "dltrain", "-m", *LONG]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, cwd=tmp_path, stdout=pipe, stderr=pipe) as process:
        wait_for(lambda: server(process.pid))
        time.sleep(0.2)  # it imports torch for longer than that
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 143
    assert {row["status"] for row in results(only_sweep(tmp_path))} <= {"missing", "interrupted"}


# Resumed though there is nothing to do, or something is wrong.


def test_a_finished_sweep_trains_nothing_when_it_is_resumed(tmp_path: Path) -> None:
    sweep = swept(tmp_path, "seed=0,1", *SMALL)
    before = touched(sweep / "members"), lasting(sweep)
    for _ in range(2):
        shown = carry_out(tmp_path, "-m", "--resume", "latest")
        assert (shown.code, shown.err) == (0, "")
        assert "is finished: 2 members" in shown.out
    assert (touched(sweep / "members"), lasting(sweep)) == before


def test_the_same_overrides_may_be_given_again(tmp_path: Path) -> None:
    words = ("optimizer.lr=0.01,0.02", *SMALL)
    swept(tmp_path, *words)
    assert carry_out(tmp_path, "-m", "--resume", "latest", *words).code == 0


def test_other_overrides_are_refused_with_a_difference_and_nothing_changes(tmp_path: Path) -> None:
    swept(tmp_path, "optimizer.lr=0.01,0.02", *SMALL)
    before = touched(tmp_path)
    words = ("optimizer.lr=0.01,0.03", *SMALL)
    shown = carry_out(tmp_path, "-m", "--resume", "latest", *words)
    assert (shown.code, shown.out) == (2, "")
    name = only_sweep(tmp_path).name[-4:]
    assert shown.err.splitlines() == [
        f"dltrain: error: --resume={name}: the sweep's definition changed; leave the overrides out "
        f"to go on as planned; dltrain rerun {name} KEY=VALUE trains it anew with other values; "
        "a new sweep takes over what it has in common with this one if it is told "
        "sweep.skip_done=true",
        "dltrain: error: optimizer.lr: 0.02 -> 0.03 (member 1)",
    ]
    assert touched(tmp_path) == before


@pytest.mark.parametrize(
    "words", [("sweep.on_error=stop",), ("sweep.stack_size=1",), ("sweep.metric=train/loss",)]
)
def test_what_the_sweep_is_told_anew_is_not_dropped_in_silence(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    base = ("optimizer.lr=0.01,0.02", *SMALL)
    sweep = swept(tmp_path, *base)
    shown = carry_out(tmp_path, "-m", "--resume", "latest", *base, *words)
    key, _, value = words[0].removeprefix("sweep.").partition("=")
    assert shown.code == 2 or str(record(sweep)["settings"][key]) == value


def test_data_that_changed_since_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = [f"{i},{3 * i % 7},{2 * i + 1}" for i in range(60)]
    table.write_text("\n".join(["a,b,y", *rows]))
    words = ("data=csv", "data.path=t.csv", "data.target=y", "trainer.epochs=2", "seed=0,1")
    sweep = swept(tmp_path, *words)
    (sweep / "members" / "0001" / "run.json").unlink()
    table.write_text("\n".join(["a,b,y", *rows[:-1], "60,1,9"]))
    before = touched(sweep)
    shown = carry_out(tmp_path, "-m", "--resume", "latest")
    told = (
        "dltrain: error: data.path=t.csv: its content changed since the run began; members to come "
        "would learn from other rows; --allow-changed trains them all the same\n"
    )
    assert (shown.code, shown.err) == (2, told)
    assert touched(sweep) == before
    table.unlink()
    shown = carry_out(tmp_path, "-m", "--resume", "latest")
    assert (shown.code, len(shown.err.splitlines())) == (2, 1)


def test_a_member_that_was_lost_is_trained_again_with_the_same_bytes(tmp_path: Path) -> None:
    sweep = swept(tmp_path, "optimizer.lr=0.01,0.02,0.03", "seed=0,1", *SMALL)
    before, others = lasting(sweep), touched(sweep / "members" / "0004")
    for path in sorted((sweep / "members" / "0002").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (sweep / "members" / "0002").rmdir()
    assert carry_out(tmp_path, "-m", "--resume", "latest").code == 0
    assert lasting(sweep) == before
    assert touched(sweep / "members" / "0004") == others


# How it is trained.


def test_stacks_are_cut_as_told(tmp_path: Path) -> None:
    sweep = swept(tmp_path, "optimizer.lr=range(0.01,0.08,0.01)", *SMALL, "sweep.stack_size=3")
    stacks = [record(folder)["sweep"]["stack"] for folder in members(sweep)]
    assert stacks == [[0, 1, 2]] * 3 + [[3, 4]] * 2 + [[5, 6]] * 2
    whole = tmp_path / "whole"
    whole.mkdir()
    pairs = zip(
        members(sweep), members(swept(whole, "optimizer.lr=range(0.01,0.08,0.01)", *SMALL)),
        strict=True,
    )  # fmt: skip
    for ours, theirs in pairs:
        assert_equal_runs(ours, theirs)


def test_a_large_stack_is_measured_before_it_is_trained(tmp_path: Path) -> None:
    words = changed(
        SMALL, "model=mlp", "model.hidden=[64]", "seed=range(16)", "trainer.batch_size=96"
    )
    sweep = swept(tmp_path, *words)
    [size] = {len(record(m)["sweep"]["stack"]) for m in members(sweep)}
    assert size in (16, 8)
    assert statuses(sweep) == ["done"] * 16


def test_groups_can_be_trained_side_by_side(tmp_path: Path) -> None:
    both = changed(LONG, "model.hidden=[16],[8]", "optimizer.lr=0.01", "trainer.epochs=60")
    sweep = swept(tmp_path, *both, "sweep.workers=2")
    first, second = members(sweep)[:2]
    for one, other in ((first, second), (second, first)):  # each began before the other ended
        begin = (one / "config.yaml").stat().st_mtime_ns
        assert begin < (other / "run.json").stat().st_mtime_ns
    assert record(first)["pid"] != record(second)["pid"]
    alone = tmp_path / "alone"
    alone.mkdir()
    one_by_one = swept(alone, *both)
    for ours, theirs in zip(members(sweep), members(one_by_one), strict=True):
        assert_equal_runs(ours, theirs)


def test_workers_share_a_single_group(tmp_path: Path) -> None:
    sweep = swept(tmp_path, "seed=range(4)", *SMALL, "sweep.workers=2")
    assert [record(m)["sweep"]["stack"] for m in members(sweep)] == [[0, 1]] * 2 + [[2, 3]] * 2
