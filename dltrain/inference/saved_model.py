"""A trained model read back from a run folder, which may be a stranger's.

Config, preparation and shapes are compared with what the checkpoint says of itself before memory
is made for any of them, the checkpoint is verified by its digest, and nothing else in the folder
is followed.

Letters: M members, here 1; B rows, I in_features, O outputs, C classes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dltrain.config.schema import RunConfig
from dltrain.data.dataset import Dataset
from dltrain.data.preparation_file import PreparationError, read_preparation
from dltrain.nn.model import Model
from dltrain.nn.plan import LayerPlans, tensor_shapes
from dltrain.runs.layout import CHECKPOINTS, PREPARATION
from dltrain.runs.provenance import config_of, device_of
from dltrain.runs.run import Run
from dltrain.system.foreign_files import MAX_RECORD_BYTES, read_bytes
from dltrain.train import build
from dltrain.train.checkpoints import checkpoint_file
from dltrain.train.device import choose

# Lists and mappings of a preparation: a few for each column of a table. And the quotes about its
# texts: what is made of as many in memory is several times their bytes.
MAX_PARTS, MAX_QUOTES = 2**19, 2**20
# What a checkpoint may hold beside parameters and the optimizer's memory of them; more of it within
# an epoch, of which it keeps a few numbers for each step.
MORE_BYTES, MORE_BYTES_UNDERWAY = 2**24, 2**28


@dataclass(frozen=True)
class Trained:
    """A trained model, as its run left it."""

    run: Run  # whose it is
    config: RunConfig  # what the run was told
    data: Dataset  # how it prepared its rows; a data set without rows
    model: Model  # one member
    epoch: int  # whole epochs it has been trained for
    steps: int  # steps of the epoch after them
    device: torch.device  # where it lies

    def on_device(self, inputs: npt.NDArray[np.generic]) -> Tensor:
        """Move prepared rows [B, I] to the model's device, in a type that it takes."""
        rows = torch.from_numpy(inputs).to(self.device)
        return rows.to(build.input_dtype(self.config)) if rows.dtype == torch.uint8 else rows

    @torch.inference_mode()
    def outputs(self, inputs: npt.NDArray[np.generic]) -> Tensor:
        """Compute outputs [1, O, B] for prepared rows [B, I]; valid until the next call."""
        return self.model.forward(self.on_device(inputs))

    @property
    def dtype(self) -> str:
        """Type of a table's prepared rows."""
        return build.dtype_name(self.config)

    def parameters(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return weights [O, I] and biases [O] by name, as in ``layers.0.weight``."""
        return {name: tensor[0].cpu().numpy() for name, tensor in self.model.state().items()}


def load(
    run: Run,
    *,
    epoch: str | None = None,
    changes: Mapping[str, Any] | None = None,
    check_files: bool = True,
) -> Trained:
    """Load a run's model after its ``last`` or ``best`` epoch; None: the one the run keeps.

    ``check_files`` is as in ``rules.problems``.

    Raises:
        ValueError: If the folder does not hold a model of that config that is intact.
    """
    if run.is_sweep:
        raise ValueError(f"{run.id}: is a sweep; name one of its members, as in {run.short}/0")
    config = config_of(run, changes or {}, check_files=check_files)
    data = _preparation(run)
    layers = build.layer_plans(config, data)
    path = _checkpoint(run, epoch, kept=config.trainer.kept)
    itemsize = 8 if build.dtype_name(config) == "float64" else 4
    _compare(path, layers, "F64" if itemsize == 8 else "F32")
    device = choose(
        "cuda" if device_of(run) == "cuda" and torch.cuda.is_available() else "cpu",
        threads=config.device.threads,
        deterministic=config.device.deterministic,
        matmul=config.device.matmul,
        portable=config.device.portable,
    )
    numbers = sum(math.prod(shape) for shape in tensor_shapes(layers).values())
    more = MORE_BYTES_UNDERWAY if "-step-" in path.name else MORE_BYTES
    tensors, meta = checkpoint_file.load(path, limit=3 * itemsize * numbers + more)
    done, steps = meta.get("epoch"), meta.get("underway", 0)
    if meta.get("run") != run.part("identity"):
        raise ValueError(f"{path}: is of another run")
    if type(done) is not int or type(steps) is not int:
        raise ValueError(f"{path}: its epochs and steps are no numbers")
    model = build.model([config], data, device)
    for name, live in model.state().items():
        live[0].copy_(tensors[f"model.{name}"])
    if not model.intact().all():
        raise ValueError(f"{path}: holds numbers that are not finite")
    return Trained(run, config, data, model, done, steps, device)


def _preparation(run: Run) -> Dataset:
    """Read how a run prepared its rows."""
    path = run.folder / PREPARATION
    content = read_bytes(path, limit=MAX_RECORD_BYTES)
    known = run.part("files", PREPARATION)
    if known is not None and hashlib.sha256(content).hexdigest() != known:
        raise ValueError(f"{path}: was changed or damaged after it was written")
    parts = content.count(b"[") + content.count(b"{")
    if parts > MAX_PARTS or content.count(b'"') > MAX_QUOTES:
        raise ValueError(f"{path}: holds more than a run's preparation does")
    try:
        return read_preparation(json.loads(content), name=str(run.part("data", "name")))
    except PreparationError as error:
        raise ValueError(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is not JSON ({error})") from None


def _checkpoint(run: Run, epoch: str | None, *, kept: str) -> Path:
    """Find the file of a run's last or best epoch; of the kept one if neither is asked for."""
    folder = run.folder / CHECKPOINTS
    existing = checkpoint_file.paths(folder)
    if not existing:
        raise ValueError(f"{run.id}: has no checkpoint (its status is {run.status})")
    _, meta = checkpoint_file.shapes(existing[0])
    outcome = meta.get("outcome")
    best = outcome.get("best") if isinstance(outcome, dict) else None
    # What was stopped before it validated an epoch has no best one to keep.
    if (epoch or ("last" if best == {} else kept)) == "last":
        return existing[0]
    number = best.get("epoch") if isinstance(best, dict) else None
    wanted = [p for p in existing if type(number) is int and p == _whole(folder, number)]
    if not wanted:
        raise ValueError(f"{run.id}: has no checkpoint of a best epoch; add --epoch last")
    return wanted[0]


def _whole(folder: Path, epoch: int) -> Path | None:
    return checkpoint_file.path_of(folder, {"epoch": epoch}) if 0 < epoch < 10**9 else None


def _compare(path: Path, layers: LayerPlans, dtype: str) -> None:
    """Compare what a checkpoint says it holds with what the model needs."""
    needed = {f"model.{n}": (dtype, [*shape]) for n, shape in tensor_shapes(layers).items()}
    held, _ = checkpoint_file.shapes(path)
    saved = {name: held[name] for name in held if name.startswith("model.")}
    if saved != needed:
        name = next(n for n in {**needed, **saved} if saved.get(n) != needed.get(n))
        actual, wanted = (_described(tensors.get(name)) for tensors in (saved, needed))
        raise ValueError(f"{path}: does not fit the run's config: {name} is {actual}, not {wanted}")


def _described(tensor: tuple[str, list[int]] | None) -> str:
    return "missing" if tensor is None else f"{tensor[0]} {tensor[1]}"
