"""A job: a checked config with its loaded data and its model's layer plans; no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dltrain.config.plain import as_dict, flat, shown
from dltrain.config.schema import RunConfig
from dltrain.data.dataset import Dataset, DataSummary
from dltrain.metrics import choosing
from dltrain.nn.plan import LayerPlans, num_parameters
from dltrain.runs.command_line import CommandLine
from dltrain.runs.identity import deciding, training_identity
from dltrain.train.outcome import Rules


@dataclass(frozen=True)
class Job:
    """A run to be trained, checked and loaded, before torch is imported."""

    line: CommandLine  # what was typed
    config: RunConfig  # what it came to
    data: Dataset  # loaded
    layers: LayerPlans  # the model's layers
    notes: Sequence[str] = ()  # what to tell whoever started it
    # of which sweep it is a member, for the record; empty if of none
    sweep: Mapping[str, Any] = field(default_factory=dict)
    # identity of the run it goes on with, whatever has changed since; empty: its own
    known_as: str = ""

    @property
    def name(self) -> str:
        """Model and data, as in the name of the run folder."""
        return f"{self.config.model.kind}-{self.data.name}"

    @property
    def identity(self) -> str:
        """Digest of all that decides the numbers, except the number of epochs."""
        return self.known_as or training_identity(as_dict(self.config), sha256=self.data.sha256)

    @property
    def rules(self) -> Rules:
        """How long to train, and what counts in the end."""
        return rules_of(self.config, DataSummary.of(self.data))

    @property
    def settings(self) -> dict[str, bool | float | str]:
        """Values that decide the numbers, for trackers: dotted key -> value, or text for it."""
        return {
            key: value if isinstance(value, int | float) else shown(value)
            for key, value in flat(deciding(as_dict(self.config))).items()
        }

    @property
    def num_parameters(self) -> int:
        """Number of weights and biases of the model."""
        return num_parameters(self.layers)


def rules_of(config: RunConfig, data: DataSummary) -> Rules:
    """Return how long a run is trained, and what counts in the end."""
    trainer, metric = config.trainer, chosen_metric(config, data)
    epochs = trainer.num_epochs(data.rows["train"])
    return Rules(epochs, trainer.patience, metric, trainer.kept)


def chosen_metric(config: RunConfig, data: DataSummary) -> str:
    """Return the metric that chooses a run's best epoch, and between runs: ``val/accuracy``."""
    return choosing(data.task, rows=data.rows, balanced=data.balanced, wanted=config.trainer.metric)
