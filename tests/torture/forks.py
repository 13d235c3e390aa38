"""Commands in processes forked from servers that have imported torch: a tenth of a second each.

A server is this module as a program: it reads what to carry out, forks, tells the new process's
number, waits for its end, and tells how it ended. It computes nothing itself, since the threads of
torch do not survive a fork.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
SECONDS = 60
_idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()


@dataclass(frozen=True)
class Ended:
    """How a command came out: exit code (negative: the signal that killed it), what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Running:
    """A command under way.

    Attributes:
        pid: Of its process.
        folder: Where it stands.
    """

    pid: int
    folder: Path
    _server: subprocess.Popen[bytes]

    def finish(self) -> Ended:
        """Wait for its end."""
        assert self._server.stdout is not None
        status = pickle.load(self._server.stdout)
        _idle.put(self._server)
        texts = [(self.folder / name).read_text(errors="replace") for name in (".out", ".err")]
        return Ended(os.waitstatus_to_exitcode(status), *texts)


def start(folder: Path, words: Sequence[str], prepare: Callable[[], object] = int) -> Running:
    """Start a command line in a process of its own, standing in a folder.

    Args:
        folder: Where to stand.
        words: After ``dltrain``.
        prepare: Called first, in the new process; it may see to it that something goes wrong.
    """
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    pickle.dump((folder, list(words), prepare), server.stdin)
    server.stdin.flush()
    return Running(pickle.load(server.stdout), folder, server)


def forked(folder: Path, words: Sequence[str], prepare: Callable[[], object] = int) -> Ended:
    """Carry out a command line as ``start`` does, and wait for its end."""
    return start(folder, words, prepare).finish()


def side_by_side(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Call a function that forks for each item, one on each core."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def stop_servers() -> None:
    """End the servers; new ones are started when they are needed."""
    with contextlib.suppress(queue.Empty):
        while True:
            with _idle.get_nowait() as server:
                server.kill()


def _server() -> subprocess.Popen[bytes]:
    with contextlib.suppress(queue.Empty):
        return _idle.get_nowait()
    atexit.register(stop_servers)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.torture.forks"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )


def _serve() -> None:
    """Fork for whatever is asked, until nobody asks any more."""
    import dltrain.cli.resume
    import dltrain.cli.runs
    import dltrain.cli.train
    import dltrain.train.session
    import dltrain.train.tracking.live_curves
    import dltrain.train.tracking.tensorboard  # noqa: F401 - with torch
    from dltrain.config.load import load

    load([])  # what reads configs is imported now
    answers = os.fdopen(os.dup(1), "wb")
    for folder, words, prepare in _requests():
        pid = os.fork()
        if not pid:
            _carry_out(folder, words, prepare)
        for answer in (pid, None):
            pickle.dump(os.waitpid(pid, 0)[1] if answer is None else answer, answers)
            answers.flush()


def _requests() -> Iterator[tuple[Path, list[str], Callable[[], object]]]:
    with contextlib.suppress(EOFError):
        while True:
            yield pickle.load(sys.stdin.buffer)


def _carry_out(folder: Path, words: list[str], prepare: Callable[[], object]) -> None:
    signal.alarm(SECONDS)  # whatever hangs is killed
    os.chdir(folder)
    for number, name in ((1, ".out"), (2, ".err")):
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, number)
        os.close(descriptor)
    from dltrain.cli.main import run

    prepare()
    code = run(words)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve()
