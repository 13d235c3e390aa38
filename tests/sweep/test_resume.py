"""Sweeps that cannot go on as they are: the table moved or changed, files lost, a plan gone."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from dltrain.runs.find import list_runs
from dltrain.runs.layout import FORMAT, RECORD
from dltrain.runs.record import read_record, sealed_json
from dltrain.runs.run import Run, read
from tests.conftest import Call, tree, write_record

TABLE = "a,b,y\n1,2,3\n2,3,5\n3,4,7\n4,6,10\n5,5,10\n6,1,7\n7,8,15\n8,2,10\n"
CSV = ["data=csv", "data.path=t.csv", "data.target=y", "trainer.epochs=2", "device=cpu"]


@pytest.fixture
def sweep(here: Path, call: Call) -> Run:
    """A sweep of which one member is still to be trained."""
    (here / "t.csv").write_text(TABLE)
    assert call("-m", *CSV, "optimizer.lr=0.01,0.1").code == 0
    [run] = list_runs(here / "outputs")
    shutil.rmtree(run.folder / "members" / "0001")
    return run


def weights(run: Run) -> dict[str, bytes]:
    """Return all metrics and states of the members."""
    files = sorted(run.folder.glob("members/*/checkpoints/*")) + sorted(
        run.folder.glob("members/*/metrics.csv")
    )
    return {str(file.relative_to(run.folder)): file.read_bytes() for file in files}


def test_a_sweep_goes_on_where_its_table_lies_now(sweep: Run, call: Call) -> None:
    Path("t.csv").rename("other.csv")
    refused = call("resume", "latest")
    assert refused.code == 2
    assert "say where the data lie now: data.path=..." in refused.err
    missing = call("resume", "latest", "data.path=nope.csv")
    assert "data.path=nope.csv: no such file" in missing.err
    for empty in ("data.path=", "data.path=null"):
        refused = call("resume", "latest", empty)
        assert refused.code == 2
        assert "must not be empty" in refused.err
    moved = call("resume", "latest", "data.path=other.csv")
    assert moved.code == 0
    assert "WARNING" not in moved.out
    assert read(sweep.folder).status == "done"
    assert read(sweep.folder / "members" / "0001").part("config", "data", "path") == "other.csv"
    shutil.rmtree(sweep.folder / "members" / "0000")
    assert call("resume", "latest").code == 0  # it has not to be told twice


def test_files_that_validate_and_test_are_found_where_they_lie_now(here: Path, call: Call) -> None:
    for name in ("t", "v", "w"):
        (here / f"{name}.csv").write_text(TABLE)
    files = ["data.val_path=v.csv", "data.test_path=w.csv"]
    words = [*CSV, *files, "data.task=regression", "optimizer.lr=0.01,0.1"]
    assert call("-m", *words).code == 0
    [run] = list_runs(here / "outputs")
    before = weights(run)
    shutil.rmtree(run.folder / "members" / "0001")
    (here / "w.csv").rename(here / "x.csv")
    missing = call("resume", "latest")
    assert "say where the data lie now: data.test_path=..." in missing.err
    assert call("resume", "latest", "data.test_path=x.csv").code == 0
    assert weights(run) == before


def test_it_may_be_repeated_with_the_new_path_as_well(sweep: Run, call: Call) -> None:
    Path("t.csv").rename("other.csv")
    missing = call("-m", "--resume", "latest", "data.path=nope.csv")
    assert "data.path=nope.csv: no such file" in missing.err
    words = [*CSV[:1], "data.path=other.csv", *CSV[2:], "optimizer.lr=0.01,0.1"]
    assert call("-m", "--resume", "latest", *words).code == 0
    assert read(sweep.folder).status == "done"


def test_a_moved_table_gives_the_same_bytes(sweep: Run, call: Call) -> None:
    assert call("resume", "latest").code == 0
    before = weights(sweep)
    shutil.rmtree(sweep.folder / "members" / "0001")
    Path("t.csv").rename("other.csv")
    assert call("resume", "latest", "data.path=other.csv").code == 0
    assert weights(sweep) == before


def test_a_table_of_other_content_is_refused_unless_that_is_allowed(sweep: Run, call: Call) -> None:
    Path("t.csv").write_text(TABLE.replace("8,2,10", "8,2,11"))
    before = tree(sweep.folder)
    refused = call("resume", "latest")
    assert refused.code == 2
    assert "its content changed" in refused.err
    assert "--allow-changed trains them all the same" in refused.err
    assert tree(sweep.folder) == before
    allowed = call("resume", "latest", "--allow-changed")
    assert allowed.code == 0
    assert "WARNING: members that are finished learned from other data" in allowed.out
    digests = {read(sweep.folder / "members" / f"000{n}").part("data", "sha256") for n in range(2)}
    assert len(digests) == 2


def test_a_member_of_another_format_is_refused_and_not_written_over(sweep: Run, call: Call) -> None:
    record = sweep.folder / "members" / "0000" / RECORD
    record.write_bytes(sealed_json(read_record(record) | {"format": FORMAT + 1}))
    before, content = tree(sweep.folder), record.read_bytes()
    shown = call("resume", "latest")
    assert (shown.code, len(shown.err.splitlines())) == (2, 1)
    assert "members/0000: was written by another dltrain (format " in shown.err
    assert (tree(sweep.folder), record.read_bytes()) == (before, content)


def test_of_several_tables_the_folder_is_told(here: Path, call: Call) -> None:
    for name in ("t", "u"):
        (here / f"{name}.csv").write_text(TABLE)
    words = [word for word in CSV if not word.startswith("data.path")]
    assert call("-m", *words, "data.path=t.csv,u.csv").code == 0
    [run] = list_runs(here / "outputs")
    shutil.rmtree(run.folder / "members" / "0001")
    (here / "tables").mkdir()
    for name in ("t", "u"):
        (here / f"{name}.csv").rename(here / "tables" / f"{name}.csv")
    refused = call("resume", "latest", "data.path=tables/u.csv")
    assert refused.code == 2
    assert "members learn from 2 files (t.csv, u.csv); give the folder" in refused.err
    assert call("resume", "latest", "data.path=tables").code == 0
    member = read(run.folder / "members" / "0001")
    assert member.part("config", "data", "path") == "tables/u.csv"


def test_a_sweep_without_a_table_has_no_path_to_be_told(here: Path, call: Call) -> None:
    assert call("-m", "trainer.epochs=1", "seed=0,1", "device=cpu").code == 0
    refused = call("resume", "latest", "data.path=t.csv")
    assert refused.code == 2
    assert "no member of the sweep has such a key" in refused.err


@pytest.mark.parametrize("elsewhere", ["resume", "rerun"])
def test_relative_paths_count_from_where_they_were_typed(
    elsewhere: str, sweep: Run, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = sweep.folder.absolute()
    monkeypatch.chdir(tmp_path)
    assert call(elsewhere, str(folder)).code == 0


def test_a_plan_that_is_gone_is_named_with_what_to_do(sweep: Run, call: Call) -> None:
    (sweep.folder / "plan.jsonl").unlink()
    for verb in ("resume", "rerun"):
        refused = call(verb, "latest")
        assert refused.code == 2
        [line] = refused.err.splitlines()
        assert f"{sweep.folder.name}/plan.jsonl: No such file" in line
        advice = line.partition("without the plan; ")[2].partition(" takes over")[0]
    taken = call(*shlex.split(advice)[1:])
    assert taken.code == 0, taken.err
    [again] = [run for run in list_runs(Path("outputs")) if run.part("taken_over")]
    assert set(again.part("taken_over")) == {"0"}


@pytest.mark.parametrize("lost", ["metrics.csv", "checkpoints"])
def test_what_is_done_and_has_lost_its_results_is_trained_again(
    lost: str, sweep: Run, call: Call
) -> None:
    assert call("resume", "latest").code == 0
    before = weights(sweep)
    path = sweep.folder / "members" / "0001" / lost
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    assert read(path.parent).status == "incomplete"
    assert "incomplete" in call("runs", "ls", "latest").out
    assert "1 incomplete" in call("runs", "show", "latest").out
    assert call("resume", "latest").code == 0
    assert read(path.parent).status == "done"
    assert weights(sweep) == before


@pytest.mark.parametrize("lost", ["metrics.csv", "checkpoints"])
def test_a_run_that_has_lost_its_results_is_trained_again(
    lost: str, here: Path, call: Call
) -> None:
    (here / "t.csv").write_text(TABLE)
    assert call(*CSV).code == 0
    [run] = list_runs(here / "outputs")
    metrics = (run.folder / "metrics.csv").read_bytes()
    path = run.folder / lost
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    shown = call("runs", "show", "latest").out
    assert "incomplete" in shown
    assert "dltrain resume" in shown
    assert call("resume", "latest").code == 0
    assert (run.folder / "metrics.csv").read_bytes() == metrics


def test_a_finished_run_is_not_called_incomplete(sweep: Run, call: Call) -> None:
    assert call("resume", "latest").code == 0
    assert [read(sweep.folder / "members" / f"000{n}").status for n in range(2)] == ["done"] * 2
    assert "incomplete" not in call("runs", "ls", "latest").out


def test_a_record_that_lists_no_metrics_says_nothing_of_them(tmp_path: Path) -> None:
    final = {"epoch": 3}
    write_record(tmp_path / "run.json", {"status": "done", "result": {"final": final}})
    assert read(tmp_path).status == "done"


# What cannot be done is answered with what can.


def test_a_member_cannot_go_on_and_the_line_says_what_trains_it_for_longer(
    sweep: Run, call: Call
) -> None:
    refused = call("resume", f"{sweep.short}/0", "trainer.epochs=4")
    assert refused.code == 2
    again = f"dltrain rerun {sweep.short}/0 trainer.epochs=4"
    assert again in refused.err
    assert call(*shlex.split(again)[1:]).code == 0
    [alone] = [run for run in list_runs(Path("outputs")) if not run.is_sweep]
    assert alone.num_epochs() == 4


@pytest.mark.parametrize("name", ["latest", "latest/0"])
def test_other_values_are_another_run(name: str, sweep: Run, call: Call) -> None:
    refused = call("resume", name, "optimizer.lr=0.3")
    assert refused.code == 2
    line = refused.err.strip()
    again = line.partition("; ")[2].partition(" trains it anew")[0]
    assert again.startswith("dltrain rerun ")
    assert call(*shlex.split(again)[1:]).code == 0


def test_a_sweep_of_another_definition_is_told_rerun_and_skip_done(sweep: Run, call: Call) -> None:
    refused = call("-m", "--resume", "latest", *CSV, "optimizer.lr=0.01,0.2")
    assert refused.code == 2
    assert f"dltrain rerun {sweep.short} KEY=VALUE" in refused.err
    assert "sweep.skip_done=true" in refused.err


def test_the_bare_name_of_a_folder_is_a_run(
    sweep: Run, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("outputs")
    for name in (sweep.folder.name, f"./{sweep.folder.name}", f"{sweep.folder.name}/0"):
        assert call("runs", "show", name).code == 0, name
    missing = call("runs", "show", "nosuch")
    assert missing.code == 2
    assert "there are no runs in outputs" in missing.err


def test_who_goes_on_from_other_folders_finds_everything_each_time(
    sweep: Run, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, here = sweep.folder.absolute(), Path.cwd()
    Path("t.csv").rename("other.csv")
    monkeypatch.chdir(here.parent)
    assert call("resume", str(folder), f"data.path={here.name}/other.csv").code == 0
    shutil.rmtree(folder / "members" / "0000")
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    assert call("resume", str(folder)).code == 0
    for number in range(2):
        line = (
            call("runs", "show", f"{folder}/{number}").out.partition("command")[2].splitlines()[0]
        )
        assert call(*shlex.split(line)[1:], "--cfg", "job").code == 0, line


def test_a_run_that_went_on_from_another_folder_is_found_from_a_third(
    here: Path, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (here / "t.csv").write_text(TABLE)
    assert call(*CSV).code == 0
    [run] = list_runs(here / "outputs")
    for number, folder in enumerate((here.parent, tmp_path / "a", here)):
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        assert call("resume", str(run.folder), f"trainer.epochs={3 + number}").code == 0
        line = call("runs", "show", str(run.folder)).out.partition("command")[2].splitlines()[0]
        shown = call(*shlex.split(line)[1:], "--cfg", "job")
        assert shown.code == 0, line
        assert f"epochs: {3 + number}\n" in shown.out


def test_tables_of_one_name_are_told_apart_by_their_folders(here: Path, call: Call) -> None:
    for name in ("A", "B"):
        (here / name).mkdir()
        (here / name / "t.csv").write_text(TABLE.replace("8,2,10", f"8,2,1{name == 'B':d}"))
    words = [word for word in CSV if not word.startswith("data.path")]
    assert call("-m", *words, "data.path=A/t.csv,B/t.csv").code == 0
    [run] = list_runs(here / "outputs")
    shutil.rmtree(run.folder / "members" / "0001")
    (here / "new").mkdir()
    for name in ("A", "B"):
        (here / name).rename(here / "new" / name)
    assert call("resume", "latest", "data.path=new").code == 0
    assert read(run.folder / "members" / "0001").part("config", "data", "path") == "new/B/t.csv"


@pytest.mark.parametrize("word", ["+seed=4", "~seed", "++trainer.epochs=3"])
def test_signs_of_hydras_are_answered_with_what_can_be_typed(
    word: str, sweep: Run, call: Call
) -> None:
    refused = call("rerun", f"{sweep.short}/0", word)
    assert refused.code == 2
    assert "keys are fixed" in refused.err
    if "=" in word:
        resumed = call("resume", f"{sweep.short}/0", word)
        assert resumed.code == 2
        assert word not in resumed.err.partition("dltrain rerun")[2]


def test_what_was_typed_with_a_zero_in_front_is_text_in_lists(here: Path, call: Call) -> None:
    (here / "010").write_text(TABLE)
    words = [*CSV[:1], "data.path=010", *CSV[2:]]
    assert call("-m", *words, "seed=1,2").code == 0
    shown = call("runs", "--where", 'data.path == "010"', "--columns", "data.path,trainer.epochs")
    assert shown.code == 0
    assert shown.out.splitlines()[1].split() == ["010", "2"]
