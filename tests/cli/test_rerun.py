"""A run trained anew from what its record says."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from dltrain.runs.find import find, list_runs
from tests.cli.conftest import runs_of, short_of
from tests.conftest import Call, command, tree


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
