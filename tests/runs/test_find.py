"""Runs, sweeps and members found by their names and listed in order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dltrain.runs.find import find, list_all, list_runs, members
from dltrain.runs.run import read
from tests.conftest import Call
from tests.runs.conftest import FIRST, SECOND, SECRET, SWEEP, THIRD, Make


def refusal(name: str, folder: Path) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        find(name, folder)
    return str(caught.value)


# Finding.


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (THIRD, THIRD),
        ("2026-02", THIRD),
        ("2026-01-01", FIRST),
        ("k3f9", THIRD),
        ("aabb", SECOND),
        ("k3", THIRD),
        ("latest", THIRD),
        ("@1", THIRD),
        ("@3", FIRST),
        (f"outputs/{SECOND}", SECOND),
        (f"./outputs/{SECOND}/", SECOND),
    ],
)
def test_a_run_is_found_by_any_of_its_names(three: Path, name: str, found: str) -> None:
    assert find(name, three).id == found


def test_runs_are_listed_newest_first(three: Path) -> None:
    assert [run.id for run in list_runs(three)] == [THIRD, SECOND, FIRST]
    assert [run.short for run in list_runs(three)] == ["k3f9", "aabb", "aaaa"]


def test_runs_of_one_second_are_listed_in_the_order_they_were_started(
    make: Make, here: Path
) -> None:
    second = "2026-11-24_09-00-00"
    ids = [f"{second}_softmax_zzzz", f"{second}_linear_aaaa", f"{second}_mlp_mmmm"]
    for milliseconds, run_id in enumerate(ids, 998):
        moment = f"2026-11-24T09:00:0{milliseconds // 1000}.{milliseconds % 1000:03}+00:00"
        make(run_id, started=moment)
    assert [run.id for run in list_runs(here / "outputs")] == ids[::-1]
    assert find("latest", here / "outputs").id == ids[-1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("2026-01", f"2026-01: fits 2 runs, {SECOND}, {FIRST}; give more characters"),
        ("aa", f"aa: fits 2 runs, {SECOND}, {FIRST}; give more characters"),
        ("@0", "@0: the list has rows @1 to @3"),
        ("@4", "@4: the list has rows @1 to @3"),
    ],
)
def test_a_name_that_fits_several_or_none_is_refused(three: Path, name: str, message: str) -> None:
    assert refusal(name, three) == message


def test_an_unknown_name_comes_with_the_nearest(three: Path) -> None:
    assert refusal("k3f8", three) == (
        f"k3f8: no such run in {three}; did you mean k3f9? (dltrain runs lists them)"
    )


def test_without_runs_there_is_nothing_to_find(here: Path) -> None:
    assert refusal("latest", here) == (
        f"latest: there are no runs in {here}; train one with: dltrain output_dir=."
    )
    assert list_runs(here / "nowhere") == []


def test_other_folders_and_files_are_no_runs(three: Path) -> None:
    (three / "zzz").mkdir()
    (three / "sheet.png").write_text("")
    assert len(list_runs(three)) == 3


def test_a_sweep_is_listed_among_the_runs(sweep: Path, three: Path) -> None:
    found = list_runs(three)
    assert [run.id for run in found] == [THIRD, SWEEP, SECOND, FIRST]
    assert [run.is_sweep for run in found] == [False, True, False, False]
    assert (found[1].short, found[1].status, found[1].part("members")) == ("s3p7", "done", 20)


@pytest.mark.parametrize(
    "name", [SWEEP, "2026-01-15", "s3p7", "s3", "@2", f"outputs/{SWEEP}", f"./outputs/{SWEEP}/"]
)
def test_a_sweep_is_found_by_any_of_its_names(sweep: Path, three: Path, name: str) -> None:
    found = find(name, three)
    assert (found.id, found.is_sweep) == (SWEEP, True)


def test_members_come_in_the_order_of_their_numbers(sweep: Path) -> None:
    found = members(read(sweep))
    assert [member.short for member in found] == [f"s3p7/{n}" for n in (0, 1, 2, 10, 12)]
    assert [member.id for member in found][-1] == f"{SWEEP}/0012"
    assert [member.info["seed"] for member in found] == [0, 1, 2, 10, 12]
    assert not any(member.is_sweep for member in found)


def test_more_members_than_four_digits_hold_stay_in_order(make: Make, sweep: Path) -> None:
    for number in (10_000, 9_999, 100_001):
        make(f"{SWEEP}/members/{number:04d}")
    shorts = [member.short for member in members(read(sweep))]
    assert shorts[-3:] == ["s3p7/9999", "s3p7/10000", "s3p7/100001"]


def test_a_sweep_that_has_not_begun_has_no_members(sweep: Path) -> None:
    (sweep / "members").rename(sweep / "elsewhere")
    assert members(read(sweep)) == []


def test_all_runs_are_those_of_sweeps_too_and_no_sweep(sweep: Path, three: Path) -> None:
    assert [run.short for run in list_all(three)] == [
        "k3f9",
        *(f"s3p7/{number}" for number in (0, 1, 2, 10, 12)),
        "aabb",
        "aaaa",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "s3p7/12",
        "s3p7/0012",
        "s3p7/012",
        f"{SWEEP}/12",
        f"{SWEEP}/0012",
        "2026-01-15/12",
        "@2/12",
        f"outputs/{SWEEP}/members/0012",
        f"outputs/{SWEEP}/12",
    ],
)
def test_a_member_is_found_by_its_sweep_and_its_number(sweep: Path, three: Path, name: str) -> None:
    member = find(name, three)
    assert (member.id, member.short) == (f"{SWEEP}/0012", "s3p7/12")
    assert (member.info["seed"], member.is_sweep) == (12, False)


def test_a_member_knows_its_sweep_wherever_one_stands(
    sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sweep / "members")
    assert read(Path("0012")).id == f"{SWEEP}/0012"
    assert find("./0012", Path()).short == "s3p7/12"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "s3p7/3",
            "s3p7/3: s3p7 has no member 3 that has begun (dltrain runs ls s3p7 lists them)",
        ),
        ("s3p7/x", "s3p7/x: a member is named by its number, as in s3p7/0"),
        ("s3p7/-1", "s3p7/-1: a member is named by its number, as in s3p7/0"),
        ("s3p7/", "s3p7/: a member is named by its number, as in s3p7/0"),
        ("s3p7/..", "s3p7/..: a member is named by its number, as in s3p7/0"),
        ("k3f9/0", f"k3f9/0: {THIRD} is no sweep and has no members"),
        ("s3p7/12/0", f"s3p7/12/0: {SWEEP}/0012 is no sweep and has no members"),
        ("2026-01/0", f"2026-01: fits 3 runs, {SWEEP}, {SECOND}, {FIRST}; give more characters"),
    ],
)
def test_a_member_that_is_not_there_is_refused(
    sweep: Path, three: Path, name: str, message: str
) -> None:
    assert refusal(name, three) == message


def test_a_member_of_a_sweep_that_is_not_there_is_refused(sweep: Path, three: Path) -> None:
    assert "did you mean s3p7?" in refusal("s3p8/0", three)
    assert "there are no runs" in refusal("latest/0", three / "nowhere")


def test_a_member_that_cannot_be_read_does_not_hide_the_others(sweep: Path) -> None:
    (sweep / "members" / "0002" / "run.json").write_text("[]")
    statuses = [member.status for member in members(read(sweep))]
    assert statuses == ["done", "done", "unreadable", "done", "done"]


def test_a_linked_member_is_not_listed(sweep: Path, tmp_path: Path) -> None:
    (sweep / "members" / "0002").rename(tmp_path / "elsewhere")
    (sweep / "members" / "0002").symlink_to(tmp_path / "elsewhere")
    assert [member.short for member in members(read(sweep))] == [
        f"s3p7/{number}" for number in (0, 1, 10, 12)
    ]


def test_a_linked_member_is_not_found_by_its_number(
    sweep: Path, three: Path, tmp_path: Path
) -> None:
    (sweep / "members" / "0002").rename(tmp_path / "elsewhere")
    (sweep / "members" / "0002").symlink_to(tmp_path / "elsewhere")
    assert "s3p7 has no member 2" in refusal("s3p7/2", three)


def test_a_link_is_not_followed(make: Make, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text(json.dumps({"status": SECRET}))
    folder = make()
    (folder / "run.json").unlink()
    (folder / "run.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(ValueError, match="is no plain file"):
        read(folder)
    assert list_runs(folder.parent)[0].status == "unreadable"


def test_a_linked_folder_is_not_listed(make: Make, tmp_path: Path) -> None:
    elsewhere = make().rename(tmp_path / "elsewhere")
    (tmp_path / "here" / "outputs" / SECOND).symlink_to(elsewhere)
    assert list_runs(tmp_path / "here" / "outputs") == []


def test_an_unreadable_run_does_not_hide_the_others(three: Path, call: Call) -> None:
    (three / SECOND / "run.json").write_text("{")
    rows = [line.split()[:3] for line in call("runs").out.splitlines()[1:]]
    assert rows == [["@1", "k3f9", "done"], ["@2", "aabb", "unreadable"], ["@3", "aaaa", "done"]]
    shown = call("runs", "show", "aabb")
    assert shown.code == 2
    assert "run.json: is not JSON" in shown.err
