"""A contestant in a process of its own, so that no library's threads disturb another's.

    python -m tests.benchmarks.worker MODULE

The process reads the task from its standard input, prepares and warms up, and then times one call
whenever it is asked to.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.benchmarks.rounds import PeerError, timed
from tests.benchmarks.task import Task

ROOT = Path(__file__).parents[2]


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a child: this tree first, equal threads, no window."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {
        **os.environ,
        **{name: str(threads) for name in names},
        "PYTHONPATH": path,
        "KERAS_BACKEND": "jax",
        "MPLBACKEND": "Agg",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


class Worker:
    """A contestant's process, ready to be timed; calling it returns the seconds of one call.

    Args:
        module: Of this folder; has ``prepare(task)``.
        task: What to train.

    Raises:
        PeerError: If the library is not installed, or failed.
    """

    def __init__(self, module: str, task: Task) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the worker
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.worker", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment(task.threads),
            cwd=ROOT,
        )
        try:
            self._ask(json.dumps(asdict(task)))
        except PeerError:
            self.close()
            raise

    def __call__(self) -> float:
        return float(self._ask("time")["seconds"])

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(line, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise PeerError("failed: its process has ended") from None
        text = self._process.stdout.readline()
        if not text:
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines() or ["its process has ended"]
            raise PeerError(f"failed: {said[-1]}")
        answer: dict[str, Any] = json.loads(text)
        if "missing" in answer:
            raise PeerError(answer["missing"])
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it may have ended before
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def task_from(fields: dict[str, Any]) -> Task:
    """Read a task back from JSON, whose lists were tuples."""
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return Task(**(fields | lists))


def main() -> None:
    """Answer until the input ends."""
    # Libraries print; only answers may go to the pipe.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    task = task_from(json.loads(sys.stdin.readline()))
    try:
        make = importlib.import_module(f"tests.benchmarks.{sys.argv[1]}").prepare(task)
    except ImportError as error:
        print(json.dumps({"missing": f"not installed: {error}"}), file=answers, flush=True)
        return
    except PeerError as error:
        print(json.dumps({"missing": str(error)}), file=answers, flush=True)
        return
    print(json.dumps({"ready": True}), file=answers, flush=True)
    seconds = timed(make)
    for _ in sys.stdin:
        print(json.dumps({"seconds": seconds()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
