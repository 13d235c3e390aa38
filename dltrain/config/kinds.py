"""The kinds that data, models, losses and optimizers come in: one table, open at run time.

A kind is one entry here and one YAML file with its values in ``conf/GROUP``. A module of your own
adds an entry with ``register`` and a folder of YAML files with ``add_choices``; it is loaded by
``plugins=[module]`` on the command line, or by an entry point of an installed package in the group
``dltrain.plugins`` (see ``plugins.py``). Whoever asks what a kind is - checks, composition,
building, cost, help - asks this table.

A builder is called with the knobs of its config class as plain keywords, ``kind`` left out; a stack
gives it a list for each, a value per member. It may be written as ``module:name``, which is
imported when it is first called, so that what is only planned needs no torch.
"""

from __future__ import annotations

import dataclasses
import importlib
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from dltrain.config import data_schema, kind_rules, schema
from dltrain.config.choices import Task
from dltrain.config.knob import Problem, knobs

Rule = Callable[[schema.RunConfig], Iterable[Problem]]
Builder = str | Callable[..., Any]


def _no_rule(run: schema.RunConfig) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True)
class Kind:
    """What all kinds have."""

    group: ClassVar[str]
    config: type  # its config class: a dataclass of knobs with a field ``kind``
    build: Builder  # what makes it, or ``module:name`` of that
    _: dataclasses.KW_ONLY
    rules: Rule = _no_rule  # yields what does not go together in a run of this kind

    def builder(self) -> Callable[..., Any]:
        """Return what makes it, imported if need be."""
        if not isinstance(self.build, str):
            return self.build
        module, _, name = self.build.partition(":")
        try:
            builder: Callable[..., Any] = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            what = f"{self.config.__name__} is built by {self.build}"
            raise ValueError(f"{what}, which cannot be imported: {error}") from error
        return builder


@dataclass(frozen=True)
class DataKind(Kind):
    """A data set: ``build(*, dtype, download, **knobs) -> Dataset``.

    ``dtype`` is ``float32`` or ``float64``; ``download`` is whether the network may be asked. One
    of its knobs is ``name``; ``path``, ``root``, ``val_path``, ``test_path``, if it has them, say
    where its files lie, which may be told anew when a run is resumed; of ``folds`` and ``fold``, if
    it has them, a sweep makes its members. ``Dataset.sha256`` tells whether the rows are the same.
    """

    group = "data"
    # what it asks a model to predict, unless a knob ``task`` says so; auto: known once it is
    # loaded
    task: Task = Task.auto
    table: bool = False  # whether it is the CSV file ``path``, whose digest is that of the data
    files: Rule = _no_rule  # yields what is wrong with where its files lie


@dataclass(frozen=True)
class ModelKind(Kind):
    """A model: ``build(data, **knobs) -> list of layer plans``, called for each member.

    The knobs ``init``, ``init_std`` and ``dropout`` say how weights start and what is dropped.
    """

    group = "model"
    task: Task = Task.auto  # what it predicts; auto: whatever the data ask for


@dataclass(frozen=True)
class LossKind(Kind):
    """A loss: ``build(data, *, variances, **knobs) -> Loss``, each knob a value per member.

    It reports the metrics of its task: their names decide what a sweep can be sorted by.
    """

    group = "loss"
    task: Task = Task.auto  # what it judges; auto: whatever the data ask for
    # whether it counts rows by weights, which it is handed if ``data.weight_name`` is not None
    weighs: bool = False


@dataclass(frozen=True)
class OptimizerKind(Kind):
    """An optimizer: ``build(model, **knobs) -> Optimizer``, each knob a value per member."""

    group = "optimizer"
    # how many numbers it keeps for each parameter, given its config
    state: Callable[[Any], int] = lambda config: 0
    # whether it solves instead of following the gradient: in float64, and without draws; it is
    # then built with ``weights`` of the training rows, [N] or None, too
    exact: bool = False


