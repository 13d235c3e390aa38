"""Every command that dltrain prints can be pasted where it is printed, and means what it says."""

from __future__ import annotations

import functools
import html
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dltrain.config.plain import flat
from dltrain.runs.find import list_runs
from dltrain.runs.run import Run, read
from tests.conftest import Call, Shown, command
from tests.sweep.helpers import wait_for
from tests.torture.forks import program
from tests.torture.refusal import read_anew

pytestmark = pytest.mark.proof

TABLE = "a,b,y\n1,2,3\n2,3,5\n3,4,7\n4,6,10\n5,5,10\n6,1,7\n7,8,15\n8,2,10\n"
SLOW = "kind: sgd\nlr: {lr}\nmomentum: 0.0\nnesterov: false\nweight_decay: 0.0\n"
CSV = ["data=csv", "data.path=t.csv", "data.target=y", "trainer.epochs=2", "device=cpu"]
MINE = ["--config-dir", "mine", "optimizer=slow"]
Forget = Callable[[], None]
# What is told by the place where a run lies, or decides no number.
APART = ("output_dir", "expect", "data.path")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a run and a sweep with config files of one's own."""
    folder = tmp_path_factory.mktemp("trained") / "work"
    (folder / "mine" / "optimizer").mkdir(parents=True)
    (folder / "t.csv").write_text(TABLE)
    (folder / "mine" / "optimizer" / "slow.yaml").write_text(SLOW.format(lr=0.07))
    for line in ([*MINE, *CSV], ["-m", *MINE, *CSV, "optimizer.momentum=0,0.5", "seed=0,1"]):
        shown = command(*line, folder=folder)
        assert shown.code == 0, shown.err
    shutil.copytree(folder, folder.with_name("kept"))
    return folder


@pytest.fixture
def forget(monkeypatch: pytest.MonkeyPatch) -> Forget:
    """Let config files be read anew, as every command does that has a process of its own."""
    return functools.partial(read_anew, monkeypatch)


@pytest.fixture
def work(trained: Path, monkeypatch: pytest.MonkeyPatch, forget: Forget) -> Path:
    """Stand in the folder in which it was typed, as it was then."""
    for folder in trained.parent.iterdir():
        if folder.is_dir() and folder.name != "kept":
            shutil.rmtree(folder)
    shutil.copytree(trained.with_name("kept"), trained)
    monkeypatch.chdir(trained)
    forget()
    return trained


def recorded(folder: Path) -> dict[str, Any]:
    values = flat(read(folder).part("config"))
    return {key: value for key, value in values.items() if key not in APART}


def pasted(call: Call, line: str) -> Shown:
    """Carry out a command as a shell would."""
    program, *words = shlex.split(line)
    assert program == "dltrain"
    return call(*words)


def composed(call: Call, line: str) -> dict[str, Any]:
    """Return the config that a command would train."""
    shown = pasted(call, f"{line} --cfg job")
    assert shown.code == 0, shown.err
    import yaml

    values = flat(yaml.safe_load(shown.out))
    return {key: value for key, value in values.items() if key not in APART}


def commands(text: str) -> list[str]:
    """Return the commands in what was printed, each on its line, after what it is for."""
    return re.findall(r"^(?:command|next|) +(dltrain .*)$", text, re.MULTILINE)


def train_commands(text: str) -> list[str]:
    """Return the commands that train, of all that are printed."""
    verbs = ("runs", "report", "resume", "rerun", "predict", "evaluate")
    return [line for line in commands(text) if line.split()[1] not in verbs]


def of_single(work: Path) -> Run:
    return next(run for run in list_runs(work / "outputs") if not run.is_sweep)


def of_sweep(work: Path) -> Run:
    return next(run for run in list_runs(work / "outputs") if run.is_sweep)


# Standing elsewhere, or with what is elsewhere.


def stay(work: Path) -> None:
    """The folder as it was."""


def edit(work: Path) -> None:
    """A config file says otherwise by now."""
    (work / "mine" / "optimizer" / "slow.yaml").write_text(SLOW.format(lr=0.5))


def lose(work: Path) -> None:
    """The config files are gone."""
    shutil.rmtree(work / "mine")


def lose_choice(work: Path) -> None:
    """The choice is gone, the folder is not."""
    (work / "mine" / "optimizer" / "slow.yaml").rename(work / "mine" / "optimizer" / "fast.yaml")


def other_kind(work: Path) -> None:
    """The file is of another optimizer by now."""
    adam = "kind: adam\nlr: 0.1\nbetas: [0.9, 0.999]\neps: 1.0e-8\nweight_decay: 0.0\n"
    (work / "mine" / "optimizer" / "slow.yaml").write_text(adam)


def stand_elsewhere(work: Path) -> None:
    other = work.parent / "else where"
    other.mkdir()
    os.chdir(other)


