"""Whole processes, measured from a small one: seconds, peak memory, output.

    python -m tests.benchmarks.process WORD ...

A child begins with the peak memory of the process that forked it, so one that has loaded torch
cannot measure its children; a small process stands between.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes per unit of ru_maxrss


@dataclass(frozen=True)
class Measured:
    """What a process took.

    Attributes:
        seconds: From its start to its end.
        cpu_seconds: Of the processors, which no other process can make more.
        peak: Most memory it held, in bytes.
        code: Exit code.
        output: Standard output and standard error.
    """

    seconds: float
    cpu_seconds: float
    peak: int
    code: int
    output: str


def measured(line: Sequence[str], *, folder: str, code: int = 0, threads: int = 0) -> Measured:
    """Run a command in a folder and measure it.

    Args:
        line: The command.
        folder: Where it is run.
        code: The exit code it is expected to have.
        threads: Processor threads; 0: as the command chooses.

    Raises:
        RuntimeError: If it ends otherwise than expected.
    """
    from tests.benchmarks.worker import environment

    result = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.process", *line],
        cwd=folder,
        env=environment(threads),
        capture_output=True,
        text=True,
        check=True,
    )
    found = Measured(**json.loads(result.stdout))
    if found.code != code:
        raise RuntimeError(f"exit code {found.code} of {' '.join(line)}:\n{found.output}")
    return found


def main() -> None:
    """Run one command and print what it took as JSON."""
    started = time.perf_counter()
    result = subprocess.run(
        sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * PEAK_UNIT,
        "code": result.returncode,
        "output": result.stdout,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