_BUILDERS = "dltrain.train.builders"
DATA = {
    "synthetic": DataKind(
        data_schema.SyntheticConfig,
        f"{_BUILDERS}:synthetic",
        task=Task.regression,
        rules=kind_rules.synthetic_size,
    ),
    "csv": DataKind(
        data_schema.CsvConfig,
        f"{_BUILDERS}:csv",
        table=True,
        rules=kind_rules.splits,
        files=kind_rules.table,
    ),
    "fashion_mnist": DataKind(
        data_schema.FashionMnistConfig,
        f"{_BUILDERS}:fashion_mnist",
        task=Task.classification,
        rules=kind_rules.images,
        files=kind_rules.images_root,
    ),
    "idx": DataKind(
        data_schema.IdxConfig,
        f"{_BUILDERS}:idx",
        task=Task.classification,
        rules=kind_rules.folds,
        files=kind_rules.idx_path,
    ),
    "images": DataKind(
        data_schema.ImagesConfig,
        f"{_BUILDERS}:images",
        task=Task.classification,
        rules=kind_rules.picture_splits,
        files=kind_rules.pictures_path,
    ),
}
_SINGLE = f"{_BUILDERS}:single_layer"
MODELS = {
    "linear": ModelKind(schema.LinearConfig, _SINGLE, task=Task.regression),
    "softmax": ModelKind(schema.SoftmaxConfig, _SINGLE, task=Task.classification),
    "mlp": ModelKind(schema.MlpConfig, f"{_BUILDERS}:mlp"),
}
LOSSES = {
    "auto": LossKind(schema.ClassLossConfig, f"{_BUILDERS}:auto_loss", weighs=True),
    "squared_error": LossKind(
        schema.PlainLossConfig, f"{_BUILDERS}:squared_error", task=Task.regression, weighs=True
    ),
    "cross_entropy": LossKind(
        schema.ClassLossConfig,
        f"{_BUILDERS}:cross_entropy",
        task=Task.classification,
        weighs=True,
    ),
}
OPTIMIZERS = {
    "sgd": OptimizerKind(
        schema.SgdConfig,
        f"{_BUILDERS}:sgd",
        state=lambda config: int(config.momentum > 0),
        rules=kind_rules.nesterov,
    ),
    "adam": OptimizerKind(schema.AdamConfig, f"{_BUILDERS}:adam", state=lambda config: 2),
    "adamw": OptimizerKind(schema.AdamWConfig, f"{_BUILDERS}:adamw", state=lambda config: 2),
    "least_squares": OptimizerKind(
        schema.LeastSquaresConfig,
        f"{_BUILDERS}:least_squares",
        rules=kind_rules.least_squares,
        exact=True,
    ),
}
# What loss=auto stands for.
AUTO_LOSS = {Task.regression: "squared_error", Task.classification: "cross_entropy"}
TABLE: Mapping[str, dict[str, Any]] = {
    "data": DATA,
    "model": MODELS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
}
# Of YAML files that can be chosen beside those in ``conf/``.
FOLDERS: list[Path] = []


def register(name: str, kind: Kind) -> None:
    """Add a kind to the table.

    Args:
        name: What ``kind:`` says in its YAML files.
        kind: The entry; its class says which group it belongs to.

    Raises:
        ValueError: If the name is taken, or the config class is none.

    Example:
        >>> register("sgd", OptimizerKind(schema.SgdConfig, "my.module:build"))
        Traceback (most recent call last):
        ValueError: optimizer=sgd is registered already; choose another name
    """
    if name in TABLE[kind.group]:
        raise ValueError(f"{kind.group}={name} is registered already; choose another name")
    _check(kind.config, ["kind", "name"] if kind.group == "data" else ["kind"])
    TABLE[kind.group][name] = kind


def add_choices(folder: Path) -> None:
    """Let the YAML files in a folder, ``GROUP/NAME.yaml``, be chosen beside dltrain's own."""
    FOLDERS.append(folder.resolve())


def _check(config: type, needed: Sequence[str]) -> None:
    """Refuse a config class that could not be composed or checked."""
    if not dataclasses.is_dataclass(config):
        raise ValueError(f"{config.__name__} is no dataclass; write @dataclass above it")
    for field in dataclasses.fields(config):
        if "knob" not in field.metadata:
            advice = f"declare it as {field.name}: TYPE = knob('what it means')"
            raise ValueError(f"{config.__name__}.{field.name} has no knob(); {advice}")
    try:
        entries = knobs(config)
    except NameError as error:
        raise ValueError(f"{config.__name__}: {error}, in the type of a field") from None
    for name in needed:
        if name not in entries:
            raise ValueError(f"{config.__name__} has no {name}; add {name}: str = knob('...')")
    for name, (annotation, _) in entries.items():
        if not _is_known(annotation):
            known = "float, int, bool, str, a StrEnum, a list of one, or several joined by |"
            raise ValueError(f"{config.__name__}.{name}: its type must be {known}")


def _is_known(annotation: Any) -> bool:
    """Whether values of this type can be composed and checked."""
    inner = [each for each in typing.get_args(annotation) if each is not type(None)]
    if typing.get_origin(annotation) in (list, types.UnionType, typing.Union):
        return all(map(_is_known, inner))
    if annotation in (float, int, bool, str) or dataclasses.is_dataclass(annotation):
        return True
    return isinstance(annotation, type) and issubclass(annotation, StrEnum)
