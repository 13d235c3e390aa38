"""All proofs of what dltrain promises, with their figures.

    python -m tests.torture [--release] [NAME ...]

Without --release at the size of every CI run; with it at the larger size, which takes a machine of
two cores more than an hour. NAMES choose among the proofs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping

from tests.torture import crashes, flips, generated, hostile, kills, malformed, starts, sweeps
from tests.torture.proof import Report

# name -> what every CI run tries, and what is tried before a release
PROOFS: Mapping[str, tuple[Callable[[], Report], Callable[[], Report]]] = {
    "crashes": (
        lambda: crashes.prove(["mlp, adam"], whole=False),
        lambda: crashes.prove(list(crashes.MODELS), whole=True),
    ),
    "kills": (lambda: kills.prove_kills(100), lambda: kills.prove_kills(2000, seed=1)),
    "real kills": (lambda: kills.prove_real_kills(10), lambda: kills.prove_real_kills(200, seed=1)),
    "signals": (lambda: kills.prove_signals(10), lambda: kills.prove_signals(100, seed=1)),
    "flips": (lambda: flips.prove(500), lambda: flips.prove(10_000, seed=1)),
    "hostile": (lambda: hostile.prove(60), lambda: hostile.prove(None)),
    "malformed": (lambda: malformed.prove(None), lambda: malformed.prove(None)),
    "generated": (lambda: generated.prove(2000), lambda: generated.prove(30_000, seed=1)),
    "sweeps": (lambda: sweeps.prove(300), lambda: sweeps.prove(10_000)),
    "starts": (lambda: starts.prove(50), lambda: starts.prove(200, seed=1)),
}


def main() -> None:
    """Carry out the proofs and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PROOFS)}")
    parser.add_argument("--release", action="store_true", help="the larger size")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(PROOFS)
    if unknown:
        parser.error(f"no such proof: {', '.join(sorted(unknown))}")
    failed = False
    for name in arguments.names or PROOFS:
        started = time.monotonic()
        report = PROOFS[name][arguments.release]()
        seconds = time.monotonic() - started
        notes = "".join(f"; {note}" for note in report.notes)
        line = f"{name}: {report.what}: {len(report.wrong)} wrong of {report.tried}{notes}"
        print(f"{line} ({seconds:.0f} s)", flush=True)
        for text in report.wrong[:20]:
            print(f"  {text}", flush=True)
        failed |= bool(report.wrong) or not report.tried
    sys.exit(failed)


if __name__ == "__main__":
    main()
