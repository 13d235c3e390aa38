"""Stacks: which members of a group train together, by their order and memory.

Letters: M members, B rows of a batch, P parameters of one member, U its units in all layers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from dltrain.config.schema import SweepConfig
from dltrain.sweep.plan import Group, Member
from dltrain.train.cost import MEMORY_SHARE, stack_bytes, work

# Stacks whose numbers fit into this do not get faster by being cut: any cache holds them.
SMALL_BYTES = 2**20
# A group of less work than this, in floating-point operations, is trained as one stack: measuring
# takes half a second, and a better size saves at most a quarter.
SMALL_WORK = 2e12


def in_order(members: Sequence[Member]) -> list[Member]:
    """Sort members so that equal seeds are neighbours: they share their batches."""
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


def largest_stack(members: Sequence[Member], group: Group, available: float) -> int:
    """Return how many members fit into the memory, at least one."""
    each = stack_bytes([member.config for member in members], group.workload) / len(members)
    return max(1, min(len(members), math.floor(available / each)))


def stack_size(
    members: Sequence[Member], group: Group, settings: SweepConfig, groups: int, free: float
) -> int:
    """Return how many members a stack may have at most, before anything is measured."""
    if settings.stack_size is not None:
        return min(settings.stack_size, len(members))
    fitting = largest_stack(members, group, MEMORY_SHARE * free / settings.workers)
    # With more workers than groups, every worker is to have a stack.
    return min(fitting, -(-len(members) // -(-settings.workers // groups)))


def sizes_to_try(members: Sequence[Member], group: Group, largest: int) -> list[int]:
    """Return stack sizes worth measuring: the largest, and halves of it down to eight."""
    sizes = [largest]
    small = (
        stack_bytes([member.config for member in members[:largest]], group.workload) <= SMALL_BYTES
    )
    if small or sum(work(member.config, group.workload) for member in members) <= SMALL_WORK:
        return sizes
    while sizes[-1] >= 16 and len(sizes) < 4:
        sizes.append(-(-sizes[-1] // 2))
    return sizes
