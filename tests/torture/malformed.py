"""Malformed inputs, listed by hand: each is refused as promised, and look-alikes are accepted.

    python -m tests.torture.malformed [PART OF A NAME ...]

tries those whose names hold one of the parts, or all, and prints what is said to each.
"""

from __future__ import annotations

import collections
import os
import random
import sys
import unicodedata
from collections.abc import Sequence

from tests.benchmarks.process import measured
from tests.torture import (
    accepted,
    listed_config,
    listed_images,
    listed_predictions,
    listed_sources,
    listed_tables,
    listed_words,
)
from tests.torture.proof import Report
from tests.torture.refusal import (
    MAX_SECONDS,
    Case,
    HungError,
    Shown,
    carried_out,
    faults_of,
    listing,
    standing_in,
    tried,
)

MAX_PEAK = 500 * 10**6
# Tried once more as processes of their own: the heaviest of each kind.
PROCESSES = (
    "config: optimizer.lr=fast",
    "config: a file of a group: aliases that explode",
    "config: a file of a group: 100,000 deep",
    "config: a file of a group: a line of 900,000 characters",
    "config: a file of sweeps: 100 MB",
    "table: a file of 100 MB of NULs",
    "table: a header with 10,000 columns without a target",
    "table: a file of a device without end",
    "images: plain labels with 100 MB",
    "images: compressed labels with a bomb",
    "images: images with black pictures",
    "words: 2,000 words",
    "words: -m seed=range(100000) optimizer.lr=0.1,0.2",
    "words: -m hydra/launcher=basic hydra.nope=1",
)
TORCH = "torch was loaded"
SCRIPT = f"""
import sys
from dltrain.cli.main import main
try:
    main()
finally:
    if "torch" in sys.modules:
        print({TORCH!r})
"""


def cases() -> list[Case]:
    """List every malformed input."""
    return [
        *listed_config.cases(),
        *listed_tables.cases(),
        *listed_images.cases(),
        *listed_sources.cases(),
        *listed_words.cases(),
        *listed_predictions.cases(),
    ]


def prove(amount: int | None, seed: int = 0) -> Report:
    """Try malformed inputs, all look-alikes, and some of both sizes as real processes.

    Args:
        amount: How many of those listed; None: all.
        seed: Chooses them.
    """
    every = cases()
    chosen = every if amount is None else random.Random(seed).sample(every, amount)
    wrong: list[str] = []
    slowest = (0.0, "")
    for case in chosen:
        faults, shown = tried(case)
        wrong += [f"{case.what}: {fault}" for fault in faults]
        slowest = max(slowest, (shown.seconds if shown else 0.0, case.what))
    welcome = list(accepted.cases())
    for case in welcome:
        wrong += [f"{case.what}: {fault}" for fault in refused(case)]
    seconds, peak = 0.0, 0
    for case in [case for case in every if case.what in PROCESSES]:
        faults, took, held = in_a_process(case)
        wrong += [f"{case.what}, in a process: {fault}" for fault in faults]
        seconds, peak = max(seconds, took), max(peak, held)
    kinds = collections.Counter(case.what.partition(":")[0] for case in chosen)
    return Report(
        "malformed inputs, listed",
        len(chosen),
        wrong,
        (
            ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
            f"{len(welcome)} look-alikes accepted",
            f"slowest in this process: {slowest[0]:.2f} s, {slowest[1]}",
            f"{len(PROCESSES)} in processes: at most {seconds:.2f} s, {peak / 1e6:.0f} MB",
        ),
    )


def refused(case: Case) -> list[str]:
    """Try an input that is to be accepted; say what is wrong with how it was."""
    with standing_in(case.files) as root:
        before = listing(root)
        try:
            shown = carried_out(case.words)
        except HungError as error:
            return [str(error)]
        after = listing(root)
    faults = []
    if (shown.code, shown.err) != (0, ""):
        faults.append(f"exit code {shown.code}: {shown.err[:300]}")
    if case.says not in shown.out:
        faults.append(f"does not print {case.says!r}: {shown.out[:300]!r}")
    controls = {c for c in shown.out if unicodedata.category(c) == "Cc"} - {"\n", "\t"}
    if controls:
        faults.append(f"prints control characters: {controls!r}")
    if before != after:
        faults.append("changed the file tree")
    return faults


def in_a_process(case: Case) -> tuple[list[str], float, int]:
    """Refuse in a process of its own; say what is wrong, CPU seconds and bytes it took."""
    line = [sys.executable, "-c", SCRIPT, *case.words]
    with standing_in(case.files) as root:
        before = listing(root)
        run = measured(line, folder=os.getcwd(), code=2)
        after = listing(root)
    faults = faults_of(Shown(run.code, "", run.output, run.cpu_seconds))
    if TORCH in run.output:
        faults.append(TORCH)
    if run.cpu_seconds > MAX_SECONDS:
        faults.append(f"took {run.cpu_seconds:.1f} s")
    if run.peak > MAX_PEAK:
        faults.append(f"held {run.peak / 1e6:.0f} MB")
    if before != after:
        faults.append("changed the file tree")
    return faults, run.cpu_seconds, run.peak


def show(parts: Sequence[str]) -> None:
    """Print what is said to each malformed input whose name holds one of these parts."""
    for case in cases():
        if parts and not any(part in case.what for part in parts):
            continue
        faults, shown = tried(case)
        print(f"{'WRONG' if faults else 'right'} {case.what}", flush=True)
        print("".join(f"    {line}\n" for line in (shown.err if shown else "").splitlines()[:3]))
        for fault in faults:
            print(f"    !! {fault}")


if __name__ == "__main__":
    show(sys.argv[1:])
