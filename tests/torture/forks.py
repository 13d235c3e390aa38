"""Commands in processes forked from a server that has imported torch: a tenth of a second each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

from dltrain.signals import SIGNALS
from dltrain.sweep.process import _server as server

T = TypeVar("T")
R = TypeVar("R")
SECONDS = 60.0


@dataclass(frozen=True)
class Ended:
    """How a command came out: exit code (negative: the signal that killed it), what it wrote."""

    code: int
    out: str
    err: str


def forked(folder: Path, words: Sequence[str], prepare: Callable[[], object] = int) -> Ended:
    """Carry out a command line in a process of its own, standing in a folder.

    Args:
        folder: Where to stand.
        words: After ``dltrain``.
        prepare: Called first, in the new process; it may see to it that something goes wrong.
    """
    return finish(start(folder, words, prepare), folder)


def start(folder: Path, words: Sequence[str], prepare: Callable[[], object] = int) -> BaseProcess:
    """Start a command line as ``forked`` does, and leave it running."""
    process = multiprocessing.get_context("forkserver").Process(
        target=_carry_out, args=(folder, list(words), prepare)
    )
    process.start()
    return process


def finish(process: BaseProcess, folder: Path) -> Ended:
    """Wait for a command that was started in a folder."""
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"{folder}: it has not ended after {SECONDS:g} s")
    assert process.exitcode is not None
    texts = [(folder / name).read_text(errors="replace") for name in (".out", ".err")]
    return Ended(process.exitcode, *texts)


def side_by_side(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Call a function that forks for each item, one on each core."""
    server()  # which only this thread may start
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def _carry_out(folder: Path, words: list[str], prepare: Callable[[], object]) -> None:
    os.chdir(folder)
    for number, name in ((1, ".out"), (2, ".err")):
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, number)
        os.close(descriptor)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from dltrain.cli.main import run

    prepare()
    code = run(words)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
