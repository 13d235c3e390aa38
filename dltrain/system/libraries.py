"""What libraries that compute on the processor are told; they hear it only before torch is loaded.

``MKL_CBWR`` is Intel MKL's: with ``STRICT`` each number of a product is summed in the same order
whatever the product's width and the number of threads. On a 2-core Xeon thin products took a sixth
longer for it (a step of softmax regression: 200 -> 231 us), wide ones no longer.
"""

from __future__ import annotations

import os
import sys

MKL = "MKL_CBWR"
# What every x86-64 processor of the last ten years can compute with, Intel's and AMD's.
PORTABLE = {MKL: "AVX2,STRICT", "ATEN_CPU_CAPABILITY": "avx2"}
STRICT = {MKL: "AUTO,STRICT"}


def prepare() -> None:
    """Ask for equal bytes and for threads that do not wait long, unless the user has set these."""
    for name, value in STRICT.items():
        os.environ.setdefault(name, value)
    if "OMP_WAIT_POLICY" not in os.environ:
        # How long a thread of torch's waits awake for the others. The usual 300,000 rounds are
        # 10 ms, which on a machine with other work makes a step 20 times slower; these cost nothing
        # on one without (medians: 1.74 against 36 ms, 0.18 against 0.18 ms).
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def settle(*, portable: bool) -> None:
    """Tell libraries what a run's config asks of them, before it is trained or read back.

    Raises:
        ValueError: If they are loaded already, and were told otherwise.
    """
    if not portable:
        return
    if "torch" in sys.modules and any(os.environ.get(k) != v for k, v in PORTABLE.items()):
        words = " ".join(f"{name}={value}" for name, value in PORTABLE.items())
        raise ValueError(
            "device.portable=true: torch is loaded already, for all instructions of this "
            f"processor; set {words} before Python starts"
        )
    os.environ.update(PORTABLE)
