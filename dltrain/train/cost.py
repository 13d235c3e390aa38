"""Cost of training a member: bytes, steps and floating-point operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dltrain.config.choices import Matmul
from dltrain.config.kinds import OPTIMIZERS
from dltrain.config.schema import RunConfig
from dltrain.data.dataset import EVALUATION_ROWS, DataSummary
from dltrain.nn.plan import LayerPlans, num_parameters, widths

# Share of the free memory that stacks may be planned to use.
MEMORY_SHARE = 0.5


@dataclass(frozen=True)
class Workload:
    """A model and a data set, as far as cost is concerned."""

    data: DataSummary  # the rows
    layers: LayerPlans  # of the model; of several, the largest


def member_bytes(config: RunConfig, workload: Workload) -> int:
    """Estimate the bytes of one member beside the data: weights, gradients, activations.

    The estimate is of what is alive at once in the step and between epochs; the allocator adds to
    it, so leave room.
    """
    parameters, layers = num_parameters(workload.layers), workload.layers
    # Beside weight and gradient: what the update makes, and two states that wait to be kept.
    copies = 5 + 3 * optimizer_copies(config)
    rows = config.trainer.batch_size or workload.data.rows["train"]
    evaluated = min(EVALUATION_ROWS, max(workload.data.rows.values()))
    numbers = copies * parameters
    numbers += sum(layer.num_activations(rows=rows, evaluated=evaluated) for layer in layers)
    numbers += evaluated * max(layer.out_features for layer in layers)  # what a loss makes of them
    if config.device.matmul == Matmul.bf16:  # what products take, half the size, and give
        units = sum(widths(layers)[1:])
        numbers += (rows + evaluated) * units + 2 * (parameters + evaluated * units)
    return number_bytes(config) * numbers


def optimizer_copies(config: RunConfig) -> int:
    """Return how many numbers an optimizer keeps for each parameter."""
    return OPTIMIZERS[config.optimizer.kind].state(config.optimizer)


def number_bytes(config: RunConfig) -> int:
    """Return the bytes of one number in training."""
    exact = OPTIMIZERS[config.optimizer.kind].exact
    return 8 if exact or config.device.dtype == "float64" else 4


def stack_bytes(configs: Sequence[RunConfig], workload: Workload) -> int:
    """Estimate the bytes of a stack beside the data: its members and their batches."""
    config = configs[0]
    batches = len({config.seed for config in configs})
    rows = config.trainer.batch_size or workload.data.rows["train"]
    gathered = batches * rows * workload.data.in_features * (number_bytes(config) + 1)
    return gathered + sum(member_bytes(config, workload) for config in configs)


def num_steps(config: RunConfig, workload: Workload) -> int:
    """Return the number of updates in one member's training."""
    rows = workload.data.rows["train"]
    return config.trainer.num_epochs(rows) * config.trainer.steps_per_epoch(rows)


def work(config: RunConfig, workload: Workload) -> float:
    """Return the floating-point operations of one member's products, evaluation included.

    A product of [B, I] and [I, O] takes 2 B I O; training has three per layer, one less in the
    first, evaluation one.
    """
    sizes = [layer.multiply_adds for layer in workload.layers]
    rows, pace = workload.data.rows, config.trainer
    epochs = pace.num_epochs(rows["train"])
    training = 2 * rows["train"] * (3 * sum(sizes) - sizes[0]) * epochs
    validations = -(-epochs // pace.eval_interval)
    evaluation = 2 * sum(sizes) * (rows.get("val", 0) * validations + rows.get("test", 0))
    return float(training + evaluation)
