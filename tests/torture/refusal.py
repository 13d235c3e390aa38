"""One malformed input: a command line, the files it meets, and how it must be refused.

A refusal is exit code 2 and lines that begin with ``dltrain: error:``, each bounded and free of
control characters, and not a byte of the file tree changed. It is quick, too.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import logging
import os
import re
import shutil
import signal
import stat
import sys
import tempfile
import time
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from dltrain.cli.main import run
from dltrain.config import compose, locations
from dltrain.config.compose import CONF

PREFIX = "dltrain: error: "
MAX_LINE = 620
MAX_SECONDS = 2.0
HUNG_SECONDS = 30  # a command that is still at it then is stopped

# What remembers config files that were read.
KEPT = {
    (module, name): getattr(module, name)
    for module, name in ((compose, "_compose"), (compose, "_files"), (locations, "_locations"))
}

# What a file holds, or what makes it.
Content = str | bytes | Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """A command line and the folder it is given in.

    Attributes:
        what: What is malformed, in words.
        words: The command line.
        says: What one of its complaints must say.
        files: Path in the folder -> its content.
    """

    what: str
    words: Sequence[str]
    says: str
    files: Mapping[str, Content] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """What a command came to: exit code, both streams, seconds of the processor."""

    code: int
    out: str
    err: str
    seconds: float


class HungError(BaseException):
    """A command did not come to an end; no ``except Exception`` may take it for its own."""


def fifo(path: Path) -> None:
    """Make a pipe that nobody writes to: who reads it waits for ever."""
    os.mkfifo(path)


def folder(path: Path) -> None:
    """Make a folder where a file is expected."""
    path.mkdir()


def link(target: str) -> Callable[[Path], None]:
    """Make a symbolic link to a path."""
    return lambda path: path.symlink_to(target)


def sparse(size: int) -> Callable[[Path], None]:
    """Make a file of zeros that takes no room on disk."""

    def make(path: Path) -> None:
        with open(path, "wb") as file:
            file.truncate(size)

    return make


def short(line: str) -> str:
    """Name a case by its command line; of a long one, by its beginning and its length."""
    return line if len(line) <= 60 else f"{line[:60]}... ({len(line):,} characters)"


def read_anew(patch: pytest.MonkeyPatch) -> None:
    """Let config files be read anew: a process reads them once, and here one stands for many.

    What is composed of dltrain's own files alone is kept: they stay as they are.
    """
    for (module, name), kept in KEPT.items():
        patch.setattr(module, name, _anew(kept))


def _anew(kept: Any) -> Callable[..., object]:
    fresh = functools.lru_cache(kept.__wrapped__)
    return lambda *arguments: (kept if (CONF,) in arguments else fresh)(*arguments)


@contextlib.contextmanager
def standing_in(files: Mapping[str, Content]) -> Iterator[Path]:
    """Stand in a new folder that holds these files; temporary files and caches lie beside it."""
    before, caches, temporary = os.getcwd(), os.environ.get("XDG_CACHE_HOME"), tempfile.tempdir
    root = Path(tempfile.mkdtemp(prefix="malformed-"))
    here = root / "here"
    for name in ("here", "cache", "temporary"):
        (root / name).mkdir()
    for name, content in files.items():
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    patch = pytest.MonkeyPatch()
    if any(name.endswith(".yaml") for name in files):
        read_anew(patch)
    try:
        os.chdir(here)
        os.environ["XDG_CACHE_HOME"] = str(root / "cache")
        tempfile.tempdir = str(root / "temporary")
        yield root
    finally:
        patch.undo()
        os.chdir(before)
        tempfile.tempdir = temporary
        if caches is None:
            del os.environ["XDG_CACHE_HOME"]
        else:
            os.environ["XDG_CACHE_HOME"] = caches
        shutil.rmtree(root)


def listing(root: Path) -> dict[str, str]:
    """Describe everything below a folder: type and permissions, and what a file holds."""
    found = {}
    for parent, folders, files in os.walk(root):
        # Decoded images may stay, since each is checked by its sha256 before it is kept.
        folders[:] = [name for name in folders if not parent.endswith("/cache/dltrain")]
        for name in (*folders, *files):
            path = Path(parent, name)
            status = path.lstat()
            content = os.readlink(path) if path.is_symlink() else ""
            if stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()
            found[str(path.relative_to(root))] = f"{status.st_mode:o} {content}"
    return {key: text for key, text in found.items() if key != "cache/dltrain"}


def carried_out(words: Sequence[str]) -> Shown:
    """Carry out a command line in this process; its warnings count as part of what it says.

    Raises:
        HungError: If it does not end.
    """
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    with (
        ending_in(HUNG_SECONDS),
        keeping_globals(),
        contextlib.redirect_stdout(streams[0]),
        contextlib.redirect_stderr(streams[1]),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("always")
        began = time.process_time()
        try:
            code = run(words)
        except SystemExit as end:  # argparse's --help, and Hydra
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        seconds = time.process_time() - began
    texts = []
    for stream in streams:
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        texts.append(stream.buffer.getvalue().decode(errors="backslashreplace"))
    return Shown(code, texts[0], texts[1], seconds)


@contextlib.contextmanager
def keeping_globals() -> Iterator[None]:
    """Put back what Hydra changes in a process of its own: the arguments, and who logs what."""
    argv, root = sys.argv, logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        sys.argv, root.handlers[:] = argv, handlers
        root.setLevel(level)


@contextlib.contextmanager
def ending_in(seconds: float) -> Iterator[None]:
    """Raise ``HungError`` in what takes longer."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise HungError(f"did not end in {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def faults_of(shown: Shown) -> list[str]:
    """Say in what a command's end is no proper refusal."""
    faults = []
    if shown.code != 2:
        faults.append(f"exit code {shown.code}")
    lines = shown.err.split("\n")
    if lines[-1] or len(lines) < 2:
        faults.append("says nothing, or no whole line")
    for line in lines[:-1]:
        if not line.startswith(PREFIX) or not line.removeprefix(PREFIX).strip():
            faults.append(f"a line that is no complaint: {line[:200]!r}")
        if len(line) > MAX_LINE:
            faults.append(f"a line of {len(line)} characters")
        controls = {c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs")}
        if controls:
            faults.append(f"control characters: {controls!r}")
    if re.search(r"Traceback|internal error|Error\(|object at 0x|<class", shown.err):
        faults.append(f"shows its insides: {shown.err[:300]!r}")
    if shown.out:
        faults.append(f"prints {shown.out[:100]!r}")
    return faults


def tried(case: Case) -> tuple[list[str], Shown | None]:
    """Try one case; say what is wrong with how it was refused, and show it."""
    with standing_in(case.files) as root:
        before = listing(root)
        try:
            shown = carried_out(case.words)
        except HungError as error:
            return [str(error)], None
        after = listing(root)
    faults = faults_of(shown)
    if case.says not in shown.err:
        faults.append(f"does not say {case.says!r}: {shown.err[:300]!r}")
    if shown.seconds > MAX_SECONDS:
        faults.append(f"took {shown.seconds:.1f} s")
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    if changed:
        faults.append(f"changed {', '.join(sorted(changed))}")
    return faults, shown
