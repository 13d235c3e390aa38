"""JAX: a whole epoch in one jitted ``scan`` over its steps, ``vmap`` over members if there are any.

It neither validates nor logs nor reads a loss, and compiling is outside the clock. Pictures stay
bytes until their batch is gathered, which measured quicker than gathering floats.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.benchmarks.rounds import Making, PeerError
from tests.benchmarks.task import BATCH, Task, pictures


def device_fits(task: Task) -> None:
    """Refuse to compare a processor with a GPU."""
    has, wants = jax.default_backend(), "gpu" if task.device == "cuda" else "cpu"
    if has != wants:
        raise PeerError(f"not comparable: JAX here computes on {has}, the others on {wants}")


def _loss(parameters: Any, inputs: Any, targets: Any) -> Any:
    for weight, bias in parameters[:-1]:
        inputs = jax.nn.relu(inputs @ weight + bias)
    weight, bias = parameters[-1]
    scores = jax.nn.log_softmax(inputs @ weight + bias)
    return -jnp.mean(jnp.take_along_axis(scores, targets[:, None], axis=1))


def _epoch(pixels: Any, labels: Any) -> Callable[[Any, Any, Any], Any]:
    """Return a function that trains one epoch: (parameters, rate, order [N]) -> parameters."""

    def step(parameters: Any, rate: Any, rows: Any) -> Any:
        inputs = pixels[rows].astype(jnp.float32) / 255
        gradient = jax.grad(_loss)(parameters, inputs, labels[rows])
        return jax.tree.map(lambda p, g: p - rate * g, parameters, gradient)

    def epoch(parameters: Any, rate: Any, order: Any) -> Any:
        full = len(order) // BATCH * BATCH
        batches = order[:full].reshape(-1, BATCH)
        parameters, _ = jax.lax.scan(lambda p, b: (step(p, rate, b), None), parameters, batches)
        # A scan takes equal shapes; the last batch is smaller.
        return step(parameters, rate, order[full:]) if full < len(order) else parameters

    return epoch


def prepare(task: Task) -> Making:
    """Load the data and compile; parameters have a leading axis only if there are members."""
    device_fits(task)
    split = pictures()[0]
    epoch = _epoch(jnp.asarray(split.inputs), jnp.asarray(split.targets.astype(np.int32)))
    members = len(task.rates)
    rates: Any = jnp.asarray(task.rates)
    if members == 1:
        rates = rates[0]
    else:
        epoch = jax.vmap(epoch, in_axes=(0, 0, None if task.orders == 1 else 0))
    trained = jax.jit(epoch, donate_argnums=0)
    generator = np.random.default_rng(0)

    def order() -> Any:
        orders = [generator.permutation(len(split)) for _ in range(task.orders)]
        return jnp.asarray(np.stack(orders) if task.orders > 1 else orders[0], dtype=jnp.int32)

    def start() -> Any:
        shape = (members,) if members > 1 else ()
        return [
            (
                jnp.asarray(generator.normal(0, 0.01, (*shape, i, o)), dtype=jnp.float32),
                jnp.zeros((*shape, o)),
            )
            for i, o in pairwise(task.sizes)
        ]

    jax.block_until_ready(trained(start(), rates, order()))  # compiles

    def make() -> Callable[[], None]:
        parameters = start()

        def call() -> None:
            ours = parameters
            for _ in range(task.epochs):
                ours = trained(ours, rates, order())
            jax.block_until_ready(ours)

        return call

    return make
