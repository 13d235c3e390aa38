"""``dltrain``: dispatch to a verb; the only place that prints an error or exits.

Exit codes: 0 done; 1 a member of a sweep failed, or an internal error; 2 bad input; 3 diverged;
4 storage; 5 in use; 128 + a signal that interrupted, so 130 for Ctrl-C.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from types import FrameType

from dltrain import __version__
from dltrain.cli import entry
from dltrain.cli.arguments import EndedError, UsageError, load_plugins
from dltrain.cli.terminal.console import safe
from dltrain.cli.terminal.stream import hurry, let_go
from dltrain.config.overrides import Overrides
from dltrain.system import disk, libraries, signals
from dltrain.system.database_urls import without_password
from dltrain.system.disk import InUseError, StorageError
from dltrain.text import clipped, closest, escaped_lines

# verb -> what it does; each is a module of this package, imported when it is called
VERBS = {
    "train": "train (the verb may be left out)",
    "data": "show what a data set looks like to dltrain, without training",
    "model": "model show: one training step as a computational graph",
    "resume": "go on with a run that was interrupted, killed or failed",
    "rerun": "train again what a run was told, with changes",
    "evaluate": "measure a saved run, on its data or on another file",
    "predict": "predict with a saved run: CSV in, CSV out; or images in",
    "config": "show the composed values; why KEY: where one came from; diff",
    "bench": "measure what a configuration costs here, and what is faster",
    "runs": "list, show, compare, plot, label, export, throw away runs",
    "report": "write one HTML page on a run, a sweep, or several",
    "doctor": "check versions, device, data sets; a short training",
    "help": "this overview; help TOPIC: one of the topics below",
}
# Of these plugins=[...] only says what to load; the others keep it, as part of what a run is told.
READING = {"resume", "evaluate", "predict", "runs", "report", "doctor"}
SWEEP_FLAGS = ("-m", "--multirun")
# What only informs about the composition is Hydra's own business.
HYDRA_FLAGS = ("--info", "-i", "--shell-completion", "-sc")
# What Hydra has and dltrain has not, and what there is instead.
FOREIGN_FLAGS = {
    "--hydra-help": "lists flags of Hydra's that dltrain has not; dltrain --help lists those "
    "it has",
    "--run": "is what dltrain does anyway; leave it out",
    "-r": "is what dltrain does anyway; leave it out",
    "--config-path": "dltrain brings its configs; --config-dir DIR adds a folder of your own",
    "-cp": "dltrain brings its configs; --config-dir DIR adds a folder of your own",
    "--experimental-rerun": "reads pickles, which dltrain does not; dltrain rerun RUN trains again",
}


def main() -> None:
    """Run the command line and exit."""
    _settle_streams()
    entry.hear(_interrupt)
    libraries.prepare()
    code = run(sys.argv[1:])
    signals.ignore()  # Python's own end takes a while
    sys.exit(code)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End the command.

    Modules that are being imported may swallow an exception, or print it; but where no file is half
    written there is nothing to let go of.
    """
    if _is_importing(frame) and not disk.half_written:
        entry.leave(number, frame)
    raise signals.Interruption(number)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _settle_streams() -> None:
    """Let nothing about the standard streams, or what is said of the terminal, stop a command."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:  # closed by whoever started us: no file of ours may get this number
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.BytesIO()))
        elif isinstance(stream := getattr(sys, name), io.TextIOWrapper) and number:
            stream.reconfigure(errors="backslashreplace")
    for name in ("COLUMNS", "LINES"):
        text = os.environ.get(name, "")
        if text and not (text.isascii() and text.isdigit() and int(text) > 0):
            del os.environ[name]  # rich takes it for a number


def run(words: Sequence[str]) -> int:
    """Carry out one command line and return its exit code."""
    code = 0
    try:
        code = _carried_out(words)
        sys.stdout.flush()
    except OSError as error:
        lost = let_go(sys.stdout, error)
        return code or _lost_output(lost)
    except KeyboardInterrupt as insisted:  # while an end was being told
        hurry()
        return code or _code_of(insisted)
    return code


def _carried_out(words: Sequence[str]) -> int:
    try:
        dispatch(_with_plugins(list(words)))
    except SystemExit as end:  # argparse after --help, or Hydra
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except EndedError as stop:
        _complain(stop.line)
        return stop.code
    except UsageError as refusal:
        for line in refusal.lines:
            _complain(line)
        return 2
    except StorageError as error:
        _complain(str(error))
        return 4
    except InUseError as error:
        _complain(str(error))
        return 5
    except KeyboardInterrupt as insisted:
        hurry()
        _complain(str(insisted) or "interrupted")
        return _code_of(insisted)
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EDQUOT):
            return _internal(error)
        return _lost_output(let_go(sys.stdout, error))
    except Exception as error:
        return _internal(error)
    return 0


def _with_plugins(words: list[str]) -> list[str]:
    """Load the modules that are named here; what a record says is never typed, so never loaded."""
    load_plugins(words)
    reads = set(words[:1]) & READING
    return Overrides.parse(words).without("plugins").words if reads else words


def _code_of(end: KeyboardInterrupt) -> int:
    return 128 + (end.number if isinstance(end, signals.Interruption) else signal.SIGINT)


def _internal(error: Exception) -> int:
    _complain(f"internal error: {error!r}; the details are in {crash_file()}")
    return 1


def _lost_output(error: OSError) -> int:
    """Return the exit code of a command whose output could not be written."""
    if isinstance(error, BrokenPipeError):
        return 0
    _complain(f"cannot write the output: {error.strerror}; check the space left where it goes")
    return 4


def dispatch(words: list[str]) -> None:
    """Hand a command line, without ``dltrain``, to the verb that carries it out."""
    foreign = [word for word in words if any("\ud800" <= each <= "\udfff" for each in word)]
    if foreign:
        why = f"is not text in this locale's encoding, {sys.getfilesystemencoding()}"
        raise UsageError([f"{word}: {why}" for word in foreign])
    refused = [word.split("=")[0] for word in words if word.split("=")[0] in FOREIGN_FLAGS]
    if refused:
        raise UsageError([f"{flag}: {FOREIGN_FLAGS[flag]}" for flag in dict.fromkeys(refused)])
    if any(word.split("=")[0] in HYDRA_FLAGS for word in words):
        return _verb("hydra.flags", words)
    if words[:1] == ["--version"]:
        sys.stdout.write(f"dltrain {__version__}\n")
        return None
    if words[:1] in (["--help"], ["-h"]):
        return _verb("help", [])
    if words and "=" not in words[0] and not words[0].startswith(("-", "+", "~")):
        if words[0] not in VERBS:
            hint, known = closest(words[0], VERBS), ", ".join(VERBS)
            raise UsageError([f"{clipped(words[0])}: unknown verb{hint} (there are: {known})"])
        if words[0] != "train":
            return _verb(words[0], words[1:])
        words = words[1:]
    engines = [word for word in words if word.startswith(("hydra/launcher=", "hydra/sweeper="))]
    if set(words) & set(SWEEP_FLAGS):
        return _verb("hydra.multirun" if engines else "sweep", words)
    if engines:
        raise UsageError([f"{clipped(engines[0])}: belongs to a sweep; add -m, or leave it out"])
    return _verb("train", words)


def _verb(name: str, words: list[str]) -> None:
    importlib.import_module(f"dltrain.cli.{name}").main(words)


def _complain(line: str) -> None:
    line = safe(without_password(line), limit=600)
    text = f"dltrain: error: {line}\n".encode(errors="backslashreplace")
    try:
        sys.stderr.buffer.write(text)
        sys.stderr.flush()
    except OSError as error:  # if nobody listens, the exit code still tells
        let_go(sys.stderr, error)


def crash_file() -> str:
    """Keep the traceback of the exception that is being handled; return where."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="dltrain-crash-", suffix=".txt", delete=False, errors="backslashreplace"
    ) as file:
        file.writelines(f"{line}\n" for line in escaped_lines(traceback.format_exc()))
    return file.name