def rename(work: Path) -> None:
    """The folder of the runs has another name, of which a grammar makes something."""
    (work / "outputs").rename(work / "old, [runs] (1)")


def rename_runs(work: Path) -> None:
    """Each run's folder has another name, with an equals sign."""
    for run in list_runs(work / "outputs"):
        run.folder.rename(run.folder.with_name(f"lr=0.1 {run.short}"))


def copy_runs(work: Path) -> None:
    """Each run has a twin of the same short id."""
    for run in list_runs(work / "outputs"):
        shutil.copytree(run.folder, run.folder.with_name(f"2020-01-01_{run.folder.name}"))


def move_all(work: Path) -> None:
    """The whole folder, configs, table and runs, lies elsewhere, and one stands in it."""
    work.rename(work.with_name("moved"))
    os.chdir(work.with_name("moved"))


CHANGES = [
    stay,
    move_all,
    edit,
    lose,
    lose_choice,
    other_kind,
    stand_elsewhere,
    rename,
    rename_runs,
    copy_runs,
]


def folders(work: Path) -> tuple[Path, Path]:
    """Return the folders of the run and of the sweep, wherever they lie now."""
    work = work if work.exists() else work.with_name("moved")
    runs = [run for place in sorted(work.iterdir()) for run in list_runs(place)]
    single = next(run.folder for run in runs if not run.is_sweep)
    return single, next(run.folder for run in runs if run.is_sweep)


@pytest.mark.parametrize("change", CHANGES, ids=[change.__name__ for change in CHANGES])
def test_what_is_printed_of_a_run_trains_it_again(
    change: Callable[[Path], None], work: Path, call: Call, forget: Forget
) -> None:
    change(work)
    forget()
    single, sweep = folders(work)
    for folder in (single, sweep / "members" / "0002"):
        text = call("runs", "show", str(folder)).out
        line = next(row for row in text.splitlines() if row.startswith("command"))
        assert composed(call, line.removeprefix("command").strip()) == recorded(folder)


@pytest.mark.parametrize("change", CHANGES, ids=[change.__name__ for change in CHANGES])
def test_what_is_printed_of_the_best_member_trains_it_again(
    change: Callable[[Path], None], work: Path, call: Call, forget: Forget
) -> None:
    change(work)
    forget()
    _, sweep = folders(work)
    shown = call("runs", "best", str(sweep))
    assert shown.code == 0, shown.err
    [number] = re.findall(r"^best +member (\d+)", shown.out, re.MULTILINE)
    [line] = train_commands(shown.out)
    assert composed(call, line) == recorded(sweep / "members" / f"{int(number):04d}")
    for other in commands(shown.out):
        verb = other.split()[1:3]
        if verb[0] == "runs":
            other = other.replace("runs plot", "runs show", 1)  # names the same run, draws nothing
        elif verb[0] in ("report", "predict"):
            other = re.sub(
                r"report|predict", "runs show", other.replace(" --data FILE", ""), count=1
            )
        elif verb[0] == "rerun":
            again = call(*shlex.split(other)[1:], "-m", "--dry-run")
            assert again.code == 0, (other, again.err)
            continue
        else:
            continue
        assert pasted(call, other).code == 0, other


@pytest.mark.parametrize("change", CHANGES, ids=[change.__name__ for change in CHANGES])
def test_what_a_report_offers_can_be_pasted(
    change: Callable[[Path], None], work: Path, call: Call, forget: Forget
) -> None:
    change(work)
    forget()
    single, sweep = folders(work)
    for folder in (single, sweep, sweep / "members" / "0001"):
        page = work.parent / "page.html"
        assert call("report", str(folder), "--output", str(page)).code == 0
        offered = dict(report_commands(page.read_text()))
        again = offered["train it again"]
        if folder is sweep:
            shown = pasted(call, f"{again} --dry-run")
            assert shown.code == 0, shown.err
            assert "members    4" in shown.out
        else:
            assert composed(call, again) == recorded(folder)
        for what, line in offered.items():
            if what in ("evaluate the model", "make this report anew", "train what is missing"):
                named = re.sub(r"^dltrain \w+", "dltrain runs show", line)
                assert pasted(call, named).code == 0, line
    page.unlink()


def report_commands(page: str) -> Iterator[tuple[str, str]]:
    """Yield what a page offers to be typed."""
    for block in re.findall(r'\{"kind": ?"commands".*?\]\]\}', page, re.DOTALL):
        yield from json.loads(html.unescape(block))["rows"]


