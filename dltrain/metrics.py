"""What a metric is: its name, and which way it is better."""

from __future__ import annotations


def higher_is_better(metric: str) -> bool:
    """Which way a metric chooses."""
    return metric.rpartition("/")[2] in ("accuracy", "r2")
