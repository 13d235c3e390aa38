"""Cost of a configuration on this machine: where a step's time goes and what would change it.

Letters: B rows of a batch, I in_features, O out_features. All figures are seconds measured here and
now; whatever else the machine does shows in them.
"""

from __future__ import annotations

import dataclasses
import itertools
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from dltrain.config.choices import Matmul
from dltrain.config.kinds import OPTIMIZERS
from dltrain.nn.plan import LayerPlans
from dltrain.train.bench import variants
from dltrain.train.bench.variants import Variant, other_ways
from dltrain.train.device import time_when_done
from dltrain.train.job import Job
from dltrain.train.outcome import Outcome, Row
from dltrain.train.session import Training
from dltrain.train.steps import NORM_STEPS

# A training of this many epochs is recorded for the cost of what is not a step, unless it would
# take longer than this.
EPOCHS, MAX_SECONDS = 4, 20.0


@dataclass(frozen=True)
class Costs:
    """Result of ``measure``, in seconds."""

    device: str  # where
    plain: Variant  # the configuration itself
    floor: float  # a step's matrix products alone, the usual way round
    phases: dict[str, float]  # the parts of a step, by name
    steps: int  # per epoch
    # the parts of an epoch, by name; empty if it takes too long to be tried
    epoch: dict[str, float]
    variants: Sequence[Variant]  # other ways
    left_out: Sequence[str]  # other ways that would have taken too much time or memory, as typed
    problem: str  # why a GPU launches each step's operations one by one; empty if it does not


def measure(job: Job) -> Costs:
    """Measure what training a job costs; nothing is left behind.

    Raises:
        ValueError: If the device it asks for is not to be had.
    """
    training = Training([job])
    batches, graphs = training.trainer.stack.batches, training.trainer.steps.graphs
    factor = _parameter(training)
    if job.config.device.matmul == Matmul.bf16:
        factor = factor.bfloat16()
    alone = products(job.layers, rows=batches.batch_size, like=factor)

    def floor() -> float:
        return pace(alone, variants.SECONDS, _parameter(training))

    rounds = [
        (training.trainer.steps.pace(variants.SECONDS), floor()) for _ in range(variants.ROUNDS)
    ]
    seconds, floor_seconds = (statistics.median(column) for column in zip(*rounds, strict=True))
    plain = Variant("", 1, len(batches.rows) / len(batches), seconds)
    ways, left_out = other_ways(job, plain, batch_size=batches.batch_size)
    return Costs(
        device=training.device,
        plain=plain,
        floor=floor_seconds,
        phases=_phases(training),
        steps=len(batches),
        epoch=_epoch(job) if EPOCHS * len(batches) * seconds < MAX_SECONDS else {},
        variants=ways,
        left_out=left_out,
        problem=graphs.problem if graphs is not None else "",
    )


def products(layers: LayerPlans, *, rows: int, like: torch.Tensor) -> Callable[[], None]:
    """Return a function that runs the matrix products of one step and nothing else.

    The usual way round, as a plain program has them: forward [B, I] @ [I, O], backward
    [I, B] @ [B, O] for the weights, and [B, O] @ [O, I] for the inputs of each layer but the first.
    """
    tensors = [
        [
            torch.randn(shape, dtype=like.dtype, device=like.device)
            for shape in (
                (rows, layer.in_features),
                (layer.in_features, layer.out_features),
                (rows, layer.out_features),
            )
        ]
        for layer in layers
        if layer.multiply_adds
    ]
    results = [[torch.empty_like(tensor) for tensor in layer] for layer in tensors]

    def call() -> None:
        for (inputs, weight, _), (_, _, outputs) in zip(tensors, results, strict=True):
            torch.mm(inputs, weight, out=outputs)
        for i, (inputs, weight, gradient) in enumerate(tensors):
            of_inputs, of_weight, _ = results[i]
            torch.mm(inputs.t(), gradient, out=of_weight)
            if i:
                torch.mm(gradient, weight.t(), out=of_inputs)

    return call


def pace(call: Callable[[], object], seconds: float, like: torch.Tensor) -> float:
    """Call a function again and again; return the seconds one call takes."""
    for _ in range(3):
        call()
    started, made = time_when_done(like.device), 0
    while time.perf_counter() - started < seconds:
        call()
        made += 1
    return (time_when_done(like.device) - started) / made


def _parameter(training: Training) -> torch.Tensor:
    return training.trainer.stack.model.parameters[0]


@torch.inference_mode()
def _phases(training: Training) -> dict[str, float]:
    """Time the parts of a step; waiting for the device after each costs a GPU much."""
    steps, like = training.trainer.steps, _parameter(training)
    totals: dict[str, float] = defaultdict(float)
    # Where an epoch is long enough, its last steps, whose gradients are looked at, do not count.
    count = len(training.trainer.stack.batches)
    plain = count - NORM_STEPS if count > NORM_STEPS else count
    timed, ends = 0, time.perf_counter() + variants.ROUNDS * variants.SECONDS
    for epoch in itertools.count(1):
        for window in steps.windows(epoch):
            for step in window[: max(0, plain - window.start)]:
                before = time_when_done(like.device)
                for name in steps.phases(step, window):
                    after = time_when_done(like.device)
                    totals[name] += after - before
                    before = after
                timed += 1
                if time.perf_counter() > ends:
                    return {name: total / timed for name, total in totals.items()}
    raise AssertionError("an epoch has steps")


class _Watch:
    """A view that notes when each epoch ended, and how long its steps took."""

    def __init__(self) -> None:
        self.ended: list[float] = []
        self.training: list[float] = []

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """See ``View``."""
        self.ended.append(time.perf_counter())
        self.training.append(seconds)

    def early(self, rows: Sequence[Row]) -> None:
        """See ``View``."""


def _epoch(job: Job) -> dict[str, float]:
    """Train and record a few epochs; return the seconds of an epoch's parts."""
    # Validation is timed by itself: here it comes after the last epoch alone.
    trainer = dataclasses.replace(
        job.config.trainer, epochs=EPOCHS, eval_interval=EPOCHS, patience=None
    )
    if OPTIMIZERS[job.config.optimizer.kind].exact:
        return {}  # its one step is all there is
    short = dataclasses.replace(job, config=dataclasses.replace(job.config, trainer=trainer))
    training, watch = Training([short]), _Watch()
    with tempfile.TemporaryDirectory() as folder:
        training.record([Path(folder)])
        training.run(watch)
    if len(watch.ended) < EPOCHS:
        return {}  # it diverged
    whole = statistics.median(after - before for before, after in itertools.pairwise(watch.ended))
    steps = statistics.median(watch.training[1:])
    parts = {"steps and order of rows": steps}
    trained = training.trainer
    if len(job.data.val):
        validation = pace(lambda: trained.evaluate("val"), variants.SECONDS, _parameter(training))
        parts["validation"] = validation / job.config.trainer.eval_interval
    rest = "metrics, logs, checkpoints"
    if len(trained.stack.batches) == 1:
        rest = f"training metrics, {rest[9:]}"  # of a second look at all rows
    return parts | {rest: max(0.0, whole - steps)}
