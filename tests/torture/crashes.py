"""Every call of the disk that a training makes x {kill, power cut, refusal}; then it is resumed.

What the resumed run leaves must be, byte for byte, what one leaves that was never interrupted.
"""

from __future__ import annotations

import errno
import functools
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from dltrain.runs.layout import EVENTS
from dltrain.runs.record import read_record
from tests.boards import points
from tests.torture import faults, forks
from tests.torture.forks import Ended
from tests.torture.proof import Report

# Six steps an epoch; states are written within epochs, too.
SMALL = (
    *("data.num_train=96", "data.num_val=32", "trainer.batch_size=16", "trainer.epochs=3"),
    *("trainer.checkpoint_interval=4steps", "device.threads=1", "device=cpu"),
)
MLP = ("model=mlp", "model.hidden=[8]", "model.dropout=0.2")
MODELS: Mapping[str, Sequence[str]] = {
    "mlp, adam": (*MLP, "optimizer=adam", *SMALL),
    "mlp, sgd": (*MLP, "optimizer.momentum=0.9", *SMALL),
    "linear, adam": ("optimizer=adam", *SMALL),
    "linear, sgd": SMALL,
    "linear, followed": ("tracking=tensorboard", "tracking.curves=true", *SMALL),
    "softmax, adam": ("data=csv", "model=softmax", "optimizer=adam", *SMALL[2:]),
    "softmax, sgd": ("data=csv", "model=softmax", *SMALL[2:]),
}
COUNT_FILE = ".calls"
Call = tuple[str, str]  # of the disk: its name, and the lines that lead to it
# What holds a clock or the run's name, or is of no consequence. Of event files the points count.
OTHERS = ("run.json", "timing.csv", "train.log", "curves.png", Path(EVENTS).name)
TABLE = "a,b,class\n" + "".join(f"{i * 37 % 11},{i * 17 % 7}.5,c{i * i % 3}\n" for i in range(120))


@dataclass(frozen=True)
class Point:
    """A disk on which something happens.

    Attributes:
        what: In words.
        install: Sets it up, in the process that is to train.
        code: The exit code it ends with.
    """

    what: str
    install: Callable[[], object]
    code: int


def prove(models: Sequence[str], *, whole: bool) -> Report:
    """Try every call.

    Args:
        models: Names of ``MODELS``.
        whole: Whether every kind of power cut and refusal is tried at every call; else they take
            turns, and where a line of dltrain calls again one thing happens of all that may.
    """
    wrong: list[str] = []
    tried, calls = 0, 0
    for name in models:
        with tempfile.TemporaryDirectory() as folder:
            reference, made = _reference(Path(folder), MODELS[name])
            calls += len(made)
            points = list(_points(made, whole=whole))
            judge = functools.partial(_try, Path(folder), MODELS[name], reference)
            for point, complaint in zip(points, forks.side_by_side(judge, points), strict=True):
                wrong += [f"{name}: {point.what}: {complaint}"] * bool(complaint)
            tried += len(points)
    return Report("calls of the disk x what may happen", tried, wrong, [f"{calls} calls"])


def words_for(folder: Path, words: Sequence[str]) -> list[str]:
    """Add the table that a softmax regression learns from, written into the folder."""
    if "data=csv" not in words:
        return list(words)
    (folder / "t.csv").write_text(TABLE)
    return [*words, "data.path=t.csv", "data.target=class"]


def lasting(run: Path) -> dict[str, bytes]:
    """Read what two equal trainings leave equal, with the names of all files."""
    files = [path for path in run.rglob("*") if path.is_file()]
    events = {"points": repr(points(run)).encode()} if (run / EVENTS).exists() else {}
    return events | {
        str(path.relative_to(run)): b"" if path.name in OTHERS else path.read_bytes()
        for path in files
    }


def only_run(folder: Path) -> Path | None:
    """Find the run below a folder, if one has come so far as to have a record."""
    found = [path.parent for path in folder.glob("outputs/*/run.json")]
    assert len(found) <= 1
    return found[0] if found else None


def finished(folder: Path, words: Sequence[str], reference: Mapping[str, bytes]) -> str:
    """Resume what stands in a folder, or start it if there is nothing; say what is wrong then."""
    again = ["resume", "latest"] if only_run(folder) else list(words)
    ended = forks.forked(folder, again)
    if ended.code or ended.err:
        return f"going on failed: {ended}"
    if "WARNING" in ended.out:  # nothing but damage makes a state useless, and nothing was damaged
        return f"it went on with a warning: {ended.out}"
    return equal(folder, reference)


