"""The closed choices among the knobs: what may stand for each of them."""

from __future__ import annotations

from enum import StrEnum


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


class Thousands(StrEnum):
    """What may stand between the thousands of a number."""

    comma = ","
    point = "."
    apostrophe = "'"
    space = "space"


class ClassWeight(StrEnum):
    """Numbers for the classes that follow from the training rows."""

    balanced = "balanced"


class Header(StrEnum):
    """Whether a table's first row names its columns."""

    row = "row"
    none = "none"


class Source(StrEnum):
    """Which Fashion-MNIST may be used."""

    auto = "auto"
    full = "full"
    sample = "sample"


class Colour(StrEnum):
    """What the pixels of pictures become."""

    auto = "auto"
    grey = "grey"
    rgb = "rgb"


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


class Keep(StrEnum):
    """Whose weights are tested and used afterwards."""

    last = "last"
    best = "best"


class OnError(StrEnum):
    """What becomes of a sweep when a member fails."""

    go_on = "continue"
    stop = "stop"


class DeviceType(StrEnum):
    """Where tensors lie."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Dtype(StrEnum):
    """The floating-point type of parameters and activations."""

    float32 = "float32"
    float64 = "float64"


class Matmul(StrEnum):
    """How exact matrix products are."""

    float32 = "float32"
    tf32 = "tf32"
    bf16 = "bf16"
