"""What every knob is: type, unit, bounds and one line of meaning. Values live in ``conf/``.

A knob has no default here. ``tests/test_conf.py`` proves that the YAML files and these classes
have the same keys. No component imports this module; ``build.py`` hands plain values on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dltrain.config.choices import (
    Activation,
    ClassWeight,
    DeviceType,
    Dtype,
    Init,
    Keep,
    Matmul,
    OnError,
)
from dltrain.config.knob import knob

MAX_SEED = 2**32 - 1
# More than this many numbers of synthetic data, or parameters of a model, is taken for a slip.
MAX_NUMBERS = 2**30


@dataclass(frozen=True, kw_only=True)
class LinearConfig:
    """Linear regression."""

    kind: str = knob("which class of model this is; chosen with model=")
    init: Init = knob("start of the weights: normal(0, init_std), torch's default, He")
    init_std: float = knob("standard deviation of init=normal", ge=0, stacks=True)


@dataclass(frozen=True, kw_only=True)
class SoftmaxConfig(LinearConfig):
    """Softmax regression."""


@dataclass(frozen=True, kw_only=True)
class MlpConfig:
    """Multilayer perceptron."""

    kind: str = knob("which class of model this is; chosen with model=")
    hidden: list[int] = knob(
        "widths of the hidden layers", ge=1, le=10**6, min_length=1, max_length=1000
    )
    activation: Activation = knob("nonlinearity after each hidden layer")
    dropout: float = knob("share of hidden units dropped in training", ge=0, lt=1, stacks=True)
    init: Init = knob("start of the weights: normal(0, init_std), torch's default, He")
    init_std: float = knob("standard deviation of init=normal", ge=0, stacks=True)


@dataclass(frozen=True, kw_only=True)
class SgdConfig:
    """Stochastic gradient descent."""

    kind: str = knob("which optimizer this is; chosen with optimizer=")
    lr: float = knob("learning rate", ge=0, stacks=True)
    momentum: float = knob(
        "share of the last update that is kept", ge=0, lt=1, stacks=True, optional=True
    )
    nesterov: bool = knob("look ahead along the momentum", stacks=True)
    weight_decay: float = knob("L2 penalty added to the gradient", ge=0, stacks=True, optional=True)


@dataclass(frozen=True, kw_only=True)
class AdamConfig:
    """Adam."""

    kind: str = knob("which optimizer this is; chosen with optimizer=")
    lr: float = knob("learning rate", ge=0, stacks=True)
    betas: list[float] = knob(
        "decay of the two moments", ge=0, lt=1, min_length=2, max_length=2, stacks=True
    )
    eps: float = knob("added to the root of the second moment", gt=0, stacks=True)
    weight_decay: float = knob("L2 penalty added to the gradient", ge=0, stacks=True)


@dataclass(frozen=True, kw_only=True)
class AdamWConfig(AdamConfig):
    """Adam with decoupled weight decay."""

    weight_decay: float = knob("share of each weight removed per step, times lr", ge=0, stacks=True)


@dataclass(frozen=True, kw_only=True)
class LeastSquaresConfig:
    """The analytic solution."""

    kind: str = knob("which optimizer this is; chosen with optimizer=")


@dataclass(frozen=True, kw_only=True)
class PlainLossConfig:
    """A loss that has no numbers of its own."""

    kind: str = knob("which loss this is; chosen with loss=")


@dataclass(frozen=True, kw_only=True)
class ClassLossConfig:
    """A loss that may weigh classes."""

    kind: str = knob("which loss this is; chosen with loss=")
    class_weight: ClassWeight | list[float] | None = knob(
        "how much the rows of each class count in the loss: a number per class, in the order of "
        "the classes; balanced: each class as much as any other; null: every row the same",
        ge=0,
        le=1e12,
        min_length=1,
        stacks=True,
        optional=True,
    )


@dataclass(frozen=True, kw_only=True)
class TrainerConfig:
    """How long to train and how often to look."""

    epochs: int | None = knob(
        "passes over the training rows; null: what trainer.steps takes",
        unit="epochs",
        ge=1,
        le=10**7,
    )
    steps: int | None = knob(
        "updates to take, in whole epochs, where trainer.epochs is null",
        unit="steps",
        ge=1,
        le=10**7,
    )
    batch_size: int | None = knob("rows per update; null: all of them", unit="rows", ge=1, le=10**9)
    max_grad_norm: float | None = knob(
        "clip the gradient's L2 norm to this; null: never", gt=0, stacks=True, optional=True
    )
    eval_interval: int = knob("validate every this many epochs", unit="epochs", ge=1)
    log_interval: int | None = knob(
        "read the running loss every this many steps, for early results in long epochs; "
        "null: once per epoch",
        unit="steps",
        ge=1,
    )
    checkpoint_interval: str | None = knob(
        "write the state to go on from this often; null: about every second, if epochs end that "
        "often, and every minute within one",
        form="[1-9][0-9]{0,8} ?(epochs?|steps?)?",
        example="a number of epochs or steps, such as 5 or 200steps",
        raw=True,
    )
    patience: int | None = knob(
        "stop after this many validations without a new best; null: never", ge=1
    )
    metric: str | None = knob(
        "what chooses the best epoch, such as loss, accuracy or val/rmse; null: accuracy where no "
        "class is rare, else the loss",
        raw=True,
    )
    keep: Keep | None = knob(
        "which epoch's weights are tested and used afterwards: last or best; null: the best with "
        "patience, else the last"
    )

    @property
    def kept(self) -> Keep:
        """Which epoch's weights are tested and used afterwards."""
        return self.keep or (Keep.last if self.patience is None else Keep.best)

    def num_epochs(self, rows: int) -> int:
        """Count the passes over so many training rows: ``epochs``, or what ``steps`` takes."""
        if self.epochs is not None:
            return self.epochs
        assert self.steps is not None  # a rule asks for one of the two
        return -(-self.steps // self.steps_per_epoch(rows))

    def steps_per_epoch(self, rows: int) -> int:
        """Count the updates of a pass over so many training rows."""
        return -(-rows // min(self.batch_size or rows, rows))


@dataclass(frozen=True, kw_only=True)
class DeviceConfig:
    """Where to compute."""

    type: DeviceType = knob("auto takes the GPU if there is one")
    threads: int | None = knob(
        "processor threads; null: by measuring, up to one per core", ge=1, le=1024
    )
    deterministic: bool = knob("same bits in every run (the processor always gives them)")
    portable: bool = knob(
        "compute with AVX2 alone, as other x86-64 processors can to the same bytes"
    )
    dtype: Dtype = knob("floating-point type; optimizer=least_squares always uses float64")
    matmul: Matmul = knob(
        "matrix products: tf32 (GPU) rounds what they take to 11 bits, bf16 rounds that and what "
        "they give to 8; weights and all else keep the 24 of float32"
    )


@dataclass(frozen=True, kw_only=True)
class TrackingConfig:
    """What is written for others than dltrain to look at."""

    tensorboard: bool = knob("event files in RUN/tensorboard, for TensorBoard", stacks=True)
    curves: bool = knob("RUN/plots/curves.png, drawn anew every few seconds", stacks=True)


@dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """What ``-m`` does beyond the grid of values."""

    zip: list[str] = knob("keys whose values go in pairs, instead of every combination")
    repeat: int = knob("runs per setting, with seed, seed + 1, ...", ge=1, le=10**5)
    file: str | None = knob("YAML file with a list of sweeps to run as one", raw=True)
    metric: str | None = knob(
        "what sorts the results, such as auc, val/auc or test/auc; null: the metric that chooses",
        raw=True,
    )
    margin: float | None = knob(
        "how much worse than the best still counts as good; null: 0.01 of accuracies and the like, "
        "2 % of losses and errors",
        ge=0,
    )
    on_error: OnError = knob("after a failure: go on with the other members, or stop")
    skip_done: bool = knob("take over finished runs of the same config found under output_dir")
    workers: int = knob("stacks trained side by side, sharing the cores", ge=1, le=1024)
    stack_size: int | None = knob("most members in one stack; null: measured", ge=1)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """A published result to compare a run with."""

    metric: str = knob("name of a result, such as test/accuracy")
    published: float = knob("the printed value")
    low: float = knob("lower end of the band a run should fall into")
    high: float = knob("upper end of the band")
    source: str = knob("where it was printed")


# What a run is told that decides none of its numbers.
NO_NUMBERS = ("output_dir", "expect", "tracking", "plugins")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything one run was told."""

    # Of these groups the class is that of the chosen kind; see kinds.py.
    data: Any = knob("what to learn from")
    model: Any = knob("what to learn")
    loss: Any = knob("what to make small")
    optimizer: Any = knob("how to learn")
    trainer: TrainerConfig = knob("how long to learn")
    device: DeviceConfig = knob("where to compute")
    tracking: TrackingConfig = knob("who else may watch")
    seed: int = knob(
        "fixes initial weights, order of rows and dropout", ge=0, le=MAX_SEED, stacks=True
    )
    output_dir: str = knob("folder that run folders are made in", raw=True, stacks=True)
    expect: list[Expectation] = knob(
        "published results to compare with; set by experiments", stacks=True
    )
    plugins: list[str] = knob(
        "modules of your own that add kinds; on the command line only",
        form=r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*",
        example="the names of modules, such as plugins=[moons]",
        stacks=True,
    )
