"""What several rooms of the tests share."""

from __future__ import annotations

import importlib
import itertools
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dltrain.cli.main import run
from dltrain.config import kinds, plugins
from dltrain.runs.layout import FORMAT
from dltrain.runs.record import sealed_json
from dltrain.system import libraries
from dltrain.system.signals import HANGUP, SIGNALS
from tests.torture.forks import forked

libraries.prepare()  # before a test imports torch

# Before torch is imported: where there is a worker on each core, one thread is what each has.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Importing them adds their kinds to the table, which is a test's to do and to undo.
collect_ignore = ["recipe"]


@dataclass(frozen=True)
class Shown:
    """What a command line came to: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Call = Callable[..., Shown]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how to run what the plain command leaves out."""
    if config.getoption("markexpr") == "not proof":
        text = "left out: what proves promises at length; pytest -m 'proof or not proof' runs all"
        terminalreporter.write_line(text)


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep to folders of the session's own: Fashion-MNIST is decoded once, crash files go away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
        patch.setattr(tempfile, "tempdir", None)
        # Output that waits in a buffer fails elsewhere than output that does not.
        names = ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR", "PYTHONUNBUFFERED")
        for name in names:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def same_signals() -> Iterator[None]:
    """Put back the handlers that a command line leaves in place for the rest of its process."""
    before = {number: signal.getsignal(number) for number in (*SIGNALS, HANGUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def unload() -> None:
    """Forget every plugin, as in a process that has just begun."""
    for table in kinds.TABLE.values():
        for name in [name for name, kind in table.items() if not _is_ours(kind.config)]:
            sys.modules.pop(table.pop(name).config.__module__, None)
    kinds.FOLDERS.clear()
    plugins._LOADED.clear()
    plugins.load_installed.cache_clear()
    importlib.invalidate_caches()


def _is_ours(config: type) -> bool:
    return config.__module__.startswith("dltrain.")


@pytest.fixture
def no_plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave no plugin loaded, and no folder on the path that one was found in."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    unload()


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Carry out a command line in this process."""

    def call(*words: str) -> Shown:
        capfd.readouterr()
        try:
            code = run(words)
        except SystemExit as end:  # argparse's --help
            code = int(end.code or 0)
        sys.stdout.flush()
        return Shown(code, *capfd.readouterr())

    return call


def command(*words: str, folder: Path, given: bytes = b"") -> Shown:
    """Carry out a command line in a process of its own, forked from one that has imported torch."""
    ended = forked(folder, words, given=given)
    return Shown(ended.code, ended.out, ended.err)


def whole_command(*words: str, folder: Path) -> Shown:
    """Carry out a command line in a process that imports all itself."""
    line = [sys.executable, "-m", "dltrain", *words]
    result = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    return Shown(result.returncode, result.stdout, result.stderr)


def thinned(*axes: Iterable[Any]) -> list[Any]:
    """Combine values of several axes; under the plain command so few that each still occurs.

    Of three axes any two values still meet, as long as no axis is longer than the shortest by
    much. The other combinations are marked as proof.
    """
    lists = [list(axis) for axis in axes]
    share = min(map(len, lists))
    return [
        pytest.param(
            *(values[place] for values, place in zip(lists, places, strict=True)),
            marks=[pytest.mark.proof] if sum(places) % share else [],
        )
        for places in itertools.product(*(range(len(values)) for values in lists))
    ]


def sparse(cases: Iterable[Any]) -> list[Any]:
    """Leave every other of cases that are alike to the proof."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=marks)
        for case, marks in zip(cases, itertools.cycle([[], [pytest.mark.proof]]), strict=False)
    ]


def changed(words: Sequence[str], *more: str) -> list[str]:
    """Set keys of a command line anew: a key stands in it once."""
    keys = {word.partition("=")[0] for word in more}
    return [*(word for word in words if word.partition("=")[0] not in keys), *more]


def scores_on_test(record: Mapping[str, Any]) -> dict[str, float]:
    """Return what a finished run's record says of the test rows."""
    kept = record["result"]["kept"]
    return {name: value for name, value in kept.items() if name.startswith("test/")}


def tree(folder: Path) -> list[str]:
    """List every file and folder below a folder."""
    return sorted(
        str(Path(root, name).relative_to(folder))
        for root, folders, files in os.walk(folder)
        for name in (*folders, *files)
    )


def write_record(path: Path, info: Mapping[str, Any]) -> None:
    """Write a ``run.json`` or ``sweep.json`` by hand, sealed like any other, of our format."""
    path.write_bytes(sealed_json({"format": FORMAT, **info}))
