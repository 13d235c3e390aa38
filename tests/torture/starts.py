"""Runs started in the same second: as many folders as runs, and no file of two."""

from __future__ import annotations

import json
import os
import random
import secrets
import struct
import tempfile
import time
import traceback
from pathlib import Path

from dltrain.runs import recorder
from dltrain.runs.layout import new_folder
from dltrain.runs.record import first_info
from dltrain.runs.recorder import Recorder
from tests.torture.proof import Report

# Letters a suffix is drawn from here: of 16 suffixes most runs find theirs taken, and draw anew.
FEW_LETTERS = "ab"
# How long before a full second they are told of it, once all are ready.
LEAD_SECONDS = 0.05
ROW = {"epoch": 1.0, "train/loss": 0.5}
WHAT = "starts in the same second"


def prove(amount: int, seed: int = 0) -> Report:
    """Start runs from processes of their own at one instant, in one folder.

    Suffixes are four characters drawn from as few letters as still give every run a folder, so
    that most claims collide; a run that finds its name taken has to draw another one.

    Args:
        amount: Of runs.
        seed: Of the suffixes that they draw.
    """
    letters = FEW_LETTERS
    while len(letters) ** 4 < 1.25 * amount:
        letters += chr(ord(letters[-1]) + 1)
    with tempfile.TemporaryDirectory() as place:
        outputs = Path(place) / "outputs"
        line = _Line()
        children = [_fork(outputs, number, seed, letters, line) for number in range(amount)]
        line.start(amount)
        wrong = []
        for number, child in enumerate(children):
            _, status = os.waitpid(child, 0)
            if os.waitstatus_to_exitcode(status) != 0:
                wrong.append(f"run {number} ended with {os.waitstatus_to_exitcode(status)}")
        wrong += _wrong_with(outputs, amount)
        draws = sum(int(file.read_text()) for file in Path(place).glob("draws-*"))
        seconds = len({folder.name[:19] for folder in outputs.iterdir()})
    if draws <= amount:
        wrong.append("no two runs ever drew the same suffix: nothing was put to the test")
    notes = [f"{draws - amount} names were taken and drawn anew", f"begun in {seconds} second(s)"]
    return Report(WHAT, amount, wrong, notes)


class _Line:
    """Where runs wait until all are ready, to be told of the instant at which they begin."""

    def __init__(self) -> None:
        self._ready, self._told = os.pipe(), os.pipe()

    def start(self, amount: int) -> None:
        """Wait for all of them, and tell them of the beginning of the next second."""
        os.close(self._ready[1])  # so that one that died on the way is not waited for
        waiting = amount
        while waiting and (arrived := os.read(self._ready[0], waiting)):
            waiting -= len(arrived)
        instant = float(int(time.time() + LEAD_SECONDS) + 1)
        os.write(self._told[1], struct.pack("d", instant) * amount)
        for descriptor in (self._ready[0], *self._told):
            os.close(descriptor)

    def wait(self) -> None:
        """Be ready; come back at the instant."""
        os.write(self._ready[1], b".")
        os.close(self._ready[1])
        [instant] = struct.unpack("d", os.read(self._told[0], struct.calcsize("d")))
        time.sleep(max(0.0, instant - time.time()))


def _fork(outputs: Path, number: int, seed: int, letters: str, line: _Line) -> int:
    child = os.fork()
    if child:
        return child
    try:
        _begin(outputs, number, random.Random(f"{seed}/{number}"), letters, line)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _begin(outputs: Path, number: int, draw: random.Random, letters: str, line: _Line) -> None:
    """Be one run: claim a folder at the instant, and write into it what a run writes."""
    drawn = 0

    def choice(alphabet: str) -> str:
        nonlocal drawn
        drawn += 1
        return draw.choice(letters)

    secrets.choice = choice  # type: ignore[assignment]
    info = first_info(command=[str(number)], overrides=[], seed=number, identity=str(number))
    line.wait()
    folder = new_folder(outputs, "same")
    run = Recorder(
        folder, info=info, documents={"config.yaml": f"seed: {number}\n"}, columns=list(ROW)
    )
    run.epoch(ROW | {"train/loss": float(number)}, seconds=1.0, examples=1)
    run.log(f"run {number}")
    run.finish(status="done", exit_code=0, seconds=0.5, result={})
    (outputs.parent / f"draws-{number}").write_text(str(drawn // 4))


def _wrong_with(outputs: Path, amount: int) -> list[str]:
    """Say what is not as if each run had been alone."""
    wrong = []
    folders = sorted(outputs.iterdir())
    if len(folders) != amount:
        wrong.append(f"{amount} runs left {len(folders)} folders")
    begun = []
    for folder in folders:
        record = json.loads((folder / "run.json").read_text())
        number = record["seed"]
        begun.append(number)
        expected = {
            "config.yaml": f"seed: {number}\n",
            "metrics.csv": f"epoch,train/loss\n1,{recorder.number(number)}\n",
        }
        for name, text in expected.items():
            if (folder / name).read_text() != text:
                wrong.append(f"{folder.name}/{name} is not that of run {number} alone")
        log = (folder / "train.log").read_text().splitlines()
        if [line[20:] for line in log[1:]] != [f"run {number}", "done, exit code 0"]:
            wrong.append(f"{folder.name}/train.log is not that of run {number} alone")
        if record["status"] != "done" or (folder / "timing.csv").read_text().count("\n") != 2:
            wrong.append(f"{folder.name} is not whole")
        left = [file.name for file in folder.iterdir() if file.name.startswith(".tmp")]
        if left:
            wrong.append(f"{folder.name} holds {left}")
    if sorted(begun) != list(range(amount)):
        wrong.append("not every run has one folder")
    inodes = {file.stat().st_ino for folder in folders for file in folder.iterdir()}
    if len(inodes) != sum(1 for folder in folders for _ in folder.iterdir()):
        wrong.append("two runs share a file")
    return wrong
