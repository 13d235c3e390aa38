"""Which members are trained together: their order, their memory, and how a group is cut.

Letters: M members, B rows of a batch, P parameters of one member, U its units in all layers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from dltrain.config.choices import Activation, Matmul
from dltrain.config.schema import (
    AdamConfig,
    AdamWConfig,
    LeastSquaresConfig,
    MlpConfig,
    RunConfig,
    SgdConfig,
    SweepConfig,
)
from dltrain.data.dataset import EVALUATION_ROWS
from dltrain.nn.plan import LinearPlan
from dltrain.sweep.plan import Group, Member

# Share of the free memory that stacks may be planned to use.
MEMORY_SHARE = 0.5
# Stacks whose numbers fit into this do not get faster by being cut: any cache holds them.
SMALL_BYTES = 2**20
# A group of less work than this, in floating-point operations, is trained as one stack: measuring
# takes half a second, and a better size saves at most a quarter.
SMALL_WORK = 2e12


def in_order(members: Sequence[Member]) -> list[Member]:
    """Put members of equal seed next to each other: they share their batches."""
    return sorted(members, key=lambda member: (member.config.seed, member.index))


def cut(members: Sequence[Member], size: int) -> list[list[Member]]:
    """Cut a group, in order, into the fewest stacks of at most ``size``, as equal as can be.

    Members of one seed share their batches, so they are not parted if that can be helped.
    """
    runs = [len(list(run)) for _, run in itertools.groupby(members, key=lambda m: m.config.seed)]
    unit = math.gcd(*runs)
    unit = unit if unit <= size else 1
    ends = [unit * end for end in _even_ends(len(members) // unit, size // unit)]
    return [list(members[start:end]) for start, end in itertools.pairwise(ends)]


def _even_ends(count: int, size: int) -> list[int]:
    """Return where equal parts of at most ``size`` end, and 0 before them.

    Example:
        >>> _even_ends(10, 4)
        [0, 4, 7, 10]
    """
    parts = -(-count // size)
    return [-(-count * number // parts) for number in range(parts + 1)]


def member_bytes(config: RunConfig, group: Group) -> int:
    """Estimate what one member of a stack needs, beside the data: weights, gradients, activations.

    The estimate is of what is alive at once in the step and between epochs; the allocator adds to
    it, so leave room.
    """
    widths = [layer.out_features for layer in group.layers if isinstance(layer, LinearPlan)]
    parameters = sum(layer.num_parameters for layer in group.layers)
    # Beside weight and gradient: what the update makes, and two states that wait to be kept.
    copies = 5 + 3 * optimizer_copies(config)
    rows = config.trainer.batch_size or group.facts.rows["train"]
    evaluated = min(EVALUATION_ROWS, max(group.facts.rows.values()))
    # Outputs of a batch and of evaluated rows, gradients, and what a loss makes of either.
    units = 3 * rows * sum(widths) + evaluated * (sum(widths) + max(widths))
    numbers = copies * parameters + units + _layers_numbers(config, widths, rows, evaluated)
    if config.device.matmul == Matmul.bf16:  # what products take, half the size, and give
        numbers += (rows + evaluated) * sum(widths) + 2 * (parameters + evaluated * sum(widths))
    return number_bytes(config) * numbers


def _layers_numbers(config: RunConfig, widths: Sequence[int], rows: int, evaluated: int) -> int:
    """Count what activations and dropout keep beside the outputs of the layer before them."""
    if not isinstance(config.model, MlpConfig):
        return 0
    hidden, numbers = sum(widths[:-1]), 0
    if config.model.activation == Activation.gelu:  # the others work in place
        numbers += (rows + evaluated) * hidden
    if config.model.dropout:  # draws, masks, outputs
        numbers += 3 * rows * hidden
    return numbers


def optimizer_copies(config: RunConfig) -> int:
    """How many numbers an optimizer keeps for each parameter."""
    match config.optimizer:
        case SgdConfig() as sgd:
            return int(sgd.momentum > 0)
        case AdamConfig() | AdamWConfig():
            return 2
        case LeastSquaresConfig():
            return 0


def number_bytes(config: RunConfig) -> int:
    """Bytes of one number in training."""
    exact = isinstance(config.optimizer, LeastSquaresConfig)
    return 8 if exact or config.device.dtype == "float64" else 4


def stack_bytes(members: Sequence[Member], group: Group) -> int:
    """Estimate what a stack needs, beside the data: its members and their batches."""
    config = members[0].config
    batches = len({member.config.seed for member in members})
    rows = config.trainer.batch_size or group.facts.rows["train"]
    gathered = batches * rows * group.facts.in_features * (number_bytes(config) + 1)
    return gathered + sum(member_bytes(member.config, group) for member in members)


def largest_stack(members: Sequence[Member], group: Group, available: float) -> int:
    """Return how many members fit into the memory, at least one.

    Args:
        members: Of the group, in order.
        group: What they have in common.
        available: Bytes that may be used.
    """
    each = stack_bytes(members, group) / len(members)
    return max(1, min(len(members), math.floor(available / each)))


def stack_size(
    members: Sequence[Member], group: Group, told: SweepConfig, groups: int, free: float
) -> int:
    """Return how many members a stack may have at most, before anything is measured.

    Args:
        members: Of the group, in order.
        group: What they have in common.
        told: What the sweep is told.
        groups: How many groups there are.
        free: Bytes of memory that are free.
    """
    if told.stack_size is not None:
        return min(told.stack_size, len(members))
    fitting = largest_stack(members, group, MEMORY_SHARE * free / told.workers)
    # With more workers than groups, every worker is to have a stack.
    return min(fitting, -(-len(members) // -(-told.workers // groups)))


def sizes_to_try(members: Sequence[Member], group: Group, largest: int) -> list[int]:
    """Return stack sizes worth measuring: the largest, and halves of it down to eight.

    Args:
        members: Of the group, in order.
        group: What they have in common.
        largest: How many members one stack may have.
    """
    sizes = [largest]
    small = stack_bytes(members[:largest], group) <= SMALL_BYTES
    if small or sum(work(member.config, group) for member in members) <= SMALL_WORK:
        return sizes
    while sizes[-1] >= 16 and len(sizes) < 4:
        sizes.append(-(-sizes[-1] // 2))
    return sizes


def num_steps(config: RunConfig, group: Group) -> int:
    """Return the updates of one member's training."""
    rows = group.facts.rows["train"]
    return config.trainer.epochs * -(-rows // min(config.trainer.batch_size or rows, rows))


def work(config: RunConfig, group: Group) -> float:
    """Return the floating-point operations in one member's products, evaluation included.

    A product of [B, I] and [I, O] takes 2 B I O; training has three per layer, one less in the
    first, evaluation one.
    """
    layers = [layer for layer in group.layers if isinstance(layer, LinearPlan)]
    sizes = [layer.in_features * layer.out_features for layer in layers]
    rows, pace = group.facts.rows, config.trainer
    training = 2 * rows["train"] * (3 * sum(sizes) - sizes[0]) * pace.epochs
    validations = -(-pace.epochs // pace.eval_interval)
    evaluation = 2 * sum(sizes) * (rows.get("val", 0) * validations + rows.get("test", 0))
    return float(training + evaluation)
