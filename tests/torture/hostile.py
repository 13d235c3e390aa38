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
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.torture.cage import MOST_BYTES, MOST_CPU_SECONDS, Bounds, Caged, confine, fingerprint
from tests.torture.proof import Report
from tests.torture.strangers import SECRET, TOKEN, Stranger, World, lay_world, strangers

READING = (["runs"], ["runs", "ls"], ["runs", "show", "RUN"])
CONTINUING = (["resume", "RUN"], ["-m", "--resume", "RUN"])
# What a command may end with: done, refused, diverged, in use.
CODES = (0, 2, 3, 5)


def verbs(stranger: Stranger) -> list[list[str]]:
    """List the command lines that a folder is given to."""
    listing = [["runs", "ls", "RUN"], ["runs", "show", "RUN/0"]] if stranger.is_sweep else []
    return [*READING, *listing, *CONTINUING]


def try_one(world: World, words: Sequence[str]) -> tuple[Caged, list[str]]:
    """Carry out a command in the cage; return what it came to, and what was wrong about it."""
    reads = words[0] == "runs"
    without = None if reads else world.run
    before = fingerprint(world.base, without=without)
    line = [word.replace("RUN", f"outputs/{world.run.name}") for word in words]
    readable = [world.run, world.base / "here" / "outputs" / "honest", world.secret]
    caged = confine(
        lambda: _run(line),
        Bounds(world.base, None if reads else world.run, readable),
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
    if SECRET in caged.said.out + caged.said.err or _holds_secret(world.run):
        wrong.append("told a secret")
    if caged.cpu_seconds > MOST_CPU_SECONDS:
        wrong.append(f"took {caged.cpu_seconds:.1f} s")
    if caged.peak_bytes > MOST_BYTES:
        wrong.append(f"took {caged.peak_bytes / 1e6:.0f} MB")
    return caged, wrong


def _run(line: list[str]) -> int:
    from dltrain.cli.main import run

    return run(line)


def _holds_secret(folder: Path) -> bool:
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            info = path.lstat()
            if path.is_symlink() or not path.is_file() or info.st_size > 10**6:
                continue
            if SECRET.encode() in path.read_bytes():
                return True
    return False


def serve(amount: int | None, seed: int) -> Report:
    """Try strangers' folders, in the process that cages are forked from."""
    import torch

    from tests.torture.flips import make_images, make_sweep

    torch.set_num_threads(1)
    wrong: list[str] = []
    longest, largest, tried, folders = (0.0, ""), (0, ""), 0, 0
    with tempfile.TemporaryDirectory() as text:
        base = Path(text).resolve()
        waiting, finished = make_images(base / "made")
        sweep, *_ = make_sweep(base / "made")
        honest = next(image for image in waiting if image.name == "mlp killed")
        done = next(image for image in finished if image.name == "linear finished")
        places = [(stranger, honest) for stranger in strangers()]
        if amount is None:
            places += [(own, done) for own in strangers() if not own.is_sweep]
        elif amount < len(places):
            places = random.Random(seed).sample(places, amount)
        for stranger, image in places:
            folders += 1
            for words in verbs(stranger):
                name = "2026-01-01_00-00-00_mlp-synthetic_evil"
                world = World(base / "world", base / "world" / "here" / "outputs" / name)
                lay_world(world, sweep.kept if stranger.is_sweep else image.kept)
                stranger.make(world)
                caged, own = try_one(world, words)
                tried += 1
                told = f"{stranger.name} ({image.name}), dltrain {' '.join(words)}"
                if (world.base / "executed").exists():
                    own.append("ran foreign code")
                wrong += [f"{told}: {text}" for text in own]
                longest = max(longest, (caged.cpu_seconds, told))
                largest = max(largest, (caged.peak_bytes, told))
        subprocess.run(["rm", "-rf", "--", str(world.base)], check=True)
    notes = [
        f"{folders} folders",
        f"longest {longest[0]:.2f} s: {longest[1]}",
        f"largest {largest[0] / 1e6:.0f} MB: {largest[1]}",
    ]
    return Report("hostile run folders", tried, wrong, notes)


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
