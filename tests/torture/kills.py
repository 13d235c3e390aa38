"""Kills and signals at random moments; whatever they hit, going on comes to the same bytes."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dltrain.runs.record import read_record
from dltrain.train.checkpoints import checkpoint_file
from tests.torture import forks
from tests.torture.crashes import MLP, equal, finished, only_run, reference_of
from tests.torture.forks import Ended
from tests.torture.proof import Report

# A training of about half a second that writes a state all the time.
BUSY = (
    *MLP,
    *("optimizer=adam", "data.num_train=96", "data.num_val=32", "trainer.batch_size=16"),
    *("trainer.epochs=40", "trainer.checkpoint_interval=5steps", "device.threads=1", "device=cpu"),
)
# The same for a process that has to import torch first.
LONGER = (*BUSY[:-4], "trainer.epochs=150", *BUSY[-3:])
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
# Tries something in a folder of its own; returns how often it did, and what went wrong.
Try = Callable[[Path, Mapping[str, bytes], random.Random], tuple[int, str]]
KILLS_IN_A_ROW = 3


def prove_kills(amount: int, seed: int = 0) -> Report:
    """Kill forked trainings at random moments, at least so often, three times in a row each."""
    return _prove("kills at random moments, forked", BUSY, _killed, amount, seed)


def prove_real_kills(amount: int, seed: int = 0) -> Report:
    """Kill whole processes of the command line at random moments, at least so often."""
    return _prove("kills at random moments, whole processes", LONGER, _really_killed, amount, seed)


def prove_signals(amount: int, seed: int = 0) -> Report:
    """Ask forked trainings to stop at random moments."""
    return _prove("signals at random moments", BUSY, _stopped, amount, seed)


def _prove(what: str, words: Sequence[str], one: Try, amount: int, seed: int) -> Report:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = reference_of(folder, words)

        def judge(number: int) -> tuple[int, str]:
            place = folder / f"{number}"
            place.mkdir()
            count, complaint = one(place, reference, random.Random(seed * 1_000_003 + number))
            shutil.rmtree(place)
            return count, f"{number}: {complaint}" if complaint else ""

        results: list[tuple[int, str]] = []
        while sum(count for count, _ in results) < amount:
            results += forks.side_by_side(judge, range(len(results), len(results) + 8))
    complaints = [complaint for _, complaint in results if complaint]
    return Report(what, sum(count for count, _ in results), complaints)


def _killed(place: Path, reference: Mapping[str, bytes], dice: random.Random) -> tuple[int, str]:
    count = 0
    for _ in range(KILLS_IN_A_ROW):
        run = only_run(place)
        process = forks.start(place, ["resume", "latest"] if run else BUSY)
        time.sleep(dice.uniform(0.02, 0.4))
        _kill(process.pid)
        ended = process.finish()
        if ended.code not in (-signal.SIGKILL, 0) or ended.err:
            return count, f"{ended}"
        count += ended.code == -signal.SIGKILL
        leftovers = _too_many(place)
        if leftovers:
            return count, leftovers
    return count, finished(place, BUSY, reference)


def _too_many(place: Path) -> str:
    """Say if a kill leaves more states than the last two, the best and the one being written."""
    run = only_run(place)
    count = len(checkpoint_file.paths(run / "checkpoints")) if run else 0
    return f"{count} checkpoints were left" if count > 5 else ""


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _really_killed(
    place: Path, reference: Mapping[str, bytes], dice: random.Random
) -> tuple[int, str]:
    count = 0
    for _ in range(KILLS_IN_A_ROW):
        words = ["resume", "latest"] if only_run(place) else list(LONGER)
        line = [sys.executable, "-m", "dltrain", *words]
        with subprocess.Popen(line, cwd=place, stdout=subprocess.DEVNULL) as process:
            _wait_for_work(place, process)
            time.sleep(dice.uniform(0, 0.7))
            process.kill()
        count += process.returncode == -signal.SIGKILL
    return count, finished(place, LONGER, reference)


def _wait_for_work(place: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process has begun, or has gone on with, the run."""
    pid = str(process.pid)
    while process.poll() is None:
        run = only_run(place)
        if run is not None and f'"pid": {pid},' in (run / "run.json").read_text():
            return
        time.sleep(0.01)


def _stopped(place: Path, reference: Mapping[str, bytes], dice: random.Random) -> tuple[int, str]:
    number = dice.choice(SIGNALS)
    process = forks.start(place, BUSY)
    while only_run(place) is None:
        time.sleep(0.002)
    time.sleep(dice.uniform(0, 0.4))
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)
    ended = process.finish()
    if not ended.code:  # it was through already
        return 0, equal(place, reference)
    return 1, _wrong_after(number, place, ended) or finished(place, BUSY, reference)


def _wrong_after(number: signal.Signals, place: Path, ended: Ended) -> str:
    """Say what is wrong with how a training ended that was asked to stop, or nothing."""
    run = only_run(place)
    assert run is not None
    record = read_record(run / "run.json")
    if (ended.code, record["status"], record["exit_code"]) != (
        128 + number,
        "interrupted",
        128 + number,
    ):
        return f"{number.name}: {ended}, {record['status']}"
    if len(ended.err.splitlines()) != 1 or "goes on from there" not in ended.err:
        return f"{number.name}: it said {ended.err}"
    return _at_its_step(run, ended.err)


def _at_its_step(run: Path, line: str) -> str:
    """Say if the state that was written is not that of the step it stopped after."""
    step = int(line.partition("after step ")[2].partition(";")[0].replace(",", ""))
    states = checkpoint_file.paths(run / "checkpoints")
    kept = checkpoint_file.load(states[0])[1]["step"] if states else 0
    return "" if kept == step else f"it stopped after step {step}, and kept step {kept}"
