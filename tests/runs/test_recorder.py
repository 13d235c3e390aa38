"""A run folder being written: claimed once, appended to, told at the end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dltrain.runs import recorder
from dltrain.runs.layout import new_folder
from dltrain.runs.record import first_info, read_record
from dltrain.runs.recorder import Kept, Recorder
from dltrain.system import disk
from dltrain.system.environment import process_start
from tests.conftest import tree

Start = Callable[..., Recorder]
ROW = {"epoch": 1.0, "step": 32.0, "lr": 0.1, "train/loss": 1 / 3, "val/loss": 0.25}


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Begin a run in a new folder."""

    def start(**parts: Any) -> Recorder:
        info = first_info(command=["seed=1"], overrides=["seed=1"], seed=1, identity="abc", **parts)
        folder = new_folder(tmp_path / "outputs", "linear-synthetic")
        documents = {"config.yaml": "seed: 1\n"}
        return Recorder(folder, info=info, documents=documents, columns=list(ROW))

    return start


def written(run: Recorder) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run.folder / "run.json").read_text())
    return content


def test_a_folder_is_named_by_time_content_and_four_characters(tmp_path: Path) -> None:
    folder = new_folder(tmp_path / "a" / "b", "mlp-my table/../x")
    assert folder.parent == tmp_path / "a" / "b"
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_mlp-my-table-..-x_[2-9a-hjkmnp-z]{4}", folder.name
    )


def test_a_long_name_is_cut(tmp_path: Path) -> None:
    assert len(new_folder(tmp_path, "x" * 500).name) < 100


