"""What every knob is: type, unit, bounds and one line of meaning. Values live in ``conf/``.

A knob has no default here. ``tests/test_conf.py`` proves that the YAML files and these classes
have the same keys. No component imports this module; ``build.py`` hands plain values on.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Task(StrEnum):
    """What a model predicts."""

    auto = "auto"
    regression = "regression"
    classification = "classification"


class Missing(StrEnum):
    """What becomes of a missing number in a table."""

    mean = "mean"
    median = "median"
    drop = "drop"
    error = "error"


class Source(StrEnum):
    """Which Fashion-MNIST may be used."""

    auto = "auto"
    full = "full"
    sample = "sample"


class Init(StrEnum):
    """How weights start."""

    normal = "normal"
    torch = "torch"
    he = "he"


class Activation(StrEnum):
    """The nonlinearity between two linear layers."""

    relu = "relu"
    tanh = "tanh"
    sigmoid = "sigmoid"
    gelu = "gelu"


class DeviceType(StrEnum):
    """Where tensors lie."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Dtype(StrEnum):
    """The floating-point type of parameters and activations."""

    float32 = "float32"
    float64 = "float64"


@dataclass(frozen=True)
class Knob:
    """The bounds and the meaning of one value; bounds on a list hold for each element."""

    meaning: str
    unit: str = ""
    ge: float = -math.inf
    gt: float = -math.inf
    le: float = math.inf
    lt: float = math.inf
    min_length: int = 0
    max_length: int | None = None
    raw: bool = False  # the text after "=" is the value, whatever Hydra's grammar makes of it

    def complaint(self, value: object) -> str | None:
        """Say what is wrong with a value of the right type, or return None."""
        if isinstance(value, Sequence) and not isinstance(value, str):
            if len(value) < self.min_length:
                return f"needs at least {self.min_length} value(s)"
            if self.max_length is not None and len(value) > self.max_length:
                return f"takes at most {self.max_length} value(s)"
            complaints = (self.complaint(element) for element in value)
            return next((text for text in complaints if text), None)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not math.isfinite(value):
            return "must be a finite number"
        inside = self.ge <= value <= self.le and self.gt < value < self.lt
        return None if inside else f"must be {self.allowed()}"

    def allowed(self) -> str:
        """Describe the bounds in words."""
        bounds = [("at least", self.ge), ("greater than", self.gt)]
        bounds += [("at most", self.le), ("less than", self.lt)]
        return " and ".join(
            f"{word} {bound:,.0f}"
            if bound == round(bound) and abs(bound) < 1e15
            else f"{word} {bound:g}"
            for word, bound in bounds
            if math.isfinite(bound)
        )


def knob(meaning: str, **bounds: Any) -> Any:
    """Declare a field of a config class: its meaning and its bounds, never its value."""
    return dataclasses.field(metadata={"knob": Knob(meaning, **bounds)})


MAX_SEED = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class SyntheticConfig:
    """Rows drawn from y = Xw + b + noise."""

    kind: str = knob("which class of data this is; chosen with data=")
    name: str = knob("how the data set is called in run folders", raw=True)
    w: list[float] = knob(
        "true weights, one per feature", ge=-1e30, le=1e30, min_length=1, max_length=100_000
    )
    b: float = knob("true bias", ge=-1e30, le=1e30)
    noise: float = knob("standard deviation of the noise on y", ge=0, le=1e30)
    num_train: int = knob("training rows", unit="rows", ge=1, le=10**9)
    num_val: int = knob("validation rows", unit="rows", ge=0, le=10**9)
    seed: int = knob("fixes the rows, apart from the run's own seed", ge=0, le=MAX_SEED)


