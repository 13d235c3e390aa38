"""A stranger's run is data: nothing of it is executed, and nothing around it is read or changed.

Every hostile folder is given to every verb that reads runs, each time in a cage: a process whose
files, processes, connections, time and memory are watched. The proof is a process of its own, so
that what a cage is forked from is always the same.
"""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from dltrain.cli.main import run
from tests.torture.cage import (
    MOST_BYTES,
    MOST_CPU_SECONDS,
    Bounds,
    Caged,
    below,
    confine,
    fingerprint,
)
from tests.torture.flips import Image, make_images, make_sweep
from tests.torture.forged import forged
from tests.torture.inside import say
from tests.torture.proof import Report
from tests.torture.strangers import SECRET, TOKEN, Stranger, World, lay_world, strangers

GIVEN = "given.csv"  # what is to be predicted with a stranger's run
READING = (
    ["runs"],
    ["runs", "ls", "--all", "--json"],
    ["runs", "best"],
    ["runs", "show", "RUN"],
    ["runs", "diff", "RUN", "RUN"],
    ["config", "diff", "RUN"],
    ["runs", "export", "-", "--epochs"],
    ["evaluate", "RUN", "--split", "train"],
    ["predict", "RUN", "--data", GIVEN],
    ["report", "RUN"],
)
OF_SWEEPS = (
    ["runs", "ls", "RUN"],
    ["runs", "show", "RUN/0"],
    ["runs", "best", "RUN"],
    ["runs", "compare", "RUN"],
)
CONTINUING = (["resume", "RUN"], ["-m", "--resume", "RUN"])
# What a command may end with: done, refused, diverged, in use.
CODES = (0, 2, 3, 5)


def verbs(stranger: Stranger) -> list[list[str]]:
    """List the command lines that a folder is given to."""
    return [*READING, *(OF_SWEEPS if stranger.is_sweep else ()), *CONTINUING]


def try_one(
    world: World, words: Sequence[str], hashed: Sequence[Path] = ()
) -> tuple[Caged, list[str]]:
    """Carry out a command in the cage; return what it came to, and what was wrong about it."""
    # Where a command may write: nowhere, where reports go, or into the run.
    reports = world.base / "here" / "outputs" / "reports"
    reports.mkdir(exist_ok=True)
    reads = words in READING or words[0] == "runs"
    without = reports if words[0] == "report" else None if reads else world.run
    before = fingerprint(world.base, without=without)
    line = [word.replace("RUN", f"outputs/{world.run.name}") for word in words]
    # A secret may be hashed, and not told.
    readable = [world.run, world.secret, world.base / "here" / GIVEN, *hashed]
    caged = confine(
        lambda: run(line),
        Bounds(world.base, without, readable),
        folder=world.base / "here",
        environment={
            TOKEN: SECRET,
            "HOME": str(world.base / "home"),
            "XDG_CACHE_HOME": str(world.base / "home"),
            "TMPDIR": str(world.base),
        },
    )
    wrong = list(caged.breaches)
    after = fingerprint(world.base, without=without)
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    wrong += [f"changed {name}" for name in changed[:3]]
    if misbehaved := caged.said.misbehaved(CODES):
        wrong.append(misbehaved)
    pages = "".join(page.read_text() for page in reports.iterdir())
    if SECRET in caged.said.out + caged.said.err + pages or _holds_secret(world.run):
        wrong.append("told a secret")
    if caged.cpu_seconds > MOST_CPU_SECONDS:
        wrong.append(f"took {caged.cpu_seconds:.1f} s")
    if caged.peak_bytes > MOST_BYTES:
        wrong.append(f"took {caged.peak_bytes / 1e6:.0f} MB")
    return caged, wrong


def _holds_secret(folder: Path) -> bool:
    files = (Path(path) for path, info in below(folder) if stat.S_ISREG(info.st_mode))
    return any(
        SECRET.encode() in path.read_bytes() for path in files if path.stat().st_size < 10**6
    )


def serve(amount: int | None, seed: int) -> Report:
    """Try strangers' folders, in the process that cages are forked from."""
    base = Path(tempfile.mkdtemp()).resolve()
    try:
        return _serve(base, amount, seed)
    finally:  # Python's own would not come to the end of very deep folders
        subprocess.run(["rm", "-rf", "--", str(base)], check=True)


def _places(base: Path, amount: int | None, seed: int) -> list[tuple[Stranger, Image]]:
    """Choose strangers, and what each is made out of."""
    waiting, finished = make_images(base / "made")
    sweep, *_ = make_sweep(base / "made")
    killed = next(image for image in waiting if image.name == "mlp killed")
    done = next(image for image in finished if image.name == "linear finished")
    every = [*strangers(), *forged()]
    places = [(own, sweep if own.is_sweep else killed) for own in every]
    if amount is None:
        return places + [(own, done) for own in every if not own.is_sweep]
    return random.Random(seed).sample(places, min(amount, len(places)))


def _serve(base: Path, amount: int | None, seed: int) -> Report:
    torch.set_num_threads(1)
    wrong: list[str] = []
    longest, largest, tried = (0.0, ""), (0, ""), 0
    places = _places(base, amount, seed)
    name = "2026-01-01_00-00-00_mlp-synthetic_evil"
    world = World(base / "world", base / "world" / "here" / "outputs" / name)
    for _, image in places[:1]:
        _import_all(world, image)
    for stranger, image in places:
        for words in verbs(stranger):
            lay_world(world, image.kept)
            stranger.make(world)
            (world.base / "here" / GIVEN).write_text("x0,x1\n1,2\n3,4\n")
            caged, own = try_one(world, words, stranger.hashed)
            tried += 1
            told = f"{stranger.name} ({image.name}), dltrain {' '.join(words)}"
            if (world.base / "executed").exists():
                own.append("ran foreign code")
            wrong += [f"{told}: {text}" for text in own]
            longest = max(longest, (caged.cpu_seconds, told))
            largest = max(largest, (caged.peak_bytes, told))
    notes = [
        f"{len(places)} folders",
        f"longest {longest[0]:.2f} s: {longest[1]}",
        f"largest {largest[0] / 1e6:.0f} MB: {largest[1]}",
    ]
    return Report("hostile run folders", tried, wrong, notes)


def _import_all(world: World, image: Image) -> None:
    """Carry out every verb on an honest folder, so that cages need not import what it needs."""
    lay_world(world, image.kept)
    here = os.getcwd()
    os.chdir(world.base / "here")
    try:
        Path(GIVEN).write_text("x0,x1\n1,2\n3,4\n")
        for words in (*READING, CONTINUING[0]):
            said = say(*(word.replace("RUN", f"outputs/{world.run.name}") for word in words))
            assert said.code in CODES, said
    finally:
        os.chdir(here)


def prove(amount: int | None, seed: int = 0) -> Report:
    """Give hostile run folders to every verb that reads runs.

    Args:
        amount: Of the folders, how many; None: all, each made of two kinds of honest ones.
        seed: Of which are taken.
    """
    line = [sys.executable, "-m", "tests.torture.hostile", json.dumps([amount, seed])]
    root = Path(__file__).parents[2]
    result = subprocess.run(line, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    return Report(**json.loads(result.stdout.splitlines()[-1]))


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    found = serve(*json.loads(sys.argv[1]))
    print(json.dumps(vars(found)))