def equal(folder: Path, reference: Mapping[str, bytes]) -> str:
    """Say how a finished run differs from what it should be, or nothing."""
    run = only_run(folder)
    assert run is not None
    if read_record(run / "run.json")["status"] != "done":
        return "it is not done"
    found = lasting(run)
    if found == reference:
        return ""
    different = [name for name in {*found, *reference} if found.get(name) != reference.get(name)]
    return f"these differ: {', '.join(sorted(different))}"


def reference_of(folder: Path, words: Sequence[str]) -> dict[str, bytes]:
    """Train without any disturbance; return what it leaves."""
    place = folder / "reference"
    place.mkdir()
    ended = forks.forked(place, words_for(place, words))
    assert (ended.code, ended.err) == (0, ""), ended
    run = only_run(place)
    assert run is not None
    return lasting(run)


def _reference(folder: Path, words: Sequence[str]) -> tuple[dict[str, bytes], list[Call]]:
    """Return what is left without a disturbance, and the calls in order."""
    reference = reference_of(folder, words)
    place = folder / "counted"
    place.mkdir()
    forks.forked(place, words_for(place, words), _count)
    calls = [line.split() for line in (place / COUNT_FILE).read_text().splitlines()]
    return reference, [(name, site) for name, site in calls]


class _Counting(faults.Disk):
    """A disk that leaves the names of its calls in a file, and where in dltrain each is made."""

    def carry_out(self, name: str, *arguments: object, **keywords: object) -> object:
        with open(COUNT_FILE, "a") as file:
            file.write(f"{name} {_site()}\n")
        return super().carry_out(name, *arguments, **keywords)


def _site() -> str:
    """Name the lines of dltrain that lead to a call of the disk."""
    lines = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        lines += [f"{module}:{frame.f_lineno}"] if module.startswith("dltrain.") else []
        frame = frame.f_back
    return ">".join(lines)


def _count() -> None:
    _Counting(None, faults.kill, for_good=False).install()


def _points(calls: Sequence[Call], *, whole: bool) -> Iterator[Point]:
    sites = set()
    for at, (name, site) in enumerate(calls):
        points = list(_points_at(at, name, whole=whole))
        yield from points if whole or site not in sites else [points[at // 3 % len(points)]]
        sites.add(site)


def _points_at(at: int, name: str, *, whole: bool) -> Iterator[Point]:
    refusals = (
        *((errno.ENOSPC, False), (errno.ENOSPC, True)),
        *((errno.EIO, False), (errno.EACCES, True)),
    )
    for halfway in (False, True) if name == "write" else (False,):
        what = f"kill {'half-way through' if halfway else 'before'} call {at}"
        yield Point(what, functools.partial(_kill, at, halfway), -9)
    for variant in range(3) if whole else [at % 3]:
        what = f"power cut at call {at}, variant {variant}"
        yield Point(what, functools.partial(_power_cut, at, variant), -9)
    # What else a disk may say goes the same way as that it is full.
    for number, for_good in refusals[:2] if whole else [refusals[at % 4]]:
        what = f"{errno.errorcode[number]} at call {at}{' and on' if for_good else ''}"
        yield Point(what, functools.partial(_refuse, at, number, for_good), 4)


def _kill(at: int, halfway: bool) -> None:
    deed = faults.half(faults.kill) if halfway else faults.kill
    faults.Disk(at, deed, for_good=False).install()


def _refuse(at: int, number: int, for_good: bool) -> None:
    faults.Disk(at, faults.half(faults.refuse(number)), for_good=for_good).install()


def _power_cut(at: int, variant: int) -> None:
    root = Path("outputs").absolute()
    faults.PowerDisk(at, root=root, variant=variant).install()


def _try(folder: Path, words: Sequence[str], reference: Mapping[str, bytes], point: Point) -> str:
    place = Path(tempfile.mkdtemp(dir=folder))
    words = words_for(place, words)
    ended = forks.forked(place, words, point.install)
    complaint = _ending(ended, point) or finished(place, words, reference)
    shutil.rmtree(place)
    return complaint


def _ending(ended: Ended, point: Point) -> str:
    """Say what is wrong with how a disturbed training ended, or nothing."""
    if ended.code != point.code:
        return f"it ended with {ended}"
    lines = ended.err.splitlines()
    if point.code == 4 and (len(lines) != 1 or not lines[0].startswith("dltrain: error: cannot ")):
        return f"it said {lines}"
    return ""
