"""Commands in processes forked from a server that has imported torch: a tenth of a second each.

The server is this module as a program: it forks for whoever connects to its socket and says what
to carry out, and where; with it come the standard streams. It computes nothing itself, since the
threads of torch do not survive a fork. ``tests.torture.client`` is a program that asks it, too: a
``dltrain`` for shells.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import io
import marshal
import multiprocessing.util
import os
import pickle
import select
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn, TypeVar

from tests.torture import client

T = TypeVar("T")
R = TypeVar("R")
SECONDS = 300
ROOT = Path(__file__).parents[2]
_SPAWN = multiprocessing.util.spawnv_passfds


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
    """

    pid: int
    _server: socket.socket
    _streams: tuple[IO[bytes], IO[bytes]]

    def finish(self) -> Ended:
        """Wait for its end."""
        with self._server:
            status = client.number(self._server)
        texts = []
        for stream in self._streams:
            with stream:
                stream.seek(0)
                texts.append(stream.read().decode(errors="replace"))
        return Ended(os.waitstatus_to_exitcode(status), *texts)


def start(
    folder: Path,
    words: Sequence[str],
    prepare: Callable[[], object] = int,
    *,
    given: bytes = b"",
) -> Running:
    """Start a command line in a process of its own, standing in a folder.

    Args:
        folder: Where to stand.
        words: After ``dltrain``.
        prepare: Called first, in the new process; it may see to it that something goes wrong.
        given: On standard input.
    """
    streams = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - see finish
    with tempfile.TemporaryFile() as source:
        source.write(given)
        source.seek(0)
        numbers = [stream.fileno() for stream in (source, *streams)]
        asked = client.ask(
            _server(), list(words), os.path.abspath(folder), numbers, pickle.dumps(prepare)
        )
    return Running(client.number(asked), asked, streams)


def forked(
    folder: Path,
    words: Sequence[str],
    prepare: Callable[[], object] = int,
    *,
    given: bytes = b"",
) -> Ended:
    """Carry out a command line as ``start`` does, and wait for its end."""
    return start(folder, words, prepare, given=given).finish()


def side_by_side(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Call a function that forks for each item, one on each core."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def program() -> str:
    """Return what a shell calls for ``dltrain``, to have the server carry it out."""
    return shlex.join([sys.executable, "-IS", client.__file__, _server()])


@functools.cache
def _server() -> str:
    """Start the server; return where its socket is. It ends with this process."""
    folder = tempfile.mkdtemp(prefix="forks-", dir="/tmp")  # a socket's name must be short
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    place = f"{folder}/socket"
    line = [sys.executable, "-m", "tests.torture.forks", place]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, cwd=ROOT)
    atexit.register(process.kill)
    while not os.path.exists(place):
        assert process.poll() is None, "the server has ended"
        time.sleep(0.01)
    return place


def _serve(place: str) -> None:
    """Fork for whatever is asked, until the process that started this is gone."""
    _import_all()
    gc.freeze()  # a collection in a fork would copy all that was imported
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that keep a command
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{place}.new")
        listener.listen(100)
        os.rename(f"{place}.new", place)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            asked, _ = listener.accept()
            content, descriptors = client.heard(asked)
            _compose(marshal.loads(content)[0])
            if not os.fork():
                listener.close()
                _keep(asked, content, descriptors)
            asked.close()
            for descriptor in descriptors:
                os.close(descriptor)


def _compose(words: Sequence[str]) -> None:
    """Compose the choices that a command makes: commands that make the same need not do so anew."""
    _load(tuple(sorted(word for word in words if word.partition("=")[0] in _groups())))


@functools.cache
def _groups() -> Collection[str]:
    from dltrain.config.compose import CONF, groups

    return groups([CONF])


@functools.cache
def _load(words: tuple[str, ...]) -> None:
    from dltrain.config.compose import ConfigError
    from dltrain.config.load import load

    with contextlib.suppress(ConfigError):  # the command itself will be told so
        load(words)


