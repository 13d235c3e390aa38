"""Where only the terminal fails the training is unaffected; nothing ends with a traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dltrain.runs.find import list_runs
from tests.conftest import Shown, tree
from tests.terminals import in_shell, metrics, on_terminal, statuses

SMALL = ["data.num_train=64", "trainer.epochs=3"]
LONG = ["data.num_train=64", "trainer.epochs=1000"]  # long enough to be closed in the middle
SWEEP = ["-m", *SMALL, "optimizer.lr=0.03,0.1"]
FULL = (
    "dltrain: error: cannot write the output: No space left on device; "
    "check the space left where it goes\n"
)
full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


def usual(words: list[str], factory: pytest.TempPathFactory) -> list[bytes]:
    """Return the metrics of a training of whose streams none fails."""
    folder = factory.mktemp("usual")
    shown = in_shell(f"DLTRAIN {' '.join(words)}", folder=folder)
    assert (shown.code, shown.err) == (0, "")
    return metrics(folder)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return usual(SMALL, tmp_path_factory)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return usual(LONG, tmp_path_factory)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return usual(SWEEP, tmp_path_factory)


def forked(*cases: Any, whole: Sequence[Any] = ()) -> list[Any]:
    """List cases of commands that are forked, and those that a whole process is to go through, too.

    It imports all itself and ends as Python does: proof that what is forked is like it.
    """
    every = [case if isinstance(case, tuple) else (case,) for case in cases]
    again = [case if isinstance(case, tuple) else (case,) for case in whole]
    proof = [pytest.param(*case, True, marks=pytest.mark.proof) for case in again]
    return [*((*case, False) for case in every), *proof]


# One run.


@pytest.mark.parametrize(
    ("streams", "whole"),
    forked(
        *("| head -1 >/dev/null", ">&-", "2>&- <&- >/dev/null", ">&- 2>&- <&-"),
        whole=["| head -1 >/dev/null", ">&- 2>&- <&-"],
    ),
)
def test_a_run_ends_well_without_a_reader(
    streams: str, here: Path, whole: bool, single: list[bytes]
) -> None:
    assert in_shell(f"DLTRAIN {' '.join(SMALL)} {streams}", folder=here, whole=whole) == Shown(
        0, "", ""
    )
    assert statuses(here) == ["done"]
    assert metrics(here) == single


@full_device
@pytest.mark.parametrize(
    ("streams", "ends", "whole"),
    forked(
        (">/dev/full", Shown(4, "", FULL)),
        (">/dev/full 2>&1", Shown(4, "", "")),
        (">/dev/null 2>/dev/full", Shown(0, "", "")),
        whole=[(">/dev/full", Shown(4, "", FULL))],
    ),
)
def test_a_full_disk_under_the_output_is_told_after_a_run_that_is_done(
    streams: str, ends: Shown, here: Path, whole: bool, single: list[bytes]
) -> None:
    assert in_shell(f"DLTRAIN {' '.join(SMALL)} {streams}", folder=here, whole=whole) == ends
    [run] = list_runs(here / "outputs")
    assert (run.status, run.info["exit_code"]) == ("done", 0)
    assert metrics(here) == single


def test_how_a_run_ends_is_told_even_if_nobody_sees_it(here: Path) -> None:
    shown = in_shell(f"DLTRAIN {' '.join(SMALL)} optimizer.lr=1e30 | true", folder=here)
    assert shown.code == 3
    assert re.fullmatch(r"dltrain: error: diverged at .*\n", shown.err)


@pytest.mark.parametrize(
    ("env", "absent", "whole"),
    forked(
        ({"TERM": "dumb"}, r"\x1b"),
        ({"NO_COLOR": "1", "TERM": "xterm"}, r"\x1b\[[0-9;]*(3[0-7]|9[0-7])m"),
        ({"COLUMNS": "20", "TERM": "xterm"}, r"Traceback"),
        ({"COLUMNS": "²", "LINES": "0"}, r"Traceback"),
        ({"PYTHONIOENCODING": "ascii"}, r"[^\x00-\x7f]"),
        whole=[({"PYTHONIOENCODING": "ascii"}, r"[^\x00-\x7f]")],
    ),
    ids=str,
)
def test_a_run_goes_well_on_any_terminal(
    env: dict[str, str], absent: str, here: Path, whole: bool, single: list[bytes]
) -> None:
    shown = on_terminal(*SMALL, "output_dir=öut", folder=here, env=env, whole=whole)
    assert (shown.code, shown.err) == (0, "")
    assert "3/3" in shown.out
    assert not re.search(absent, shown.out)
    assert metrics(here) == single


@pytest.mark.parametrize(
    "moment", [pytest.param("loading torch", marks=pytest.mark.proof), " 50/1000"]
)
def test_a_run_outlives_its_terminal(moment: str, here: Path, long: list[bytes]) -> None:
    importing = moment.startswith("loading")
    shown = on_terminal(*LONG, folder=here, closed_after=moment, whole=importing)
    assert (shown.code, shown.err) == (0, "")
    assert statuses(here) == ["done"]
    assert metrics(here) == long


def test_whose_own_terminal_closes_is_interrupted_and_keeps_its_epochs(
    here: Path, long: list[bytes]
) -> None:
    shown = on_terminal(*LONG, folder=here, closed_after=" 50/1000", owned=True)
    assert shown.code == 129
    line = r"dltrain: error: interrupted after step [\d,]+; dltrain resume \w{4} goes on .*\n"
    assert re.fullmatch(line, shown.err)
    assert statuses(here) == ["interrupted"]
    [kept] = metrics(here)
    assert kept.count(b"\n") > 10
    assert long[0].startswith(kept)


@pytest.mark.proof
def test_who_ignores_hangups_goes_on(here: Path, long: list[bytes]) -> None:
    shown = on_terminal(*LONG, folder=here, closed_after=" 50/1000", owned=True, ignoring=True)
    assert (shown.code, shown.err) == (0, "")
    assert metrics(here) == long


# A sweep.


@full_device
@pytest.mark.parametrize(
    ("streams", "ends", "whole"),
    forked(
        ("| head -1 >/dev/null", Shown(0, "", "")),
        (">&- 2>&- <&-", Shown(0, "", "")),
        (">/dev/full", Shown(4, "", FULL)),
        whole=[(">&- 2>&- <&-", Shown(0, "", ""))],
    ),
)
def test_a_sweep_ends_well_without_a_reader(
    streams: str, ends: Shown, here: Path, whole: bool, swept: list[bytes]
) -> None:
    assert in_shell(f"DLTRAIN {' '.join(SWEEP)} {streams}", folder=here, whole=whole) == ends
    assert statuses(here) == ["done"] * 3
    assert metrics(here) == swept


def test_a_sweep_outlives_its_terminal(here: Path, swept: list[bytes]) -> None:
    shown = on_terminal(*SWEEP, folder=here, closed_after="sorted by")
    assert (shown.code, shown.err) == (0, "")
    assert statuses(here) == ["done"] * 3
    assert metrics(here) == swept


def test_a_sweep_whose_own_terminal_closes_is_interrupted_and_no_member_fails(here: Path) -> None:
    words = ["-m", "data.num_train=64", "trainer.epochs=100000", "optimizer.lr=0.03,0.1"]
    shown = on_terminal(*words, folder=here, closed_after="epoch", owned=True)
    assert shown.code == 129
    assert re.match(r"dltrain: error: interrupted; 0 of 2 members are finished; ", shown.err)
    assert statuses(here) == ["interrupted"] * 3


# What only prints.


@pytest.fixture(scope="module")
def with_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("with-run")
    assert in_shell(f"DLTRAIN {' '.join(SMALL)}", folder=folder).code == 0
    return folder


PRINTING = ["--help", "train --help", "runs", "runs show latest", "config show", "--cfg job"]
PRINTING += ["data", "--cfg hydra", "-sc install=bash", "-m optimizer.lr=1,2 --dry-run"]


@full_device
@pytest.mark.parametrize(
    ("words", "whole"), forked(*PRINTING, "doctor", whole=["--help", "runs show latest"])
)
def test_what_cannot_be_printed_for_want_of_space_is_one_line(
    words: str, with_run: Path, whole: bool
) -> None:
    assert in_shell(f"DLTRAIN {words} >/dev/full", folder=with_run, whole=whole) == Shown(
        4, "", FULL
    )


@pytest.mark.parametrize(
    ("words", "whole"),
    forked("train --help", "runs show latest", *PRINTING[-3:], whole=["runs show latest"]),
)
def test_what_nobody_reads_ends_quietly(words: str, with_run: Path, whole: bool) -> None:
    assert in_shell(f"DLTRAIN {words} | true", folder=with_run, whole=whole) == Shown(0, "", "")


def test_what_a_terminal_cannot_show_is_written_out(here: Path) -> None:
    env = {"PYTHONIOENCODING": "ascii"}
    shown = in_shell("DLTRAIN --cfg job output_dir=öut", folder=here, env=env)
    assert (shown.code, shown.err) == (0, "")
    assert "output_dir: \\xf6ut\n" in shown.out


def test_a_word_that_is_no_text_is_refused(here: Path) -> None:
    shown = in_shell("DLTRAIN output_dir=$'\\xff'", folder=here)
    assert shown.code == 2
    assert re.fullmatch(
        r"dltrain: error: output_dir=\\udcff: is not text in this locale's encoding, .*\n",
        shown.err,
    )
    assert tree(here) == []


# A disk that is full.


def on_small_disk(script: str, folder: Path) -> Shown:
    """Carry out a script of bash where ``disk`` is a file system of 1 MB of its own."""
    (folder / "disk").mkdir()
    mount = "mount -t tmpfs -o size=1m tmpfs disk && "
    for flags in ("-rm", "-m"):
        line = ["unshare", flags, "bash", "-c"]
        able = subprocess.run([*line, f"{mount} true"], cwd=folder, capture_output=True)
        if able.returncode == 0:
            script = script.replace("DLTRAIN", f"{sys.executable} -m dltrain")
            result = subprocess.run(
                [*line, mount + script], cwd=folder, capture_output=True, text=True
            )
            return Shown(result.returncode, result.stdout, result.stderr)
    pytest.skip(f"no file system can be mounted here: {able.stderr.decode().strip()}")


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a file system in a room of its own")
@pytest.mark.parametrize(
    "sweeping",
    ["optimizer.lr=1e-6", pytest.param("-m optimizer.lr=1e-6,1e-7", marks=pytest.mark.proof)],
)
def test_a_disk_that_fills_up_ends_a_run_with_one_line_that_names_the_file(
    sweeping: str, here: Path
) -> None:
    small = "data.num_train=64 data.num_val=16 trainer.epochs=1"
    words = f"model=mlp model.hidden=[80000] {small} output_dir=disk {sweeping}"
    shown = on_small_disk(f"DLTRAIN {words}; code=$?; cat disk/*/*.json; exit $code", here)
    assert shown.code == 4
    assert re.fullmatch(
        r"dltrain: error: cannot write disk/\S+/checkpoints/\S+\.safetensors: "
        r"No space left on device; check .*\n",
        shown.err,
    )
    assert '"status": "failed",\n  "exit_code": 4' in shown.out


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a file system in a room of its own")
@pytest.mark.parametrize(
    "sweeping", [pytest.param("", marks=pytest.mark.proof), "-m optimizer.lr=0.03,0.1"]
)
def test_a_disk_that_is_full_from_the_start_is_one_line_that_names_the_file(
    sweeping: str, here: Path
) -> None:
    script = "! cat /dev/zero >disk/large 2>&-; "
    script += f"DLTRAIN {' '.join(SMALL)} output_dir=disk/new {sweeping}"
    shown = on_small_disk(script, here)
    assert (shown.code, shown.out) == (4, "")
    assert re.fullmatch(
        r"dltrain: error: cannot write disk/new/\S+/\S+: No space left on device; check .*\n",
        shown.err,
    )
