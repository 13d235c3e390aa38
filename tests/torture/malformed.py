"""Malformed inputs, listed by hand: each is refused as promised, and look-alikes are accepted."""

from __future__ import annotations

from tests.torture import listed_config, listed_images, listed_tables
from tests.torture.refusal import tried


def cases():
    return [*listed_config.cases(), *listed_tables.cases(), *listed_images.cases()]


if __name__ == "__main__":
    import sys

    for case in cases():
        if len(sys.argv) > 1 and not any(w in case.what for w in sys.argv[1:]):
            continue
        faults, shown = tried(case)
        print("WRONG" if faults else "ok   ", case.what, f"{shown.seconds:.2f}" if shown else "")
        if shown and not faults:
            print("        ", shown.err.rstrip().replace("dltrain: error: ", "")[:230])
        for fault in faults:
            print("      !! ", fault)
