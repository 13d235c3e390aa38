"""Measure dltrain side by side with everyone else, and write a table.

    python -m tests.benchmarks [--only TEXT] [--rounds N] [--epochs N] [--output FOLDER] [--list]

Contestants alternate round by round; only the ratios count. Start-up is apart, unless a case says
that it times a whole process. The extra ``bench`` brings the other libraries; one that is not
installed is said to be missing. Fewer threads: ``taskset -c 0 python -m tests.benchmarks``.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from tests.benchmarks import commands, growth, rows, single, together
from tests.benchmarks.case import Settings
from tests.benchmarks.machine import header, num_threads
from tests.benchmarks.table import Table

CASES = [*single.CASES, *together.CASES, *commands.CASES, *growth.CASES, *rows.CASES]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", default="", metavar="TEXT", help="a part of a case's name")
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds (%(default)s)")
    parser.add_argument("--epochs", type=int, default=10, help="per round (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("outputs/benchmarks"), metavar="FOLDER")
    parser.add_argument("--list", action="store_true", help="name the cases and measure nothing")
    parser.add_argument("--full", action="store_true", help="also what takes gigabytes on disk")
    return parser.parse_args()


def main() -> int:
    """List or measure the cases."""
    arguments = _arguments()
    chosen = [case for case in CASES if arguments.only in case.name]
    if not chosen:
        print(f"no case has {arguments.only!r} in its name; --list names them", file=sys.stderr)
        return 2
    if arguments.list:
        for case in chosen:
            print(f"{case.name:<36}{case.about}")
        return 0
    import torch

    threads = num_threads()
    torch.set_num_threads(threads)
    settings = Settings(
        rounds=arguments.rounds,
        epochs=arguments.epochs,
        device="cuda" if torch.cuda.is_available() else "cpu",
        threads=threads,
        full=arguments.full,
    )
    how = shlex.join(["python", "-m", "tests.benchmarks", *sys.argv[1:]])
    table = Table(arguments.output, header(settings.device, threads, how))
    for case in chosen:
        for row in case.measure(settings):
            table.add(row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
