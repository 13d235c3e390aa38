"""What a sweep's plan knows of its data sets without keeping them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dltrain.data.dataset import Dataset


@dataclass(frozen=True)
class DataSummary:
    """What is known of a data set without keeping it.

    Attributes:
        name: As in run folders.
        source: Where the rows came from.
        sha256: Of the data, if it came from files.
        task: What is predicted.
        rows: Rows of each split.
        in_features: Inputs per row.
        image: Whether inputs are bytes.
        warnings: For people, hard to overlook.
        notes: For people.
    """

    name: str
    source: str
    sha256: str | None
    task: str
    rows: Mapping[str, int]
    in_features: int
    image: bool
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, data: Dataset) -> DataSummary:
        """Look at a loaded data set."""
        return cls(
            name=data.name,
            source=data.source,
            sha256=data.sha256,
            task=str(data.task),
            rows={name: len(split) for name, split in data.splits.items()},
            in_features=data.in_features,
            image=data.train.inputs.dtype.name == "uint8",
            warnings=tuple(data.warnings),
            notes=tuple(data.notes),
        )
