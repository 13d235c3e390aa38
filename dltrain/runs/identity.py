"""The identity of a run: the values that decide its numbers, and digests of them. No torch.

``resume`` goes on from states of the same training; a sweep plans, or takes over, each result once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from dltrain.config.schema import NO_NUMBERS

# What says where data lie, and nothing of what they hold.
LOCATIONS = ("path", "root", "val_path", "test_path", "url")


def deciding(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a config that decide numbers."""
    return {name: node for name, node in config.items() if name not in NO_NUMBERS}


def training_identity(config: Mapping[str, Any], *, sha256: object = None) -> str:
    """Return a digest of what decides the numbers of a training, however many epochs it has.

    Args:
        config: In plain values; a record's may be a stranger's.
        sha256: Of the data; None: not known, so where they lie stands for what they hold.
    """
    values = deciding(config)
    left_out = {
        "trainer": ("epochs", "steps"),
        "data": LOCATIONS if sha256 else (),
        "device": ("threads",),  # the numbers are the same for any number of them
    }
    for group, names in left_out.items():
        if isinstance(values.get(group), Mapping):
            values[group] = {key: v for key, v in values[group].items() if key not in names}
    what = [values, sha256]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def result_identity(config: Mapping[str, Any], *, sha256: object = None) -> str:
    """Return a digest that tells planned runs apart: the training, its epochs and its threads.

    On how many threads it is trained decides no number, but how long it takes, which one may want
    to compare.
    """
    trainer, device = config.get("trainer"), config.get("device")
    sections = [(trainer, "epochs"), (trainer, "steps"), (device, "threads")]
    values = [node.get(key) if isinstance(node, Mapping) else None for node, key in sections]
    return f"{training_identity(config, sha256=sha256)} {values}"