@dataclass(frozen=True, kw_only=True)
class CsvConfig:
    """A table with a header."""

    kind: str = knob("which class of data this is; chosen with data=")
    name: str | None = knob("name in run folders; null: the file's name", raw=True)
    path: str | None = knob("the CSV file; package:NAME is one that dltrain ships", raw=True)
    target: str | None = knob("name of the column to predict", raw=True)
    task: Task = knob("what the target is; auto looks at its values")
    features: list[str] | None = knob("columns to learn from; null: all but the target")
    drop: list[str] = knob("columns to leave out")
    categorical: list[str] = knob("columns of numbers to treat as categories")
    missing: Missing = knob(
        "missing numbers: the training rows' mean or median, drop the row, error"
    )
    missing_values: list[str] = knob("cell texts that mean missing; a number: however spelt")
    max_categories: int = knob("most categories a text column may have", ge=1, le=100_000)
    standardise: bool = knob("scale number columns to mean 0 and deviation 1 (training rows)")
    standardise_target: bool = knob("the same for a regression target; metrics keep its units")
    val_fraction: float = knob("share of the rows that chooses", ge=0, lt=1)
    test_fraction: float = knob("share of the rows that is tested once, at the end", ge=0, lt=1)
    delimiter: str = knob("what separates cells: one character, \\t for a tab", raw=True)
    seed: int = knob("fixes the split, apart from the run's own seed", ge=0, le=MAX_SEED)


@dataclass(frozen=True, kw_only=True)
class FashionMnistConfig:
    """The 70,000 pictures of Fashion-MNIST."""

    kind: str = knob("which class of data this is; chosen with data=")
    name: str = knob("how the data set is called in run folders", raw=True)
    root: str | None = knob("folder with the four IDX files, plain or .gz; null: search", raw=True)
    source: Source = knob("full forbids the small packaged sample, sample asks for it")
    num_val: int = knob("of the 60,000 training images, how many choose", ge=0, le=59_999)
    seed: int = knob("fixes which images choose, apart from the run's own seed", ge=0, le=MAX_SEED)


@dataclass(frozen=True, kw_only=True)
class LinearConfig:
    """Linear regression."""

    kind: str = knob("which class of model this is; chosen with model=")
    init: Init = knob("start of the weights: normal(0, init_std), torch's default, He")
    init_std: float = knob("standard deviation of init=normal", ge=0)


@dataclass(frozen=True, kw_only=True)
class SoftmaxConfig:
    """Softmax regression."""

    kind: str = knob("which class of model this is; chosen with model=")
    init: Init = knob("start of the weights: normal(0, init_std), torch's default, He")
    init_std: float = knob("standard deviation of init=normal", ge=0)


@dataclass(frozen=True, kw_only=True)
class MlpConfig:
    """Multilayer perceptron."""

    kind: str = knob("which class of model this is; chosen with model=")
    hidden: list[int] = knob("widths of the hidden layers", ge=1, le=10**6, min_length=1)
    activation: Activation = knob("nonlinearity after each hidden layer")
    dropout: float = knob("share of hidden units dropped in training", ge=0, lt=1)
    init: Init = knob("start of the weights: normal(0, init_std), torch's default, He")
    init_std: float = knob("standard deviation of init=normal", ge=0)


@dataclass(frozen=True, kw_only=True)
class SgdConfig:
    """Stochastic gradient descent."""

    kind: str = knob("which optimizer this is; chosen with optimizer=")
    lr: float = knob("learning rate", ge=0)
    momentum: float = knob("share of the last update that is kept", ge=0, lt=1)
    nesterov: bool = knob("look ahead along the momentum")
    weight_decay: float = knob("L2 penalty added to the gradient", ge=0)


@dataclass(frozen=True, kw_only=True)
class AdamConfig:
    """Adam."""

    kind: str = knob("which optimizer this is; chosen with optimizer=")
    lr: float = knob("learning rate", ge=0)
    betas: list[float] = knob("decay of the two moments", ge=0, lt=1, min_length=2, max_length=2)
    eps: float = knob("added to the root of the second moment", gt=0)
    weight_decay: float = knob("L2 penalty added to the gradient", ge=0)


