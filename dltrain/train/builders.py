"""Builders of dltrain's own data sets, models, losses and optimizers, named in the table of kinds.

Each takes the knobs of its config class as plain keywords, a stack's as lists. Nothing heavy is
imported before it is called: what is planned, listed and looked at needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dltrain.config.choices import Task
from dltrain.config.kinds import AUTO_LOSS, LOSSES
from dltrain.data.dataset import Dataset
from dltrain.nn.class_weights import class_weights
from dltrain.nn.plan import LayerPlans, multilayer
from dltrain.nn.plan import single_layer as one_layer
from dltrain.system.database_urls import SERVER

if TYPE_CHECKING:
    from torch import Tensor

    from dltrain.nn.losses import CrossEntropy, Loss
    from dltrain.nn.model import Model
    from dltrain.nn.optim import SGD, Adam, LeastSquares


def synthetic(*, download: bool, **knobs: Any) -> Dataset:
    """Build ``data=synthetic``."""
    from dltrain.data.synthetic import synthetic

    return synthetic(**knobs)


def csv(
    *,
    download: bool,
    name: str | None,
    path: str | None,
    dtype: str,
    target: str | None,
    **options: Any,
) -> Dataset:
    """Build ``data=csv``."""
    from dltrain.data.table.dataset import tabular
    from dltrain.data.table.options import Options

    url = options["url"]
    if url is not None and url.startswith(SERVER) and not download:
        raise ValueError(
            f"data.url={url}: a server that a record names is asked only if it is named on the "
            f"command line; add data.url={url}"
        )
    return tabular(name, path=path, options=Options(target=target or "", **options), dtype=dtype)


def fashion_mnist(
    *, dtype: str, download: bool, name: str, root: str | None, source: str, **choosing: Any
) -> Dataset:
    """Build ``data=fashion_mnist``; images stay bytes."""
    from dltrain.data.images.fashion_mnist import Choosing, fashion_mnist

    chosen = Choosing(**choosing)
    return fashion_mnist(name, root=root, source=source, choosing=chosen, download=download)


def idx(
    *,
    dtype: str,
    download: bool,
    name: str | None,
    path: str,
    class_names: Sequence[str] | None,
    **splitting: Any,
) -> Dataset:
    """Build ``data=idx``; images stay bytes."""
    from dltrain.data.images.idx_folder import idx_folder
    from dltrain.data.images.splitting import Splitting

    drawn = Splitting(**splitting, test_fraction=0.0)
    return idx_folder(name, path=path, class_names=class_names, splitting=drawn)


def images(
    *,
    dtype: str,
    download: bool,
    name: str | None,
    path: str,
    size: Sequence[int] | None,
    colour: str,
    **splitting: Any,
) -> Dataset:
    """Build ``data=images``; images stay bytes."""
    from dltrain.data.images.folder import images_folder
    from dltrain.data.images.splitting import Splitting

    return images_folder(
        name, path=path, size=size, colour=colour, splitting=Splitting(**splitting)
    )


def single_layer(data: Dataset, **start: Any) -> LayerPlans:
    """Plan ``model=linear`` and ``model=softmax``."""
    return one_layer(data.in_features, data.out_features)


def mlp(
    data: Dataset, *, hidden: Sequence[int], activation: str, dropout: float, **start: Any
) -> LayerPlans:
    """Plan ``model=mlp``."""
    return multilayer(
        data.in_features, data.out_features, hidden=hidden, activation=activation, dropout=dropout
    )


def auto_loss(
    data: Dataset, *, variances: Mapping[str, float], class_weight: Sequence[Any]
) -> Loss:
    """Build ``loss=auto``: what the data ask for."""
    knobs = {"class_weight": class_weight} if data.class_names else {}
    loss: Loss = LOSSES[AUTO_LOSS[Task(data.task)]].builder()(data, variances=variances, **knobs)
    return loss


def squared_error(data: Dataset, *, variances: Mapping[str, float]) -> Loss:
    """Build ``loss=squared_error``."""
    from dltrain.nn.losses import SquaredError
    from dltrain.nn.squared_log_error import SquaredLogError

    scale, weighted = data.target_scale, data.weight_name is not None
    unit, mean = float(scale.deviation[0]), float(scale.mean[0])
    if scale.log:
        return SquaredLogError(unit=unit, mean=mean, variances=variances, weighted=weighted)
    return SquaredError(unit=unit, variances=variances, weighted=weighted)


def cross_entropy(
    data: Dataset, *, variances: Mapping[str, float], class_weight: Sequence[Any]
) -> CrossEntropy:
    """Build ``loss=cross_entropy``."""
    from dltrain.nn.losses import CrossEntropy

    return CrossEntropy(
        class_weights=None
        if class_weight[0] is None
        else [class_weights(each, rows=data.class_rows) for each in class_weight],
        weighted=data.weight_name is not None,
    )


def sgd(model: Model, **knobs: list[Any]) -> SGD:
    """Build ``optimizer=sgd``."""
    from dltrain.nn.optim import SGD

    return SGD(model.parameters, **knobs)


def adam(model: Model, **knobs: list[Any]) -> Adam:
    """Build ``optimizer=adam``."""
    from dltrain.nn.optim import Adam

    return Adam(model.parameters, **knobs, decoupled=False)


def adamw(model: Model, **knobs: list[Any]) -> Adam:
    """Build ``optimizer=adamw``."""
    from dltrain.nn.optim import Adam

    return Adam(model.parameters, **knobs, decoupled=True)


def least_squares(model: Model, *, weights: Tensor | None) -> LeastSquares:
    """Build ``optimizer=least_squares``."""
    from dltrain.nn.layers import Linear
    from dltrain.nn.optim import LeastSquares

    layer = model.layers[0]
    assert isinstance(layer, Linear)
    return LeastSquares(layer, weights=weights)
