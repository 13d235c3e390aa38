"""A run that is to be trained: what it was told, its data and its model's plan; torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dltrain.architecture import Plan
from dltrain.data import Dataset
from dltrain.schema import RunConfig


@dataclass(frozen=True)
class Job:
    """What is to be trained, checked and loaded, before torch is.

    Attributes:
        words: All words after ``dltrain``.
        overrides: Those that set something.
        config: What they came to.
        data: Loaded.
        plan: The model's layers.
        notes: What to tell whoever started it.
        sweep: Of which sweep it is a member, for the record; empty if of none.
    """

    words: Sequence[str]
    overrides: Sequence[str]
    config: RunConfig
    data: Dataset
    plan: Plan
    notes: Sequence[str] = ()
    sweep: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Model and data, for the run folder."""
        return f"{self.config.model.kind}-{self.data.name}"

    @property
    def num_parameters(self) -> int:
        """Weights and biases of the model."""
        return sum(layer.num_parameters for layer in self.plan)
