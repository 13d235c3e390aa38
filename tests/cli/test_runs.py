"""What one does with runs: list, sort, filter, compare, label, export, throw away, bring back."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from dltrain.cli.runs import ACTIONS
from dltrain.runs.find import find, list_runs
from dltrain.runs.run import Run, read
from dltrain.system.disk import locked
from tests.conftest import Call, Shown, command, tree, write_record

SWEEP = ["-m", "optimizer.lr=0.01,0.1,1e30", "seed=0,1", "trainer.epochs=2"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a sweep, of which one rate diverges, and two runs; the newest comes first."""
    folder = tmp_path_factory.mktemp("trained")
    lines = [
        SWEEP,
        ["experiment=book/house_tiny"],
        ["optimizer.lr=0.05", "trainer.epochs=3"],
    ]
    for line in lines:
        shown = command(*line, folder=folder)
        assert shown.code == 0, shown.err
    return folder


@pytest.fixture
def there(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a copy of it."""
    shutil.copytree(trained / "outputs", tmp_path / "outputs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def runs_of(folder: Path) -> tuple[Run, Run, Run]:
    newest, house, sweep = list_runs(folder / "outputs")
    return newest, house, sweep


def short_of(shown: Shown) -> str:
    """Return the id of a run from what its training said."""
    assert shown.code == 0, shown.err
    return shown.out.partition("runs show ")[2][:4]


def rows_of(shown: Shown) -> list[dict[str, str]]:
    assert shown.code == 0, shown.err
    return list(csv.DictReader(io.StringIO(shown.out)))


# The list.


def test_the_list_shows_what_tells_runs_apart(there: Path, call: Call) -> None:
    newest, house, sweep = runs_of(there)
    head, *lines = call("runs").out.splitlines()
    assert re.split(r"\s{2,}", head.strip())[:6] == [
        *("id", "status", "age", "duration", "data", "model"),
    ]
    assert {"optimizer.lr", "trainer.epochs", "experiment"} <= set(head.split())
    assert "data.noise" not in head  # nobody typed it
    assert [line.split()[:2] for line in lines] == [
        ["@1", newest.short],
        ["@2", house.short],
        ["@3", sweep.short],
    ]
    assert "done 4/6" in lines[2]


def test_members_of_sweeps_get_rows_of_their_own(there: Path, call: Call) -> None:
    rows = rows_of(call("runs", "--all", "--csv"))
    assert len(rows) == 8
    assert sum("_sweep_" in row["id"] for row in rows) == 6
    assert {row["optimizer.lr"] for row in rows if "_sweep_" in row["id"]} == {
        *("0.01", "0.1", "1e+30"),
    }


@pytest.mark.parametrize(
    ("key", "turned"), [("val/loss", False), ("-val/loss", True), ("optimizer.lr", False)]
)
def test_the_list_is_sorted_by_any_field(there: Path, call: Call, key: str, turned: bool) -> None:
    name = key.removeprefix("-").replace("val/loss", "best/val/loss")
    rows = rows_of(call("runs", "--all", f"--sort={key}", "--csv"))
    found = [float(row[name]) for row in rows if row[name]]
    assert found == sorted(found, reverse=turned)
    assert len(found) >= 5
    assert not any(row[name] for row in rows[len(found) :])  # those without it come last


def test_an_accuracy_is_sorted_the_highest_first() -> None:
    from dltrain.runs.compare.listing import Row, selected

    run = Run(Path("x"), {})
    listed = [Row(run, 1, {"best/val/accuracy": value}) for value in (0.5, 0.9, 0.7)]
    found = selected(listed, sort="val/accuracy")
    assert [row.fields["best/val/accuracy"] for row in found] == [0.9, 0.7, 0.5]


def test_top_keeps_the_first(there: Path, call: Call) -> None:
    asked = ["runs", "--all", "--sort=val/loss", "--columns=id", "--csv"]
    assert rows_of(call(*asked, "--top=2")) == rows_of(call(*asked))[:2]


def test_a_filter_chooses_and_the_rows_keep_their_numbers(there: Path, call: Call) -> None:
    _, house, _ = runs_of(there)
    _, line = call("runs", "--where", "data == house_tiny").out.splitlines()
    assert line.split()[:2] == ["@2", house.short]
    assert find("@2", there / "outputs").id == house.id
    assert call("runs", "--where", "status == diverged").out == (
        "none of 3 fits; --all looks at members of sweeps, too\n"
    )
    found = rows_of(call("runs", "--all", "--where", "status == diverged", "--csv"))
    assert len(found) == 2


def test_columns_are_those_asked_for(there: Path, call: Call) -> None:
    rows = rows_of(call("runs", "--columns", "id,lr,val/loss", "--csv"))
    assert list(rows[0]) == ["id", "optimizer.lr", "best/val/loss"]
    assert rows[0]["optimizer.lr"] == "0.05"


def test_json_holds_every_field_as_it_is(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    found = json.loads(call("runs", "--json").out)
    assert found[0]["id"] == newest.id
    assert found[0]["optimizer.lr"] == 0.05
    assert found[0]["best/val/loss"] == newest.part("result", "best", "value")
    assert found[0]["data.w"] == [2.0, -3.4]


def test_markdown_is_a_table(there: Path, call: Call) -> None:
    head, rule, *lines = call("runs", "--md", "--columns", "id,status").out.splitlines()
    assert (head, rule) == ("| id | status |", "| --- | --- |")
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["--sort", "val/los"],
            "--sort=val/los: no listed run has such a field; did you mean last/val",
        ),
        (
            ["--columns", "id,lrr"],
            "--columns=lrr: no listed run has such a field; did you",
        ),
        (["--columns", "seed,kind"], "--columns=kind: is one of data.kind, model.kind, "),
        (["--where", "lr <"], "--where=lr <: cannot be read"),
        (["--top", "0"], "argument --top: must be a number from 1"),
        (["--json", "--csv"], "argument --csv: not allowed with argument --json"),
        (["--jsn"], "--jsn: unknown flag; did you mean --json?"),
        (["best", "a", "b"], "runs best: b is one argument too many"),
        (["compare", "@1"], "runs compare: which runs? Give two or more, or a sweep"),
        (["diff", "@1"], "runs diff: compares two runs, not 1; runs compare more"),
        (["rm"], "runs rm: which runs?"),
        (["restore", "x"], "x: the trash is empty (outputs/.trash)"),
        (["purge", "@1"], "runs purge: @1: names no run; runs rm @1 comes first"),
        (["purge", "--older", "soon"], "argument --older: must be a number and one of s, min, h"),
        (["label", "@1", "a", "b"], "runs label: b is one argument too many; quote TEXT"),
        (["label", "@1", "a\nb"], "label=a\\x0ab: must be a line of at most 200 bytes"),
        (["label", "@1", "x" * 201], "must be a line of at most 200 bytes"),
        (["export", "x.txt"], "x.txt: must end in .csv or .parquet"),
        (["export", "no/x.csv"], "no/x.csv: there is no folder no"),
        (["show", ""], "a run's name must not be empty"),
        (["rm", "@1", ""], "a run's name must not be empty"),
        (["tail", "a", "b"], "runs tail: b is one argument too many"),
        (["best", "@1"], "is a single run, and no sweep"),
    ],
)
def test_a_mistake_costs_one_line_and_changes_nothing(
    there: Path, call: Call, words: list[str], line: str
) -> None:
    before = tree(there)
    shown = call("runs", *words)
    assert (shown.code, shown.out) == (2, "")
    assert line in shown.err
    assert len(shown.err.splitlines()) == 1
    assert tree(there) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_explains_itself(call: Call, action: str) -> None:
    shown = call("runs", action, "--help")
    assert shown.code == 0
    assert shown.out.startswith("usage: dltrain runs ")
    assert action in call("runs", "--help").out


# Best, compare, diff, show.


def test_the_best_setting_of_a_sweep_says_what_is_noise(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    shown = call("runs", "best", sweep.short)
    head, first, *_ = shown.out.splitlines()
    assert head.split()[:3] == ["optimizer.lr", "mean", "best/val/loss"]
    assert first.startswith("0.1 ")
    assert "best" in first
    assert "noise " in shown.out
    assert "without a result: 2" in shown.out
    assert f"dltrain predict {sweep.short}/" in shown.out


def test_the_best_by_another_metric(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    shown = call("runs", "best", sweep.short, "--metric", "w_error")
    assert "mean last/w_error" in shown.out
    assert shown.code == 0
    assert call("runs", "best", "sweep", "--metric", "x").code == 2


def test_the_best_of_all_learned_from_the_same_data(there: Path, call: Call) -> None:
    shown = call("runs", "best")
    assert shown.code == 0
    assert "house_tiny" not in shown.out
    assert "of    5 finished runs on synthetic" in shown.out
    rows = rows_of(call("runs", "--all", "--sort=val/loss", "--columns=id,val/loss", "--csv"))
    assert f"val/loss {float(rows[0]['best/val/loss']):.4g}" in shown.out


def test_runs_are_compared_by_their_curves_and_their_ends(there: Path, call: Call) -> None:
    newest, _, sweep = runs_of(there)
    shown = call("runs", "compare", "@1", f"{sweep.short}/2")
    assert shown.code == 0
    assert shown.out.startswith("val/loss  ")
    # Its letter is 2, which is said unless its id, or the other's, begins with it.
    named = "" if "2" in (newest.short[0], sweep.short[0]) else "2: "
    assert f"  {named}{sweep.short}/2" in shown.out.splitlines()[0]
    head, first, second = shown.out.splitlines()[-3:]
    assert head.split()[:2] == ["id", "status"]
    assert "optimizer.lr" in head
    assert "model" not in head.split()  # they have it in common
    assert first.startswith(newest.short)
    assert second.startswith(f"{sweep.short}/2")


def test_a_sweep_is_compared_by_its_best_members(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    lines = call("runs", "compare", sweep.short).out.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith(f"{sweep.short}/")]
    assert len(listed) == 6
    assert set(listed[-2:]) == {f"{sweep.short}/4", f"{sweep.short}/5"}  # these diverged


def test_two_runs_differ_in_what_they_were_told(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    shown = call("runs", "diff", f"{sweep.short}/0", f"{sweep.short}/1")
    assert re.search(r"^config +a +b\nseed +0 +1$", shown.out, re.MULTILINE)
    assert re.search(r"^result +a +b +b - a$", shown.out, re.MULTILINE)


def test_a_run_differs_in_nothing_from_itself(there: Path, call: Call) -> None:
    shown = call("runs", "diff", "@1", "@1")
    assert "config: no difference" in shown.out
    assert "circumstances: no difference" in shown.out
    assert shown.out.splitlines()[-1] == "the same numbers"


def test_a_run_is_shown_with_its_curves(there: Path, call: Call) -> None:
    out = call("runs", "show", "@1").out
    assert re.search(r"^loss  train  val +rmse  train  val", out, re.MULTILINE)
    assert re.search(r"^ +1 +epoch +3 +1 +epoch +3$", out, re.MULTILINE)
    assert not re.search(r"^loss  train", call("runs", "show", "@2").out, re.MULTILINE)  # 1 epoch


# Labels.


def test_a_label_is_listed_and_found_and_taken_away(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    record = (newest.folder / "run.json").read_bytes()
    assert call("runs", "label", "@1", "first try").out == f"{newest.short}: first try\n"
    assert call("runs", "label", newest.short).out == f"{newest.short}: first try\n"
    [row] = rows_of(call("runs", "--where", "label == 'first try'", "--csv"))
    assert row["id"] == newest.id
    assert (newest.folder / "run.json").read_bytes() == record
    assert "WARNING" not in call("runs", "show", "@1").out
    assert call("runs", "label", "@1", "").out == f"{newest.short}: no label\n"
    assert not (newest.folder / "label.txt").exists()


def test_a_label_of_a_strangers_is_shown_and_not_obeyed(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    (newest.folder / "label.txt").write_text("\x1b[31m[red]| x\n" + "y" * 10**6)
    out = call("runs").out
    assert "\\x1b[31m[red]| x" in out
    assert len(newest.label) <= 200
    assert len(out) < 5000


# The trash.


def test_what_is_thrown_away_comes_back_whole(there: Path, call: Call) -> None:
    newest, house, sweep = runs_of(there)
    before = tree(there)
    shown = call("runs", "rm", "@3", "@1")  # both are found before one is moved
    assert shown.code == 0
    assert [run.id for run in list_runs(there / "outputs")] == [house.id]
    assert sweep.short in call("runs", "restore").out
    assert call("runs", "restore", newest.short, sweep.id).code == 0
    assert [path for path in tree(there) if ".trash" not in path] == before
    assert len(list_runs(there / "outputs")) == 3


def test_a_run_in_use_is_not_thrown_away(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    with locked(newest.folder):
        assert call("runs", "rm", "@1").code == 5
    assert newest.folder.is_dir()


def test_a_member_is_thrown_away_with_its_sweep_only(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    shown = call("runs", "rm", f"{sweep.short}/1")
    assert shown.code == 2
    assert f"runs rm {sweep.short} moves the whole of it" in shown.err


def test_a_link_is_not_thrown_away(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    elsewhere = there / "elsewhere"
    newest.folder.rename(elsewhere)
    newest.folder.symlink_to(elsewhere)
    shown = call("runs", "rm", f"outputs/{newest.id}")
    assert shown.code == 2
    assert "is a link" in shown.err
    assert elsewhere.is_dir()


def test_purging_says_what_it_would_delete_and_deletes_with_yes_alone(
    there: Path, call: Call
) -> None:
    newest, *_ = runs_of(there)
    assert call("runs", "purge").out == "nothing to delete\n"
    call("runs", "rm", "@1")
    before = tree(there)
    assert "1 would be deleted for good" in call("runs", "purge").out
    assert tree(there) == before
    assert call("runs", "purge", "--older=1d", "--yes").out == "nothing to delete\n"
    assert call("runs", "purge", "--older=0s", "--yes").out.startswith("1 deleted, ")
    assert list_runs(there / "outputs" / ".trash") == []
    assert len(list_runs(there / "outputs")) == 2
    assert not any(newest.id in path for path in tree(there))


def test_purging_what_failed_leaves_what_was_done(there: Path, call: Call) -> None:
    line = [sys.executable, "-m", "dltrain", "trainer.epochs=10000000"]
    with subprocess.Popen(line, cwd=there, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for shown in process.stdout:
            if b"epoch" in shown:
                break
        busy = list_runs(there / "outputs")[0]
        assert busy.status == "running"
        assert call("runs", "purge", "--failed", "--yes").out == "nothing to delete\n"
        process.send_signal(signal.SIGKILL)
    assert list_runs(there / "outputs")[0].status == "crashed"
    assert call("runs", "purge", "--failed", "--yes").out.startswith("1 deleted, ")
    assert len(list_runs(there / "outputs")) == 3
    assert not busy.folder.exists()


def test_purging_leaves_a_sweep_of_which_some_failed(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    write_record(sweep.folder / "sweep.json", {**sweep.info, "status": "failed"})
    assert call("runs", "purge", "--failed", "--yes").out == "nothing to delete\n"


def test_a_trash_that_is_a_link_is_nobodys(there: Path, call: Call) -> None:
    (there / "outputs").rename(there / "real")
    (there / "outputs").mkdir()
    (there / "outputs" / ".trash").symlink_to(there / "real")
    for words in (["purge", "--yes"], ["restore"], ["restore", "latest"]):
        shown = call("runs", *words)
        assert shown.code == 2
        assert "is a link, and is not followed" in shown.err
    assert len(list_runs(there / "real")) == 3


def test_what_is_in_the_trash_is_not_thrown_away_again(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    call("runs", "rm", "@1")
    shown = call("runs", "rm", f"outputs/.trash/{newest.id}")
    assert shown.code == 2
    assert "is in the trash already" in shown.err


def test_a_run_that_cannot_be_read_can_be_thrown_away(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    (newest.folder / "run.json").write_text("{")
    assert call("runs", "show", "@1").code == 2
    assert call("runs", "rm", "@1").code == 0
    assert call("runs", "restore", newest.short).code == 0


def test_the_way_back_from_the_trash_is_said_with_the_folder(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    os.rename(there / "outputs", there / "my runs")
    shown = call("runs", "rm", newest.id, "output_dir=my runs")
    [command_] = re.findall(r"\((dltrain .*)\)", shown.out)
    assert call(*shlex.split(command_)[1:]).code == 0
    assert len(list_runs(there / "my runs")) == 3


def test_runs_of_one_name_in_two_folders_are_two(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    shutil.copytree(newest.folder, there / "o2" / newest.id)
    lines = call("runs", "compare", "@1", f"o2/{newest.id}").out.splitlines()
    assert sum(line.startswith(newest.short) for line in lines) == 2
    assert call("runs", "rm", "@1", f"o2/{newest.id}").code == 0
    assert list_runs(there / "o2") == []


# Following.


def test_a_run_is_followed_until_it_ends(there: Path) -> None:
    train = [sys.executable, "-m", "dltrain", "trainer.epochs=400", "data.num_train=20000"]
    with subprocess.Popen(train, cwd=there, stdout=subprocess.DEVNULL) as training:
        while len(list_runs(there / "outputs")) < 4:
            assert training.poll() is None
            time.sleep(0.05)
        shown = command("runs", "tail", folder=there)
    assert training.returncode == 0
    assert shown.code == 0
    first, head, *rows, last = shown.out.splitlines()
    assert first.endswith(": running")
    assert head.split()[:3] == ["epoch", "step", "lr"]
    epochs = [int(row.split()[0].replace(",", "")) for row in rows]
    assert epochs == list(range(epochs[0], 401))  # none twice, none left out
    assert last.startswith("done: best val/loss ")


def test_what_has_ended_is_shown_at_once(there: Path, call: Call) -> None:
    assert len(call("runs", "tail", "@1").out.splitlines()) == 1 + 1 + 3 + 1
    *_, sweep = runs_of(there)
    lines = call("runs", "tail", sweep.short).out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [f"{sweep.short}/{n}" for n in range(6)]
    assert lines[1].endswith("(1/6)")


# Exporting.


@pytest.mark.parametrize("name", ["runs.csv", "runs.parquet"])
def test_all_runs_become_one_table(there: Path, call: Call, name: str) -> None:
    newest, *_ = runs_of(there)
    assert call("runs", "export", name).out == f"{name}: 8 runs of 8 runs\n"
    frame = (pd.read_csv if name.endswith("csv") else pd.read_parquet)(there / name)
    assert len(frame) == 8
    row = frame[frame["id"] == newest.id].iloc[0]
    assert row["optimizer.lr"] == 0.05
    assert row["best/val/loss"] == newest.part("result", "best", "value")
    assert sorted(frame["status"].unique()) == ["diverged", "done"]


def test_all_epochs_become_one_table(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    call("runs", "export", "epochs.parquet", "--epochs", "--where", "data == synthetic")
    frame = pd.read_parquet(there / "epochs.parquet")
    own = frame[frame["id"] == newest.id]
    assert own["epoch"].tolist() == [1, 2, 3]
    written = [float(row["val/loss"]) for row in newest.metrics()]
    assert own["val/loss"].tolist() == written
    assert set(own["optimizer.lr"]) == {0.05}


def test_a_table_goes_to_standard_output(there: Path) -> None:
    shown = command("runs", "export", "-", folder=there)
    assert len(pd.read_csv(io.StringIO(shown.out))) == 8


def test_looking_at_runs_loads_no_torch(there: Path) -> None:
    script = (
        "import sys; from dltrain.cli.main import run\n"
        "for line in sys.argv[1:]: assert run(['runs', *line.split()]) == 0, line\n"
        "assert not {'torch', 'matplotlib'} & set(sys.modules), 'heavy'"
    )
    *_, sweep = runs_of(there)
    lines = ["--all", f"best {sweep.short}", "show @1", "compare @1 @2", "diff @1 @2", "tail @1"]
    lines += ["label @1 x", "export x.csv", "rm @1", "restore @1", "purge"]
    line = [sys.executable, "-c", script, *lines]
    result = subprocess.run(line, cwd=there, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


# Again.


def test_a_rerun_gives_the_same_bytes(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    shown = call("rerun", newest.short)
    assert shown.code == 0
    assert shown.out.splitlines()[0] == "dltrain optimizer.lr=0.05 trainer.epochs=3"
    again = list_runs(there / "outputs")[0]
    assert again.id != newest.id
    for name in ("metrics.csv", "config.yaml", "coefficients.csv"):
        assert (again.folder / name).read_bytes() == (newest.folder / name).read_bytes()


def test_a_rerun_takes_changes(there: Path, call: Call) -> None:
    assert call("rerun", "@1", "seed=7", "optimizer.lr=0.2").code == 0
    again = list_runs(there / "outputs")[0]
    assert again.part("overrides") == ["trainer.epochs=3", "seed=7", "optimizer.lr=0.2"]


def test_a_rerun_with_another_choice_leaves_out_what_belonged_to_the_old(
    there: Path, call: Call
) -> None:
    first = short_of(call("model=mlp", "model.hidden=[4]", "trainer.epochs=1"))
    again = find(short_of(call("rerun", first, "model=linear")), there / "outputs")
    assert again.part("overrides") == ["trainer.epochs=1", "model=linear"]


def test_a_member_is_run_again_alone_and_a_sweep_around_it(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    shown = call("rerun", f"{sweep.short}/2", "-m", "seed=5,6", "--dry-run")
    assert shown.code == 0
    assert shown.out.splitlines()[0] == (
        "dltrain -m --dry-run optimizer.lr=0.1 trainer.epochs=2 seed=5,6"
    )
    assert call("rerun", f"{sweep.short}/2").code == 0
    newest = list_runs(there / "outputs")[0]
    assert newest.part("config", "optimizer", "lr") == 0.1


def test_a_sweep_is_run_again(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    shown = call("rerun", sweep.id, "--dry-run")
    assert shown.out.splitlines()[1] == "members    6"


def test_what_config_files_say_otherwise_by_now_is_pinned_and_said(there: Path, call: Call) -> None:
    folder = there / "mine" / "trainer"
    folder.mkdir(parents=True)
    conf = Path(__file__).parents[2] / "conf" / "trainer" / "default.yaml"
    (folder / "mine.yaml").write_text(f"{conf.read_text()}epochs: 2\n")
    first = short_of(call("trainer=mine", "--config-dir=mine"))
    (folder / "mine.yaml").write_text(f"{conf.read_text()}epochs: 3\n")
    shown = command("rerun", first, "--config-dir=mine", folder=there)
    assert "note: trainer.epochs was 2 and is 3 in the config files now" in shown.out
    again = find(short_of(shown), there / "outputs")
    assert again.part("config", "trainer", "epochs") == 2
    shutil.rmtree(folder)
    gone = command("rerun", first, folder=there)  # all of it can be said without the files
    again = find(short_of(gone), there / "outputs")
    assert again.part("config", "trainer", "epochs") == 2


def test_a_rerun_goes_beside_what_it_repeats(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    os.rename(there / "outputs", there / "older")
    assert call("rerun", f"older/{newest.id}").code == 0
    assert len(list_runs(there / "older")) == 4
    assert not (there / "outputs").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "rerun: which run? Give one id, latest, or @1"),
        (["@1", "@2"], "rerun: which run? Give one id"),
        (["@9"], "@9: the list has rows @1 to @3"),
        (["@1", "optimzer.lr=1"], "optimzer.lr (command line): unknown key; did you mean optim"),
    ],
)
def test_what_cannot_be_run_again_is_refused(
    there: Path, call: Call, words: list[str], line: str
) -> None:
    before = tree(there)
    shown = call("rerun", *words)
    assert shown.code == 2
    assert line in shown.err
    assert tree(there) == before


def test_a_narrow_terminal_gets_fewer_columns_and_is_told_which_are_missing(there: Path) -> None:
    def shown(width: int) -> list[str]:
        line = [sys.executable, "-m", "dltrain", "runs"]
        environment = os.environ | {"COLUMNS": str(width)}
        result = subprocess.run(line, cwd=there, env=environment, capture_output=True, text=True)
        return result.stdout.splitlines()

    assert len(shown(400)) == 4
    head, *rows, missing = shown(100)
    assert len(rows) == 3  # each on one line
    assert {"id", "status", "best"} <= set(head.split())
    assert missing.startswith("no room for, but in --columns: duration")


def test_an_interrupted_sweep_shows_what_it_is_at_and_no_none(there: Path, call: Call) -> None:
    """As Ctrl-C leaves it: one member is done, another was stopped on its way."""
    *_, sweep = runs_of(there)
    stopped = sweep.folder / "members" / "0001" / "run.json"
    before = stopped.read_bytes(), (sweep.folder / "sweep.json").read_bytes()
    write_record(stopped, read(stopped.parent).info | {"status": "interrupted", "exit_code": 130})
    away = sweep.info | {"status": "interrupted", "exit_code": None}
    write_record(sweep.folder / "sweep.json", away)
    try:
        best = call("runs", "best", sweep.short).out
        assert "not finished: 1" in best
        assert "best/val/loss so far" in best
        assert "5 of 6 members are finished" in best
        assert "interrupted" in best
        shown = call("runs", "show", sweep.short).out
        assert "1 interrupted" in shown
        assert "None" not in shown + best
    finally:
        stopped.write_bytes(before[0])
        (sweep.folder / "sweep.json").write_bytes(before[1])


def test_a_filter_knows_an_id_by_all_its_forms(here: Path, call: Call) -> None:
    long = {
        "2e34": "2026-11-27_10-00-00_linear-x_2e34",
        "0234": "2026-11-27_10-00-01_linear-x_0234",
        "4fhz/3": "2026-11-27_10-00-02_sweep_4fhz/0003",
    }
    sweep = here / "outputs/2026-11-27_10-00-02_sweep_4fhz"
    folders = [here / "outputs" / long[name] for name in ("2e34", "0234")]
    for folder in [*folders, sweep / "members/0003"]:
        folder.mkdir(parents=True)
        write_record(folder / "run.json", {"status": "done"})
    write_record(sweep / "sweep.json", {"status": "done"})
    for text, ids in [
        ("id == 2e34", ["2e34"]),
        ("id = 0234", ["0234"]),
        ("id == '2e34'", ["2e34"]),
        (f"id == {long['2e34']}", ["2e34"]),
        ("id == 4fhz/3", ["4fhz/3"]),
        ("id == 4fhz/4", []),
        (f"id == '{long['4fhz/3']}'", ["4fhz/3"]),
        ("id in (2e34, 4fhz/3)", ["2e34", "4fhz/3"]),
        ("id not in (2e34, 4fhz/3)", ["0234"]),
        ("id != 2e34 and id != 0234", ["4fhz/3"]),
        ("0234 == id", ["0234"]),
    ]:
        shown = call("runs", "--all", "--where", text, "--json", "--sort", "id")
        assert shown.err == ""
        assert [row["id"] for row in json.loads(shown.out)] == [long[name] for name in ids], text


def test_show_best_and_compare_write_json(here: Path, call: Call) -> None:
    small = ["data.num_train=64", "data.num_val=16", "trainer.epochs=2", "device.threads=1"]
    assert call(*small).code == 0
    assert call(*small, "optimizer.lr=1e30").code == 3
    one, other = [run.short for run in list_runs(here / "outputs")]
    (here / "outputs" / "2026-01-01_a_\x1b[31m").mkdir()
    write_record(
        here / "outputs" / "2026-01-01_a_\x1b[31m" / "run.json",
        {"status": "running", "pid": 2**30, "host": os.uname().nodename, "overrides": ["a=\x1b"]},
    )
    for words in (["show", one], ["show", other], ["show", "2026-01-01"]):
        shown = call("runs", *words, "--json")
        assert shown.out.isascii()
        assert "\x1b" not in shown.out
        assert set(json.loads(shown.out)) == {"fields", "record", "folder"}
    best = json.loads(call("runs", "best", "--json").out)
    assert best["metric"] == "best/val/loss"
    assert best["best"] == best["ranking"][0]
    assert isinstance(best["best"]["best/val/loss"], float)
    both = json.loads(call("runs", "compare", one, other, "--json").out)
    assert {run["status"] for run in both} == {"diverged", "done"}


def test_a_sweep_and_its_best_are_json(here: Path, call: Call) -> None:
    sweep = ["-m", "data.num_train=64", "data.num_val=16", "trainer.epochs=2", "device.threads=1"]
    assert call(*sweep, "optimizer.lr=0.01,0.1").code == 0
    shown = json.loads(call("runs", "show", "latest", "--json").out)
    assert len(shown["members"]) == 2
    best = json.loads(call("runs", "best", "latest", "--json").out)
    assert best["best"]["value"] == best["ranking"][0]["value"]


def test_runs_that_learn_different_things_are_not_on_one_axis(here: Path, call: Call) -> None:
    assert call("data.num_train=64", "data.num_val=16", "trainer.epochs=3").code == 0
    words = ["data=fashion_mnist", "data.source=sample", "model=softmax", "trainer.epochs=3"]
    assert call(*words).code == 0
    newest, oldest = sorted(list_runs(here / "outputs"), key=lambda run: run.part("data", "name"))
    shown = call("runs", "compare", newest.short, oldest.short).out
    assert f"regression of synthetic: {oldest.short}\n" in shown
    assert "learn different things" in shown
    assert shown.count("val/loss") >= 3  # a chart for each, and the table
    assert call("data.num_train=64", "data.num_val=16", "trainer.epochs=3", "seed=1").code == 0
    alike = [run.short for run in list_runs(here / "outputs") if run.part("data", "name")[0] == "s"]
    assert "different things" not in call("runs", "compare", *alike).out