def test_a_run_that_diverged_or_was_stopped_is_offered_nothing_that_is_refused(
    work: Path, call: Call
) -> None:
    diverged = call(*CSV, "optimizer.lr=1e30")
    assert diverged.code == 3
    lines = commands(diverged.out)
    assert any("optimizer.lr=1e+29" in line for line in lines)
    for line in train_commands(diverged.out):
        assert composed(call, line)["optimizer.lr"] == 1e29
    again = call("resume", "latest")
    assert again.code == 3
    assert "dltrain rerun" in again.err
    assert call("report", "latest", "--output", "page.html").code == 0
    assert "go on with it" not in dict(report_commands(Path("page.html").read_text()))


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ((), {}),
        (("seed=5",), {"seed": 5}),
        (("trainer.epochs=3",), {"trainer.epochs": 3}),
        (("model=mlp", "model.hidden=[4]"), {"model.kind": "mlp", "model.hidden": [4]}),
        (("optimizer=adam",), {"optimizer.kind": "adam", "optimizer.lr": 0.001}),
    ],
)
@pytest.mark.parametrize("change", [stay, edit, lose, other_kind, stand_elsewhere, move_all])
def test_rerun_trains_what_a_run_was_told_but_for_what_is_said(
    change: Callable[[Path], None],
    words: tuple[str, ...],
    changed: Mapping[str, Any],
    work: Path,
    call: Call,
    forget: Forget,
) -> None:
    change(work)
    forget()
    single, _ = folders(work)
    shown = call("rerun", str(single), *words)
    assert shown.code == 0, shown.err
    [new] = [run for run in list_runs(single.parent) if not run.is_sweep][:1]
    now, before = recorded(new.folder), recorded(single)
    if any(word.startswith(("model=", "optimizer=")) for word in words):
        now, before = ({k: v for k, v in x.items() if k in changed} for x in (now, before))
    assert now == {**before, **changed}
    printed = next(line for line in shown.out.splitlines() if line.startswith("dltrain "))
    assert composed(call, printed) == recorded(new.folder)


# Sweeps.


@pytest.mark.parametrize("change", [stay, edit, lose, other_kind, stand_elsewhere, move_all])
def test_rerun_trains_the_members_that_a_sweep_planned(
    change: Callable[[Path], None], work: Path, call: Call, forget: Forget
) -> None:
    change(work)
    forget()
    _, sweep = folders(work)
    shown = call("rerun", str(sweep), "trainer.epochs=1")
    assert shown.code == 0, shown.err
    new = next(run.folder for run in list_runs(sweep.parent) if run.is_sweep)
    assert new != sweep
    for number in range(4):
        now = recorded(new / "members" / f"000{number}")
        assert now == recorded(sweep / "members" / f"000{number}") | {"trainer.epochs": 1}
    if change is edit:
        assert "note: optimizer.lr was 0.07 and is 0.5 in the config files now" in shown.out
    typed = read(new).texts("command")
    assert typed[:2] == ["dltrain", "rerun"]


def test_a_key_that_varied_can_be_told_otherwise_for_a_whole_sweep(work: Path, call: Call) -> None:
    _, sweep = folders(work)
    fixed = call("rerun", str(sweep), "optimizer.momentum=0.9", "--dry-run")
    assert "members    2" in fixed.out
    assert "varying    seed (2)" in fixed.out
    others = call("rerun", str(sweep), "optimizer.momentum=0.1,0.2,0.3", "--dry-run")
    assert "members    6" in others.out
    repeated = call("rerun", str(sweep), "sweep.repeat=3", "--dry-run")
    assert "seed (3)" in repeated.out


def test_a_sweep_of_a_file_is_repeated_as_the_file_was(here: Path, call: Call) -> None:
    (here / "sweeps.yaml").write_text("- {optimizer.lr: [0.1, 0.2], trainer.epochs: 1}\n")
    assert call("-m", "sweep.file=sweeps.yaml", "device=cpu").code == 0
    (here / "sweeps.yaml").write_text("- {optimizer.lr: [0.5], trainer.epochs: 1}\n")
    assert call("rerun", "latest").code == 0
    new, old = list_runs(here / "outputs")
    for number in range(2):
        folder = Path("members") / f"000{number}"
        assert recorded(new.folder / folder) == recorded(old.folder / folder)
    (here / "sweeps.yaml").unlink()
    assert call("rerun", "latest", "--dry-run").code == 0


def test_a_rerun_of_a_sweep_from_another_folder_is_found_from_everywhere(
    work: Path, call: Call, forget: Forget
) -> None:
    _, sweep = folders(work)
    (work / "sub" / "mine" / "optimizer").mkdir(parents=True)
    (work / "sub" / "mine" / "optimizer" / "slow.yaml").write_text(SLOW.format(lr=9.0))
    os.chdir(work / "sub")
    assert call("rerun", str(sweep), "trainer.epochs=1").code == 0
    new = next(run for run in list_runs(sweep.parent) if run.is_sweep)
    assert new.folder != sweep
    for place in (work / "sub", work, work.parent):
        os.chdir(place)
        forget()
        for number in range(2):
            member = new.folder / "members" / f"000{number}"
            text = call("runs", "show", str(member)).out
            line = next(row for row in text.splitlines() if row.startswith("command"))
            assert composed(call, line.removeprefix("command").strip()) == recorded(member)
        again = call("rerun", str(new.folder), "--dry-run")
        assert (again.code, "note: optimizer" in again.out) == (0, False), again.err


