"""What the tests of sweeps share: sweeps in this process, single runs beside them, what is left."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from dltrain.cli.main import run
from dltrain.config.compose import Sources
from dltrain.config.load import load
from dltrain.config.overrides import Overrides
from dltrain.runs.command_line import CommandLine
from dltrain.runs.record import read_record
from dltrain.sweep.plan import Plan, PlanError, make_plan
from dltrain.system.disk import make_folder
from dltrain.train import build
from dltrain.train.checkpoints import checkpoint_file as checkpoint
from dltrain.train.job import Job
from dltrain.train.outcome import Outcome, Row
from dltrain.train.session import Training
from tests.conftest import Shown
from tests.torture.forks import Running, start

# Rows and epochs so few that a member takes a moment.
SMALL = ("data.num_train=96", "data.num_val=32", "trainer.batch_size=16", "trainer.epochs=3")
# The files of a member that hold no clock.
SAME = ("metrics.csv", "coefficients.csv", "config.yaml", "preparation.json")


class Blind:
    """A view that shows nothing."""

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        pass

    def early(self, rows: Sequence[Row]) -> None:
        pass


def planned(*words: str, config_dir: Path | None = None) -> Plan:
    return make_plan(Overrides.parse(words), Sources.of(config_dir))


def refused(*words: str) -> list[str]:
    """Plan a sweep that cannot be planned; return what is said."""
    with pytest.raises(PlanError) as caught:
        planned(*words)
    return caught.value.lines


def settings(*words: str) -> list[dict[str, str]]:
    """Plan a sweep; return what tells its members apart."""
    return [dict(member.setting) for member in planned(*words).members]


def carry_out(folder: Path, *words: str) -> Shown:
    """Carry out a command line in this process, standing in a folder."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run(words)
    texts = []
    for stream in (out, err):
        stream.seek(0)
        texts.append(stream.read())
    return Shown(code, *texts)


def only_sweep(folder: Path) -> Path:
    """Find the only sweep below where one stood."""
    [path] = (folder / "outputs").glob("*_sweep_*")
    return path


def swept(folder: Path, *words: str, code: int = 0) -> Path:
    """Train a sweep in this process; return its folder."""
    shown = carry_out(folder, "-m", *words)
    assert shown.code == code, shown
    return only_sweep(folder)


def record(folder: Path) -> dict[str, Any]:
    """Read the record of a run or of a sweep."""
    name = "sweep.json" if (folder / "sweep.json").is_file() else "run.json"
    return read_record(folder / name)


def members(sweep: Path) -> list[Path]:
    return sorted((sweep / "members").iterdir())


def statuses(sweep: Path) -> list[str]:
    return [record(member)["status"] for member in members(sweep)]


def results(sweep: Path) -> list[dict[str, str]]:
    with open(sweep / "results.csv", newline="") as file:
        return list(csv.DictReader(file))


def lasting(folder: Path) -> dict[str, bytes]:
    """Read what two equal trainings leave equal, byte for byte: of a run, or of a whole sweep."""
    names = {*SAME, "results.csv"}
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if path.name in names or path.suffix == ".safetensors"
    }


def touched(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Note when each file below a folder was written, and its content."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in files
    }


def train(folders: Sequence[Path], commands: Sequence[Sequence[str]]) -> None:
    """Train runs together in this process; one is a single run."""
    configs = [load(words) for words in commands]
    data = build.dataset(configs[0])
    jobs = [
        Job(CommandLine.parse(words), config, data, build.layer_plans(config, data))
        for words, config in zip(commands, configs, strict=True)
    ]
    for folder in folders:
        make_folder(folder)
    training = Training(jobs)
    training.record(folders)
    training.run(Blind())


def trained_alone(folder: Path, words: Sequence[str]) -> Path:
    train([folder], [words])
    return folder


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    """Read all checkpoints of a run."""
    return {
        f"{path.name}: {name}": tensor
        for path in sorted((folder / "checkpoints").glob("*"))
        for name, tensor in checkpoint.load(path)[0].items()
    }


def assert_equal_runs(ours: Path, theirs: Path) -> None:
    """Compare two runs to the byte: metrics, coefficients and the tensors that were kept."""
    __tracebackhide__ = True
    for name in ("metrics.csv", "coefficients.csv"):
        files = [folder / name for folder in (ours, theirs)]
        assert [file.is_file() for file in files] in ([True] * 2, [False] * 2), (ours, theirs)
        if files[0].is_file():
            assert files[0].read_bytes() == files[1].read_bytes(), (name, ours, theirs)
    kept, expected = tensors(ours), tensors(theirs)
    assert kept.keys() == expected.keys()
    for name, tensor in expected.items():
        assert kept[name].numpy().tobytes() == tensor.numpy().tobytes(), (name, ours, theirs)


# Sweeps as processes of their own, to be killed.


@contextlib.contextmanager
def started(
    folder: Path, *words: str, prepare: Callable[[], object] = os.setsid
) -> Iterator[Running]:
    """Start a sweep as a process; whatever is left of it in the end is killed.

    Args:
        folder: Where to stand.
        words: Of the sweep.
        prepare: Called first, in that process.
    """
    process = start(folder, ["-m", *words], prepare)
    try:
        yield process
    finally:
        for pid in [process.pid, *descendants(process.pid)] if alive([process.pid]) else []:
            kill(pid)


def ended(process: Running) -> Shown:
    """Wait for a process and return what it said."""
    end = process.finish()
    return Shown(end.code, end.out, end.err)


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a process a signal, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_for(condition: Callable[[], Any], *, seconds: float = 60.0) -> Any:
    """Wait until a condition holds; return what it returned."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
    return found


def begun(folder: Path, count: int) -> Callable[[], bool]:
    """Tell whether so many members of the only sweep have a record."""
    return lambda: len(list(folder.glob("outputs/*_sweep_*/members/*/run.json"))) >= count


def _parents() -> Mapping[int, int]:
    """Return the parent of each process that is alive."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if fields[0] not in "ZX":
                    found[int(folder.name)] = int(fields[1])
    return found


def children(pid: int) -> list[int]:
    return sorted(child for child, parent in _parents().items() if parent == pid)


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, theirs included."""
    return [inner for child in children(pid) for inner in (child, *descendants(child))]


def server(pid: int) -> list[int]:
    """Find the process that forks the children of a sweep."""
    found = []
    for child in children(pid):
        with contextlib.suppress(OSError):
            if b"forks" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def alive(pids: Sequence[int]) -> list[int]:
    parents = _parents()
    return [pid for pid in pids if pid in parents]
