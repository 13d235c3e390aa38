"""A cage for a command that is given something hostile: what it opens, runs and reaches is seen.

Each command is a process, forked from one that has imported all it needs, in which Python itself
reports every file opened, every process started, every connection and every name unpickled.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dltrain
from tests.torture.inside import Said

# A command that takes longer waits for something that never comes.
HANGING_SECONDS, MOST_CPU_SECONDS, MOST_BYTES = 30.0, 2.0, 500 * 10**6
NETWORK: tuple[str, ...] = (
    *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"),
    *("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request", "ssl.wrap_socket"),
)
PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn")
CHANGES: tuple[str, ...] = (
    *("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.chmod"),
    *("os.truncate", "os.chown", "os.utime", "os.setxattr", "tempfile.mkdtemp"),
)
# What Python, torch and the house are made of, and what they ask the system.
OWN = (
    *(sys.prefix, sys.base_prefix, sysconfig.get_paths()["stdlib"]),
    *("/usr/lib", "/lib", "/usr/local", "/usr/share/zoneinfo", "/etc/localtime"),
    *("/proc", "/sys", "/dev/null", "/dev/urandom", "/dev/tty"),
    *("/usr/share/datasets", "/etc/nsswitch.conf", "/usr/share/terminfo", "/etc/terminfo"),
    str(Path(dltrain.__file__).resolve().parents[1]),
)


@dataclass(frozen=True)
class Bounds:
    """What a command may touch.

    Attributes:
        base: Of all that belongs to the test.
        writable: The run folder, if the command may write there; None: it may write nowhere.
        readable: What it may read within ``base``.
    """

    base: Path
    writable: Path | None
    readable: Sequence[Path]


@dataclass(frozen=True)
class Caged:
    """What a command in the cage came to."""

    said: Said
    breaches: Sequence[str]
    cpu_seconds: float
    peak_bytes: int


def confine(
    action: Callable[[], int], bounds: Bounds, *, folder: Path, environment: Mapping[str, str]
) -> Caged:
    """Carry out an action in a process of its own and see what it does.

    Args:
        action: Returns an exit code.
        bounds: What it may touch.
        folder: Where it stands.
        environment: Added to this process's own.
    """
    names = [bounds.base.parent / f"{bounds.base.name}.{name}" for name in ("out", "err", "seen")]
    for name in names:
        name.write_bytes(b"")
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        _live(action, bounds, names, folder=folder, environment=environment)
    peak, killed = _watch(child)
    _, status, usage = os.wait4(child, 0)
    out, err = (name.read_bytes().decode(errors="backslashreplace") for name in names[:2])
    seen = names[2].read_text(errors="backslashreplace").splitlines()
    code = os.waitstatus_to_exitcode(status)
    breaches = [str(json.loads(line)) for line in dict.fromkeys(seen)]
    return Caged(
        Said(code, out, err),
        [*breaches, killed] if killed else breaches,
        usage.ru_utime + usage.ru_stime,
        peak,
    )


def _watch(child: int) -> tuple[int, str]:
    """Wait for the end of a process, or put one to it; return its peak memory and why it was."""
    end, peak, killed = time.monotonic() + HANGING_SECONDS, 0, ""
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        resident = _resident(child)
        peak = max(peak, resident)
        if not killed and (resident > 2 * MOST_BYTES or time.monotonic() > end):
            killed = f"was killed with {resident / 1e6:.0f} MB after {HANGING_SECONDS:g} s at most"
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
    return peak, killed


def _resident(child: int) -> int:
    try:
        pages = int(Path(f"/proc/{child}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _live(
    action: Callable[[], int],
    bounds: Bounds,
    names: Sequence[Path],
    *,
    folder: Path,
    environment: Mapping[str, str],
) -> None:
    """Be the process; never returns."""
    code = 70
    try:
        os.chdir(folder)
        os.environ.update(environment)
        sys.path.insert(0, str(folder))  # as python -m does
        sys.dont_write_bytecode = True
        out, err, seen = (os.open(name, os.O_WRONLY | os.O_APPEND) for name in names)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8")
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8")
        resource.setrlimit(resource.RLIMIT_CPU, (int(HANGING_SECONDS), int(HANGING_SECONDS)))
        _install(bounds, seen)
        code = action()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _install(bounds: Bounds, seen: int) -> None:
    """Have Python report what must not be from now on."""
    judging = False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal judging
        if judging:
            return
        judging = True
        try:
            try:
                text = judge(event, arguments, bounds)
            except Exception as error:  # the command must not notice that it is watched
                text = f"{event} {arguments!r} could not be judged: {error!r}"
            if text:
                os.write(seen, f"{json.dumps(text)}\n".encode())
        finally:
            judging = False

    sys.addaudithook(hook)


def judge(event: str, arguments: Sequence[Any], bounds: Bounds) -> str:
    """Say what is wrong about something that Python reports, or nothing."""
    if event == "open":
        return _judge_open(arguments[0], arguments[1], arguments[2], bounds)
    if event in CHANGES:
        own = [a for a in arguments if isinstance(a, str | bytes | os.PathLike)]
        # The last argument is the descriptor of the folder that a path is relative to, or -1.
        last = arguments[-1]
        at = type(last) is int and last > 2 and own and event != "os.truncate"
        within = os.readlink(f"/proc/self/fd/{last}") if at else ""
        paths = [os.path.join(within, os.fsdecode(path)) for path in own]
        outside = [path for path in paths if not _may_write(path, bounds)]
        return f"{event} {outside[0]}" if outside else ""
    if event in PROCESSES:
        is_git = event == "subprocess.Popen" and list(arguments[1])[:1] == ["git"]
        return "" if is_git else f"started a process: {event} {arguments!r}"
    if event in NETWORK:
        return f"reached for the network: {event} {arguments[1:]!r}"
    if event == "pickle.find_class":
        return f"unpickled: {arguments[1:]!r}"
    if event in ("import", "exec", "ctypes.dlopen"):
        text = str(arguments[0]) if event != "exec" else getattr(arguments[0], "co_filename", "")
        if str(bounds.base) in text or "evil" in text:
            return f"ran foreign code: {event} {text}"
    return ""


def _judge_open(path: object, mode: object, flags: object, bounds: Bounds) -> str:
    if not isinstance(path, str | bytes | os.PathLike):
        return ""  # a descriptor that was opened before
    text = os.fsdecode(path)
    writing = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    writing = writing or (isinstance(mode, str) and bool(set(mode) & set("wax+")))
    if writing:
        return "" if _may_write(text, bounds) else f"opened for writing: {text}"
    real = os.path.realpath(text)
    allowed = [*map(os.path.realpath, bounds.readable), *OWN]
    if any(real == own or real.startswith(f"{own}/") for own in allowed):
        return ""
    # A folder's names are no content; links are refused by the call itself.
    flags = flags if isinstance(flags, int) else 0
    if flags & os.O_DIRECTORY or (flags & os.O_NOFOLLOW and os.path.islink(text)):
        return ""
    return f"read: {text}" if os.path.exists(text) else ""


def _may_write(text: str, bounds: Bounds) -> bool:
    real = os.path.join(os.path.realpath(os.path.dirname(text) or "."), os.path.basename(text))
    if real == "/dev/null":
        return True
    return bounds.writable is not None and real.startswith(f"{os.path.realpath(bounds.writable)}/")


def fingerprint(folder: Path, *, without: Path | None = None) -> dict[str, tuple[int, ...]]:
    """Tell every change below a folder: kind, size, and when it was changed last."""
    return {
        path: (info.st_mode, info.st_size, info.st_ino, info.st_ctime_ns)
        for path, info in below(folder, without=without)
    }


def below(folder: Path, *, without: Path | None = None) -> Iterator[tuple[str, os.stat_result]]:
    """Yield all that lies below a folder, which may be deeper than Python's own walk goes."""
    waiting = [str(folder)]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            if entry.path == str(without):
                continue
            yield entry.path, entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