def test_files_that_are_gone_are_named_and_nothing_else_is_said_of_them(
    work: Path, call: Call, forget: Forget
) -> None:
    single, sweep = folders(work)
    lose_choice(work)
    forget()
    for folder, more in ((single, ["-m", "--dry-run"]), (sweep, ["--dry-run"])):
        shown = call("rerun", str(folder), *more)
        assert shown.code == 0, shown.err
        notes = [line for line in shown.out.splitlines() if line.startswith("note: c")]
        [note] = notes
        assert "optimizer=slow: no such choice" in note
        assert "in the config files now" not in shown.out


def test_nothing_is_said_of_values_that_are_told_anew(
    work: Path, call: Call, forget: Forget
) -> None:
    single, sweep = folders(work)
    edit(work)
    forget()
    for folder in (single, sweep):
        shown = call("rerun", str(folder), "optimizer.lr=0.3", "-m", "--dry-run")
        assert shown.code == 0, shown.err
        assert "in the config files now" not in shown.out


def test_members_that_need_other_files_are_told_on_the_same(
    here: Path, call: Call, forget: Forget
) -> None:
    (here / "t.csv").write_text(TABLE)
    (here / "m" / "data").mkdir(parents=True)
    wine = "defaults: [csv]\npath: t.csv\ntarget: y\n"
    (here / "m" / "data" / "wine.yaml").write_text(wine)
    line = ["-m", "--config-dir=m", "data=synthetic,wine", "trainer.epochs=1", "device=cpu"]
    assert call(*line).code == 0
    (here / "m" / "data" / "wine.yaml").unlink()
    forget()
    shown = call("rerun", "latest")
    assert shown.code == 0, shown.err
    old, new = sorted(
        list_runs(here / "outputs"), key=lambda run: run.part("command")[1] == "rerun"
    )
    for number in range(2):
        folder = Path("members") / f"000{number}"
        assert recorded(new.folder / folder) == recorded(old.folder / folder)


# What a training, a sweep, a refusal or a removal offers.

OTHER = "output_dir=the other runs"


@pytest.mark.parametrize("where", [[], ["output_dir=o2"], ["output_dir='the other, runs'"]])
@pytest.mark.parametrize("sweep", [[], ["-m", "optimizer.lr=0.01,0.1"]], ids=["run", "sweep"])
def test_what_a_training_offers_next_can_be_pasted(
    sweep: list[str], where: list[str], work: Path, call: Call
) -> None:
    shown = call(*sweep[:1], *MINE, *CSV, *sweep[1:], *where)
    assert shown.code == 0, shown.err
    lines = commands(shown.out)
    assert len(lines) >= (4 if sweep else 3)
    for line in lines:
        if line in train_commands(shown.out):
            assert composed(call, line)["optimizer.lr"] in (0.07, 0.1)
        else:
            assert pasted(call, line).code == 0, line


def test_a_run_that_was_thrown_away_comes_back_as_is_said(work: Path, call: Call) -> None:
    rename(work)
    single, sweep = folders(work)
    for folder in (single, sweep):
        shown = call("runs", "rm", str(folder))
        assert shown.code == 0, shown.err
        assert not folder.exists()
        back = shown.out.partition("in the trash (")[2].rstrip().removesuffix(")")
        assert pasted(call, back).code == 0, back
        assert folder.exists()


@pytest.mark.parametrize("sweep", [[], ["-m", "optimizer.lr=0.01,0.1"]], ids=["run", "sweep"])
def test_what_an_interrupted_training_offers_goes_on_with_it(
    sweep: list[str], work: Path, call: Call
) -> None:
    words = [word for word in CSV if not word.startswith("trainer.")]
    line = [*sweep[:1], *MINE, *words, *sweep[1:], "trainer.epochs=1000000", OTHER]
    process = subprocess.Popen(
        [*shlex.split(program()), *line],
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        folder = work / "the other runs"
        wait_for(lambda: any(folder.rglob("metrics.csv")))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    resume = err.partition("; dltrain resume")[2].partition(" goes on")[0]
    named = pasted(call, f"dltrain runs show{resume}")
    assert named.code == 0, err
    assert "interrupted" in named.out
    offered = next(line for line in commands(out) if line.startswith("dltrain resume"))
    assert shlex.split(offered)[2:] == shlex.split(resume)
