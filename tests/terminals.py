"""Command lines on streams that fail: closed, without a reader, full, or a terminal that closes."""

from __future__ import annotations

import json
import os
import pty
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import Shown
from tests.torture.forks import program

# Take the terminal on standard input for one's own, so that the system tells when it is closed.
OWNING = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
OWNING += "os.execv(sys.argv[1], sys.argv[1:])"
SECONDS, MAX_SEEN = 120, 2**22


def in_shell(line: str, *, folder: Path, env: Mapping[str, str] = {}, whole: bool = False) -> Shown:
    """Carry out a line of bash in which ``DLTRAIN`` is the command; the code is its own.

    Args:
        line: The line.
        folder: Where.
        env: Variables besides those there are.
        whole: Whether the command's process imports all itself, and is not forked.
    """
    script = line.replace("DLTRAIN", f"{sys.executable} -m dltrain" if whole else program())
    result = subprocess.run(
        ["bash", "-c", f"{script}; exit ${{PIPESTATUS[0]}}"],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        timeout=SECONDS,
    )
    out, err = (text.decode(errors="surrogateescape") for text in (result.stdout, result.stderr))
    return Shown(result.returncode, out, err)


def on_terminal(
    *words: str,
    folder: Path,
    env: Mapping[str, str] = {},
    closed_after: str = "",
    owned: bool = False,
    ignoring: bool = False,
    whole: bool = False,
) -> Shown:
    """Carry out a command line on a terminal.

    Args:
        words: After ``dltrain``.
        folder: Where.
        env: Variables besides those there are.
        closed_after: Close the terminal once it has shown this, while the command goes on.
        owned: Whether the terminal is the process's own, so that it gets a signal then.
        ignoring: Whether that signal is ignored, as under nohup.
        whole: Whether the command's process imports all itself, and is not forked. What owns a
            terminal always does.
    """
    ours, theirs = pty.openpty()
    line = [sys.executable, "-m", "dltrain"] if whole or owned else shlex.split(program())
    line = [*([sys.executable, "-c", OWNING] if owned else []), *line, *words]
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignoring else signal.SIG_DFL)
    try:
        process = subprocess.Popen(
            line,
            cwd=folder,
            env={**os.environ, **env},
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGHUP, before)
        os.close(theirs)
    seen = _seen(ours, closed_after.encode())
    if closed_after:
        assert closed_after.encode() in seen, seen
        assert process.poll() is None, "it ended before the terminal was closed"
    os.close(ours)
    if owned:  # as a shell does, which tells all of its children
        os.killpg(process.pid, signal.SIGHUP)
    _, err = process.communicate(timeout=SECONDS)
    return Shown(process.returncode, seen.decode(errors="replace"), err.decode())


def _seen(terminal: int, end: bytes) -> bytes:
    """Read what a terminal shows, to its end or until it has shown something."""
    seen = b""
    while not end or end not in seen:
        assert select.select([terminal], [], [], SECONDS)[0], seen[-1000:]
        assert len(seen) < MAX_SEEN, seen[-1000:]
        try:
            part = os.read(terminal, 65536)
        except OSError:  # EIO: all have closed it
            break
        if not part:
            break
        seen += part
    return seen


def statuses(folder: Path) -> list[str]:
    """List the statuses of the runs below a folder, members of sweeps and these among them."""
    files = [*folder.rglob("run.json"), *folder.rglob("sweep.json")]
    return [json.loads(file.read_text())["status"] for file in sorted(files)]


def metrics(folder: Path) -> list[bytes]:
    """Read every ``metrics.csv`` below a folder."""
    return [file.read_bytes() for file in sorted(folder.rglob("metrics.csv"))]