def _import_all() -> None:
    """Import what any command does."""
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")  # as a command does, before torch
    import pandas  # noqa: F401
    import pyarrow.csv  # noqa: F401
    import scipy.stats  # noqa: F401

    import dltrain.__main__
    import dltrain.cli.bench
    import dltrain.cli.data
    import dltrain.cli.evaluate
    import dltrain.cli.model
    import dltrain.cli.predict
    import dltrain.cli.report
    import dltrain.cli.rerun
    import dltrain.cli.resume
    import dltrain.cli.runs
    import dltrain.cli.sweep
    import dltrain.cli.train
    import dltrain.plots.curves
    import dltrain.train.session
    import dltrain.train.tracking.live_curves
    import dltrain.train.tracking.tensorboard

    with contextlib.suppress(ImportError):
        import joblib  # type: ignore[import-untyped]  # noqa: F401
        import optuna  # noqa: F401
    _load(())  # what reads configs is imported now
    sys.modules["__main__"] = dltrain.__main__  # what a child of a command imports


def _keep(asked: socket.socket, content: bytes, descriptors: Sequence[int]) -> NoReturn:
    """Fork a command, tell the number of its process, wait for its end, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if not pid:
        asked.close()
        words, folder, environment, prepare, numbers = marshal.loads(content)
        streams = dict(zip(numbers, descriptors, strict=True))
        _carry_out(words, folder, environment, prepare, streams)
    for descriptor in descriptors:
        os.close(descriptor)
    with contextlib.suppress(BrokenPipeError):
        asked.sendall(struct.pack("i", pid))
        status = os.waitpid(pid, 0)[1]
        asked.sendall(struct.pack("i", status))
    os._exit(0)


def _carry_out(
    words: list[str],
    folder: str,
    environment: Mapping[str, str],
    prepare: bytes,
    streams: Mapping[int, int],
) -> NoReturn:
    """Be a command; what a new Python would do first is done here."""
    signal.alarm(SECONDS)  # whatever hangs is killed
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    _take_streams(streams)
    sys.argv, tempfile.tempdir = ["dltrain", *words], None
    multiprocessing.util.spawnv_passfds = _spawned  # type: ignore[assignment]
    from dltrain.cli.entry import main

    code = 1
    try:
        pickle.loads(prepare)()
        sys.path[0] = folder
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def _spawned(path: bytes, line: Sequence[Any], descriptors: Sequence[int]) -> int:
    """Begin a helper of ``multiprocessing``'s; its own fork server need not import torch anew."""
    if "multiprocessing.forkserver" not in line[-1]:
        return int(_SPAWN(path, line, descriptors))
    pid = os.fork()
    if not pid:
        try:
            for number in map(int, os.listdir("/proc/self/fd")):
                if number > 2 and number not in descriptors:
                    with contextlib.suppress(OSError):
                        os.close(number)
            _open_streams(client.STREAMS)
            exec(line[-1], {})
        finally:
            os._exit(0)
    return pid


def _take_streams(given: Mapping[int, int]) -> None:
    """Take the streams that were given in place of this process's; those that were not are closed.

    Args:
        given: By the number of a standard stream, what it is to be.
    """
    for number in client.STREAMS:
        with contextlib.suppress(OSError):
            os.close(number)
        if number in given:
            os.dup2(given[number], number)
            os.close(given[number])
    _open_streams(given)


def _open_streams(numbers: Collection[int]) -> None:
    """Make the texts of the standard streams, as Python does when it begins."""
    encoding, _, errors = os.environ.get("PYTHONIOENCODING", "").partition(":")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream: io.TextIOWrapper | None = None
        if number in numbers:
            default = "backslashreplace" if number == 2 else "strict"
            plain = open(number, "wb" if number else "rb", closefd=False)  # noqa: SIM115
            lines = number == 2 or plain.isatty()
            stream = io.TextIOWrapper(
                plain, encoding or "utf-8", errors or default, line_buffering=lines
            )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    _serve(sys.argv[1])
