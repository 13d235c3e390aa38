"""``dltrain -m`` and the list of runs as a user meets them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from dltrain.runs.find import list_runs
from tests.conftest import Call, Shown, tree
from tests.sweep.helpers import SMALL, carry_out, members, only_sweep, record, results

pytestmark = pytest.mark.usefixtures("here")


@dataclass(frozen=True)
class Done:
    """A sweep and what it said."""

    here: Path
    shown: Shown

    @property
    def folder(self) -> Path:
        return only_sweep(self.here)

    @property
    def short(self) -> str:
        return self.folder.name[-4:]

    def ask(self, *words: str) -> list[str]:
        """Carry out a command beside the sweep; return the lines it prints."""
        shown = carry_out(self.here, *words)
        assert (shown.code, shown.err) == (0, "")
        return shown.out.splitlines()


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Three learning rates, the last of which diverges."""
    folder = tmp_path_factory.mktemp("grid")
    return Done(folder, carry_out(folder, "-m", "optimizer.lr=0.01,0.05,1e30", "seed=3", *SMALL))


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Two learning rates, three seeds each; one of the six diverges."""
    folder = tmp_path_factory.mktemp("repeated")
    (folder / "s.yaml").write_text(
        "- optimizer.lr: [0.01, 0.05]\n  seed: [0, 1, 2]\n- optimizer.lr: 1e30\n  seed: [0, 1]\n"
    )
    return Done(folder, carry_out(folder, "-m", "sweep.file=s.yaml", *SMALL))


def cells(lines: list[str], first: str) -> list[list[str]]:
    """Return the rows of the table whose head starts with this word."""
    start = next(number for number, line in enumerate(lines) if line.startswith(first))
    rows = []
    for line in lines[start + 1 :]:
        if not line.strip():
            break
        rows.append(re.split(r" {2,}", line.strip()))
    return rows


def value(done: Done, name: str) -> str:
    """Return what a sweep said behind a name."""
    [line] = [line for line in done.shown.out.splitlines() if line.startswith(f"{name} ")]
    return line.removeprefix(name).strip()


# Training.


def test_a_sweep_says_what_it_is_about_to_do(grid: Done) -> None:
    assert (grid.shown.code, grid.shown.err) == (0, "")
    assert value(grid, "sweep") == grid.folder.name
    assert value(grid, "members") == "3"
    assert value(grid, "varying") == "optimizer.lr (3)"
    assert value(grid, "group").startswith(
        "3 members in 1 stack: linear 2-1 on synthetic, sgd, batch 16, 18 steps; about 0 MiB, "
    )
    assert value(grid, "sorted by") == "val/loss"
    assert "trained members 0-2 together in " in grid.shown.out


def test_results_are_shown_best_first(grid: Done) -> None:
    rows = cells(grid.shown.out.splitlines(), "member  optimizer.lr")
    assert [row[:2] for row in rows] == [["1", "0.05"], ["0", "0.01"]]


def test_what_has_no_result_is_listed_with_its_reason(grid: Done) -> None:
    out = grid.shown.out
    assert "without a result: 1" in out
    [row] = cells(out[out.index("without a result") :].splitlines(), "member")
    assert row[:3] == ["2", "1e30", "diverged"]
    assert row[3].startswith("diverged at epoch 1, step ")


def test_the_best_is_named_with_its_value(grid: Done) -> None:
    kept = record(members(grid.folder)[1])["result"]["kept"]
    told = f"val/loss {kept['val/loss']:.4g} at epoch {kept['epoch']:.0f}"
    assert value(grid, "best") == f"member 1: {told}"


def test_the_best_command_trains_to_the_same_value(grid: Done, call: Call) -> None:
    [program, *words] = shlex.split(value(grid, "command"))
    assert program == "dltrain"
    assert call(*words).code == 0
    [run] = list_runs(Path("outputs"))
    ours, theirs = run.info["result"], record(members(grid.folder)[1])["result"]
    assert ours["kept"]["epoch"] == theirs["kept"]["epoch"]
    assert ours["kept"]["val/loss"] == pytest.approx(theirs["kept"]["val/loss"], rel=1e-5)


def test_the_best_command_can_be_pasted_whatever_it_holds(call: Call, here: Path) -> None:
    """Lists, quotes and spaces survive the shell."""
    (here / "a b.csv").write_text("p q,y\n" + "\n".join(f"{i},{i % 7}.5" for i in range(50)))
    words = ["data=csv", "data.path=a b.csv", "data.target=y", "data.features=['p q']"]
    words += ["data.name='x, y'", "model=mlp", "model.hidden=[4],[3,3]", "trainer.epochs=1"]
    shown = call("-m", *words)
    assert (shown.code, shown.err) == (0, "")
    found = Done(here, shown)
    best = record(found.folder)["result"]["best"]
    [_, *typed] = shlex.split(value(found, "command"))
    assert call(*typed).code == 0
    single = next(run for run in list_runs(Path("outputs")) if not run.is_sweep)
    assert single.info["data"]["name"] == "x, y"
    assert single.info["result"]["kept"]["val/loss"] == pytest.approx(best["value"], rel=1e-5)


def test_what_to_type_next_is_said_and_works(grid: Done) -> None:
    out = grid.shown.out
    commands = [line.strip().removeprefix("next").strip() for line in out.splitlines()[-3:]]
    assert commands == [
        f"dltrain runs best {grid.short}",
        f"dltrain report {grid.short}",
        f"dltrain runs show {grid.short}/1",
    ]
    for line in commands:
        grid.ask(*shlex.split(line)[1:])


def test_repeated_settings_are_shown_by_their_mean(repeated: Done) -> None:
    assert repeated.shown.code == 0
    rows = cells(repeated.shown.out.splitlines(), "optimizer.lr  mean val/loss")
    found = results(repeated.folder)
    values = [float(row["val/loss"]) for row in found if row["optimizer.lr"] == "0.05"]
    assert [row[0] for row in rows] == ["0.05", "0.01"]
    assert float(rows[0][1]) == pytest.approx(sum(values) / 3, rel=1e-3)
    assert [row[3] for row in rows] == ["3", "3"]
    assert rows[0][-1] == "best"
    assert value(repeated, "noise").startswith("beside the best, 1 worse")
    assert "without a result: 2" in repeated.shown.out


def test_results_of_another_folder_are_asked_for_there(call: Call) -> None:
    out = call("-m", "seed=0,1", "output_dir=elsewhere", *SMALL).out
    commands = [line for line in out.splitlines() if "dltrain runs" in line]
    assert all(line.endswith(" output_dir=elsewhere") for line in commands)
    assert call("-m", "--resume", "latest", "output_dir=elsewhere").code == 0
    assert call("runs", "ls", "@1", "output_dir=elsewhere").code == 0


def test_where_all_members_diverge_the_exit_code_says_so(call: Call, here: Path) -> None:
    shown = call("-m", "optimizer.lr=1e30,1e31", *SMALL)
    assert shown.code == 3
    assert shown.err == (
        "dltrain: error: every member diverged; try smaller values of optimizer.lr\n"
    )
    assert record(only_sweep(here))["status"] == "diverged"


def test_the_long_flag_does_the_same(call: Call) -> None:
    assert (
        call("--multirun", "seed=0,1", "--dry-run").out == call("-m", "seed=0,1", "--dry-run").out
    )


def test_equal_members_are_left_out_and_said(call: Call) -> None:
    out = call("-m", "--dry-run", "seed=0,0,1,1,0").out
    assert "members    2 (3 duplicates of them left out)" in out
    assert "(1 duplicate of them left out)" in call("-m", "--dry-run", "seed=0,0,1").out


# A dry run.


def test_a_dry_run_prints_the_plan_and_leaves_nothing(call: Call, here: Path) -> None:
    shown = call("-m", "--dry-run", "model=mlp", "model.hidden=[8],[16]", "seed=range(30)")
    assert (shown.code, shown.err, tree(here)) == (0, "", [])
    rows = cells(shown.out.splitlines(), "member  model.hidden  seed  group")
    assert len(rows) == 61  # and the line below the table
    assert rows[59] == ["59", "[16]", "29", "1"]
    assert "nothing was trained (--dry-run)" in shown.out
    assert shown.out.count("30 members in 1 stack: mlp 2-") == 2


# What is refused.


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("sweep.repeat=2",), "sweep.repeat (command line): has an effect in a sweep only; add -m"),
        (("optimizer.lr=1,2",), "optimizer.lr=1,2: this is a list of values, and one run takes"),
        (("--dry-run",), "--dry-run: belongs to a sweep; add -m"),
        (("--resume", "x"), "--resume: belongs to a sweep; add -m"),
        (("-m", "--dry-run", "--resume", "x"), "--dry-run: a plan that is resumed was made before"),
        (("-m", "--resume", "latest"), "--resume=latest: there are no sweeps in outputs"),
        (("-m", "--resume", "nope"), "nope: there are no runs in outputs"),
        (("-m", "--dryrun"), "--dryrun: unknown flag; did you mean --dry-run?"),
        (("-m", "optimizer.lr=interval(0,1)"), "optimizer.lr=interval(0,1): an interval has no"),
        (("-m", "seed=range(1000000000)"), "seed=range(1000000000): has more than 100,000 values"),
        (("-m", "output_dir=a,b"), "output_dir: one sweep has one folder, not 2 (a, b)"),
        (("-m", "sweep.metric=val/los"), "sweep.metric=val/los: no such result; did you mean"),
        (("-m", "optimiser=sgd,adam"), "optimiser"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_leaves_nothing(
    words: tuple[str, ...], complaint: str, call: Call, here: Path
) -> None:
    shown = call(*words)
    assert (shown.code, shown.out, tree(here)) == (2, "", [])
    [line] = shown.err.splitlines()
    assert line.startswith(f"dltrain: error: {complaint}")


def test_all_problems_are_told_at_once(call: Call, here: Path) -> None:
    shown = call("-m", "optimizer.lrr=1,2", "seed=a,b", "trainer.epochs=0")
    assert (shown.code, tree(here)) == (2, [])
    assert len(shown.err.splitlines()) == 4


def test_a_single_run_cannot_be_resumed(call: Call) -> None:
    call(*SMALL)
    [run] = list_runs(Path("outputs"))
    shown = call("-m", "--resume", run.short)
    assert (shown.code, shown.err) == (
        2,
        f"dltrain: error: --resume={run.short}: {run.id} is a single run, not a sweep\n",
    )
    shown = call("runs", "ls", "latest")
    assert (shown.code, "is a single run; runs show shows it" in shown.err) == (2, True)


def test_a_sweep_that_is_damaged_is_refused_in_one_line(call: Call, here: Path) -> None:
    call("-m", "seed=0,1", *SMALL)
    plan = only_sweep(here) / "plan.jsonl"
    plan.write_bytes(plan.read_bytes()[:-20])
    shown = call("-m", "--resume", "latest")
    assert (shown.code, shown.out, len(shown.err.splitlines())) == (2, "", 1)
    assert "plan.jsonl: was changed or damaged after it was written" in shown.err


# The list of runs.


def test_a_sweep_is_one_row_of_the_list(grid: Done) -> None:
    [row] = cells(grid.ask("runs"), "    id")
    assert row[:3] == ["@1", grid.short, "done 2/3"]
    assert row[5:7] == ["synthetic", "linear"]
    assert row[7:9] == ["0.01,0.05,1e30", "3"]
    assert any(cell.startswith("val/loss ") for cell in row)


def test_members_are_listed_best_first_with_what_varies(grid: Done) -> None:
    rows = cells(grid.ask("runs", "ls", grid.short), "id")
    assert [row[:3] for row in rows] == [
        [f"{grid.short}/1", "done", "0.05"],
        [f"{grid.short}/0", "done", "0.01"],
        [f"{grid.short}/2", "diverged", "1e+30"],
    ]
    assert rows[2][-1].startswith("diverged at epoch 1, step ")


def test_a_sweep_is_shown_with_its_members(grid: Done) -> None:
    lines = grid.ask("runs", "show", "latest")
    told = {line[:11].strip(): line[11:].strip() for line in lines[:10]}
    assert told["sweep"] == grid.folder.name
    assert told["status"] == "done (exit code 0)"
    assert told["members"] == "3: 2 done  1 diverged"
    assert told["sorted by"] == "val/loss"
    assert told["command"] == f"dltrain rerun {grid.short}"
    assert told["typed"].startswith("dltrain -m optimizer.lr=0.01,0.05,1e30 seed=3")
    assert cells(lines, "id      status") == cells(grid.ask("runs", "ls", "@1"), "id")


@pytest.mark.parametrize("name", ["{short}/1", "{id}/1", "@1/1", "latest/0001"])
def test_a_member_is_shown_like_any_run(name: str, grid: Done) -> None:
    name = name.format(short=grid.short, id=grid.folder.name)
    lines = grid.ask("runs", "show", name)
    assert lines[0].split() == ["run", f"{grid.folder.name}/0001"]
    assert any("dltrain optimizer.lr=0.05 seed=3" in line for line in lines[:7])
    assert [line.split()[0] for line in lines[-4:]] == ["epoch", "1", "2", "3"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("@1/9", r"@1/9: \w{4} has no member 9 that has begun \(dltrain runs ls"),
        ("@1/x", r"@1/x: a member is named by its number, as in \w{4}/0"),
        ("@1/1/1", r"@1/1/1: .*/0001 is no sweep and has no members"),
    ],
)
def test_a_member_that_there_is_not_is_refused(name: str, complaint: str, grid: Done) -> None:
    shown = carry_out(grid.here, "runs", "show", name)
    assert shown.code == 2
    assert re.match(f"dltrain: error: {complaint}", shown.err)


def test_members_that_have_not_begun_are_counted(call: Call, here: Path) -> None:
    call("-m", "seed=0,1,2", *SMALL)
    for name in ("0001", "0002"):
        (only_sweep(here) / "members" / name / "run.json").unlink()
    assert "and 2 that have not begun" in call("runs", "ls", "@1").out.splitlines()


def test_a_member_that_cannot_be_read_does_not_hide_the_others(call: Call, here: Path) -> None:
    call("-m", "seed=0,1", *SMALL)
    (only_sweep(here) / "members" / "0001" / "run.json").write_text("{")
    rows = cells(call("runs", "ls", "@1").out.splitlines(), "id")
    assert [row[1] for row in rows if "/" in row[0]] == ["done", "unreadable"]


def test_repeats_stand_in_order_beside_their_setting_and_are_not_ranked(repeated: Done) -> None:
    """A member of the worse setting may be better than one of the better setting."""
    for verb in ("ls", "show"):
        lines = repeated.ask("runs", verb, repeated.short)
        order = "settings are sorted by their mean, repeats by number"
        assert lines[-1] == f"{order}; verdicts: dltrain runs best {repeated.short}"
        rows = cells(lines[:-1], "id ")
        assert [row[0].partition("/")[2] for row in rows] == [
            "3",
            "4",
            "5",
            "0",
            "1",
            "2",
            "6",
            "7",
        ]
    plain = repeated.ask("runs", "ls", repeated.short, "--sort", "val/loss")
    assert not plain[-1].startswith("settings are sorted")


def test_help_names_what_a_sweep_takes(call: Call) -> None:
    out = call("-m", "--help").out
    assert all(word in out for word in ("range(", "sweep.zip", "sweep.repeat", "--resume"))