@dataclass(frozen=True, kw_only=True)
class AdamWConfig:
    """Adam with decoupled weight decay."""

    kind: str = knob("which optimizer this is; chosen with optimizer=")
    lr: float = knob("learning rate", ge=0)
    betas: list[float] = knob("decay of the two moments", ge=0, lt=1, min_length=2, max_length=2)
    eps: float = knob("added to the root of the second moment", gt=0)
    weight_decay: float = knob("share of each weight removed per step, times lr", ge=0)


@dataclass(frozen=True, kw_only=True)
class LeastSquaresConfig:
    """The analytic solution."""

    kind: str = knob("which optimizer this is; chosen with optimizer=")


@dataclass(frozen=True, kw_only=True)
class TrainerConfig:
    """How long to train and how often to look."""

    epochs: int = knob("passes over the training rows", unit="epochs", ge=1, le=10**7)
    batch_size: int | None = knob("rows per update; null: all of them", unit="rows", ge=1, le=10**9)
    max_grad_norm: float | None = knob("clip the gradient's L2 norm to this; null: never", gt=0)
    eval_interval: int = knob("validate every this many epochs", unit="epochs", ge=1)
    log_interval: int | None = knob(
        "read the running loss every this many steps, for early results in long epochs; "
        "null: once per epoch",
        unit="steps",
        ge=1,
    )
    patience: int | None = knob(
        "stop after this many validations without a new best; null: never", ge=1
    )


@dataclass(frozen=True, kw_only=True)
class DeviceConfig:
    """Where to compute."""

    type: DeviceType = knob("auto takes the GPU if there is one")
    threads: int | None = knob("processor threads; null: one per core", ge=1, le=1024)
    deterministic: bool = knob("same bits in every run (the processor always gives them)")
    dtype: Dtype = knob("floating-point type; optimizer=least_squares always uses float64")


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """A published result to compare a run with."""

    metric: str = knob("name of a result, such as test/accuracy")
    published: float = knob("the printed value")
    low: float = knob("lower end of the band a run should fall into")
    high: float = knob("upper end of the band")
    source: str = knob("where it was printed")


DataConfig = SyntheticConfig | CsvConfig | FashionMnistConfig
ModelConfig = LinearConfig | SoftmaxConfig | MlpConfig
OptimizerConfig = SgdConfig | AdamConfig | AdamWConfig | LeastSquaresConfig

# kind -> class, per group; groups with a single class have no kind.
KINDS: dict[str, dict[str, type]] = {
    "data": {
        "synthetic": SyntheticConfig,
        "csv": CsvConfig,
        "fashion_mnist": FashionMnistConfig,
    },
    "model": {"linear": LinearConfig, "softmax": SoftmaxConfig, "mlp": MlpConfig},
    "optimizer": {
        "sgd": SgdConfig,
        "adam": AdamConfig,
        "adamw": AdamWConfig,
        "least_squares": LeastSquaresConfig,
    },
}


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything one run was told."""

    data: DataConfig = knob("what to learn from")
    model: ModelConfig = knob("what to learn")
    optimizer: OptimizerConfig = knob("how to learn")
    trainer: TrainerConfig = knob("how long to learn")
    device: DeviceConfig = knob("where to compute")
    seed: int = knob("fixes initial weights, order of rows and dropout", ge=0, le=MAX_SEED)
    output_dir: str = knob("folder that run folders are made in", raw=True)
    expect: list[Expectation] = knob("published results to compare with; set by experiments")


def as_dict(config: Any) -> Any:
    """Turn a config object into plain dicts, lists, strings and numbers."""
    if dataclasses.is_dataclass(config):
        fields = dataclasses.fields(config)
        return {field.name: as_dict(getattr(config, field.name)) for field in fields}
    if isinstance(config, list):
        return [as_dict(element) for element in config]
    return config.value if isinstance(config, StrEnum) else config