def test_folders_claimed_by_threads_in_the_same_second_differ(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        folders = list(pool.map(lambda _: new_folder(tmp_path, "x"), range(50)))
    assert len(set(folders)) == len(list(tmp_path.iterdir())) == 50


def test_folders_claimed_by_processes_in_the_same_second_differ(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib\n"
        "from dltrain.runs.layout import new_folder\n"
        "for _ in range(5):\n"
        "    if os.fork() == 0:\n"
        "        for _ in range(10):\n"
        "            new_folder(pathlib.Path(sys.argv[1]), 'x')\n"
        "        os._exit(0)\n"
        "for _ in range(5):\n"
        "    assert os.wait()[1] == 0\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert len(list(tmp_path.iterdir())) == 50


def test_a_suffix_that_is_taken_is_drawn_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter("aaaa" + "aaaa" + "bbbb")
    monkeypatch.setattr("dltrain.runs.layout.secrets.choice", lambda _: next(drawn))
    first, second = (new_folder(tmp_path, "x") for _ in range(2))
    assert first.name.endswith("_aaaa")
    assert second != first


def test_a_place_that_cannot_be_written_is_a_storage_error() -> None:
    with pytest.raises(disk.StorageError, match="cannot create /proc/dltrain:"):
        new_folder(Path("/proc/dltrain"), "x")


def test_rows_of_other_metrics_are_not_gone_on_with(tmp_path: Path) -> None:
    kept = Kept(b"epoch,train/loss\n1,0.5\n", b"")
    with pytest.raises(ValueError, match=r"metrics\.csv: has columns of other metrics"):
        Recorder(
            tmp_path, info={}, documents={}, columns=["epoch", "train/loss", "train/r2"], kept=kept
        )
    assert list(tmp_path.iterdir()) == []


def test_a_run_begins_as_running(start: Start) -> None:
    info = written(start(data={"name": "d"}))
    assert (info["status"], info["exit_code"], info["finished"]) == ("running", None, None)
    assert (info["format"], info["overrides"], info["seed"]) == (1, ["seed=1"], 1)
    assert info["command"] == ["seed=1"]
    assert (info["pid"], info["data"]) == (os.getpid(), {"name": "d"})
    assert info["pid_started"] == process_start(os.getpid())
    assert {"dltrain", "python", "torch", "numpy"} <= set(info["versions"])


def test_a_run_ends_with_its_result(start: Start) -> None:
    run = start()
    run.finish(status="done", exit_code=0, seconds=0.5, result={"best": 1.5})
    info = written(run)
    assert (info["status"], info["exit_code"], info["result"]) == ("done", 0, {"best": 1.5})
    assert info["finished"] >= info["started"]
    assert (run.folder / "train.log").read_text().endswith(" done, exit code 0\n")


def test_every_flipped_bit_of_a_record_is_found(start: Start) -> None:
    run = start()
    run.finish(status="done", exit_code=0, seconds=0.5, result={"final": {"val/loss": 0.5}})
    path = run.folder / "run.json"
    content = path.read_bytes()
    assert read_record(path)["status"] == "done"
    for bit in range(0, 8 * len(content), 5):  # all bits and all bytes take their turns
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"run\.json: "):
            read_record(path)


def test_what_a_killed_process_left_half_written_is_deleted(start: Start) -> None:
    run = start()
    (run.folder / "checkpoints").mkdir()
    for name in ("run.json", "checkpoints/epoch-000001.safetensors"):
        path = run.folder / name
        path.with_name(f"{disk.TEMPORARY}0a1b2c3d-{path.name}").write_bytes(b"hal")
    kept = recorder.Kept((run.folder / "metrics.csv").read_bytes(), b"")
    info = read_record(run.folder / "run.json")
    Recorder(run.folder, info=info, documents={}, columns=list(ROW), kept=kept)
    assert not [name for name in tree(run.folder) if disk.TEMPORARY in name]


def test_nan_and_infinity_become_null(start: Start) -> None:
    run = start(nested=[{"a": float("nan")}, (float("inf"), 1)])
    run.finish(status="done", exit_code=0, seconds=0.5, result={"x": float("-inf")})
    text = (run.folder / "run.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert written(run)["nested"] == [{"a": None}, [None, 1]]
    assert written(run)["result"] == {"x": None}


def test_text_that_is_not_utf8_can_be_recorded(start: Start) -> None:
    run = start(name="b\udcff")
    run.log("b\udcff")
    assert written(run)["name"] == "b\udcff"
    assert "b\\udcff" in (run.folder / "train.log").read_text()


def test_epochs_are_rows_and_what_a_row_leaves_out_stays_empty(start: Start) -> None:
    run = start()
    run.epoch(ROW, seconds=0.5, examples=1000)
    run.epoch({**ROW, "epoch": 2.0, "train/loss": float("nan")}, seconds=0.5, examples=1000)
    run.epoch({"epoch": 3.0, "step": 96.0, "lr": 0.1, "train/loss": 0.1}, seconds=1, examples=1000)
    run.finish(status="done", exit_code=0, seconds=0.5, result={})
    assert (run.folder / "metrics.csv").read_text() == (
        "epoch,step,lr,train/loss,val/loss\n"
        "1,32,0.1,0.333333333,0.25\n"
        "2,32,0.1,nan,0.25\n"
        "3,96,0.1,0.1,\n"
    )
    assert (run.folder / "timing.csv").read_text() == (
        "epoch,seconds,examples_per_second\n"
        "1,0.500000,2000.0\n2,0.500000,2000.0\n3,1.000000,1000.0\n"
    )


def test_equal_epochs_give_equal_bytes(start: Start) -> None:
    runs = [start(), start()]
    for seconds, run in enumerate(runs, start=1):
        run.epoch(ROW, seconds=seconds, examples=1000)
        run.finish(status="done", exit_code=0, seconds=0.5, result={})
    first, second = ((run.folder / "metrics.csv").read_bytes() for run in runs)
    assert first == second


def num_lines(run: Recorder) -> list[int]:
    names = ("metrics.csv", "timing.csv", "train.log")
    files = [run.folder / name for name in names]
    return [file.read_bytes().count(b"\n") if file.exists() else 0 for file in files]


def test_rows_are_there_before_the_run_ends(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0)
    run = start()
    for epoch in range(1, 4):
        run.epoch(ROW, seconds=1, examples=1)
        assert num_lines(run) == [1 + epoch, 1 + epoch, epoch]


def test_rows_wait_for_a_second_at_most(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recorder.FLUSH_SECONDS == 1
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.25)
    run = start()
    run.epoch(ROW, seconds=1, examples=1)
    assert num_lines(run) == [1, 1, 0]
    time.sleep(0.3)
    run.epoch(ROW, seconds=1, examples=1)
    assert num_lines(run) == [3, 3, 2]


def test_whatever_is_logged_brings_the_rows_before_it_along(start: Start) -> None:
    run = start()
    run.epoch(ROW, seconds=1, examples=1)
    run.log("a word")
    assert num_lines(run) == [2, 2, 2]
    assert (run.folder / "train.log").read_text().endswith(" a word\n")


def test_a_run_that_ends_has_all_its_rows(start: Start) -> None:
    run = start()
    for _ in range(3):
        run.epoch(ROW, seconds=1, examples=1)
    run.finish(status="done", exit_code=0, seconds=0.5, result={})
    assert num_lines(run) == [4, 4, 4]


def test_a_row_that_cannot_be_written_is_a_storage_error(start: Start) -> None:
    run = start()
    (run.folder / "timing.csv").unlink()
    (run.folder / "timing.csv").mkdir()
    run.epoch(ROW, seconds=1, examples=1)
    with pytest.raises(disk.StorageError, match=r"timing\.csv"):
        run.log("a word")


def test_a_row_is_written_once_though_another_file_fails(start: Start) -> None:
    run = start()
    (run.folder / "timing.csv").unlink()
    (run.folder / "timing.csv").mkdir()
    run.epoch(ROW, seconds=1, examples=1)
    with pytest.raises(disk.StorageError, match=r"timing\.csv"):
        run.log("a word")
    run.log("the training failed")
    assert (run.folder / "metrics.csv").read_bytes().count(b"\n") == 2


def test_every_line_of_the_log_has_its_time(start: Start) -> None:
    run = start()
    run.log("one\ntwo")
    lines = (run.folder / "train.log").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (one|two)$", line) for line in lines)
    assert len(lines) == 2


def test_a_document_is_written_at_once_as_it_is(start: Start) -> None:
    run, content = start(), b'feature,weight\n"a,b",1\n\x00\xff'
    run.document("coefficients.csv", content)
    assert (run.folder / "coefficients.csv").read_bytes() == content


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-30, 123456789.0, -0.0])
def test_nine_digits_tell_single_precision_numbers_apart(value: float) -> None:
    assert float(recorder.number(value)) == pytest.approx(value, rel=1e-8)


def test_a_process_that_has_ended_has_no_start_even_before_its_parent_looks() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert process_start(child.pid) is None


def test_a_process_that_never_was_has_no_start() -> None:
    assert process_start(2**30) is None
