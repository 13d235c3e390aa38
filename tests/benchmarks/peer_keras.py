"""Keras on JAX: ``fit`` on arrays in memory with validation after each epoch.

Compiling is outside the clock: each round goes on training the same compiled model.
"""

from __future__ import annotations

from collections.abc import Callable

import keras

from tests.benchmarks.peer_jax import device_fits
from tests.benchmarks.rounds import Making
from tests.benchmarks.task import BATCH, LR, Task, pictures


def prepare(task: Task) -> Making:
    """Build, compile and warm up the model."""
    device_fits(task)
    train, val = pictures()
    inputs, targets = train.floats, train.targets
    layers = [keras.layers.Dense(width, activation="relu") for width in task.hidden]
    model = keras.Sequential([keras.Input((784,)), *layers, keras.layers.Dense(10)])
    model.compile(
        optimizer=keras.optimizers.SGD(LR),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        # An epoch in one call of the compiled function: a quarter quicker here than step by step.
        steps_per_execution=-(-len(train) // BATCH),
    )
    validation = (val.floats, val.targets)

    def fit(epochs: int) -> None:
        model.fit(
            inputs,
            targets,
            batch_size=BATCH,
            epochs=epochs,
            validation_data=validation,
            verbose=0,
        )

    fit(1)  # compiles

    def make() -> Callable[[], None]:
        return lambda: fit(task.epochs)

    return make
