"""What a sweep's plan knows of its data sets without keeping them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dltrain.data.dataset import Dataset


@dataclass(frozen=True)
class DataSummary:
    """What is known of a data set without keeping it."""

    name: str  # as in run folders
    source: str  # where the rows came from
    sha256: str | None  # of the data, if it came from files
    task: str  # what is predicted
    rows: Mapping[str, int]  # rows of each split
    in_features: int  # inputs per row
    image: bool  # whether inputs are bytes
    warnings: tuple[str, ...]  # for people, hard to overlook
    notes: tuple[str, ...]  # for people

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
