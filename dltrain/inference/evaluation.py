"""Evaluation of a saved model on rows with known targets: metrics and predictions.

Letters: N rows, B rows of a part, O outputs, C classes.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dltrain.data.dataset import EVALUATION_ROWS, Dataset
from dltrain.data.images.form import Edges
from dltrain.data.images.idx import image_parts, label_parts
from dltrain.data.input_stream import InputStream
from dltrain.data.table.formats import RowBlocks, open_blocks
from dltrain.data.table.new_rows import OtherRows
from dltrain.data.table.reading import Reading
from dltrain.inference.saved_model import Trained, load
from dltrain.metrics import leading
from dltrain.nn.intervals import Interval, intervals
from dltrain.nn.sums import sum_last
from dltrain.runs.address import command_on
from dltrain.runs.provenance import changed_data
from dltrain.runs.run import Run
from dltrain.text import closest
from dltrain.train import build
from dltrain.train.batches import Batch

# Inputs [B, I], targets [B] and, if rows have any, weights [B].
Part = tuple[npt.NDArray[np.generic], ...]
Predictions = npt.NDArray[Any]  # int64 class indices, or float64 amounts


@dataclass(frozen=True)
class Evaluation:
    """Result of evaluating a model on rows with known targets."""

    split: str  # ``train``, ``val`` or ``test``; or ``data`` for rows of another file
    epoch: int  # whole epochs the model was trained for
    # as in ``test/loss``; of the test split after the last epoch what the run's record has, and
    # those of the whole split
    metrics: dict[str, float]
    intervals: dict[str, Interval]  # of those of the metrics that the result is quoted by
    targets: Predictions  # [N], class indices or amounts in the target's own units
    predictions: Predictions  # [N], likewise; of equally probable classes the first
    probabilities: npt.NDArray[np.float32] | None  # [N, C]; None for regression
    # weights [O, I] and biases [O] by name, as in ``layers.0.weight``
    parameters: dict[str, npt.NDArray[np.generic]]
    data: Dataset  # what the rows are of
    steps: int = 0  # of the epoch after those, if the run was stopped within it
    notes: Sequence[str] = ()  # what the user should know of the rows of another file


def evaluate(
    run: Run,
    *,
    split: str = "test",
    epoch: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Evaluate a run's model, after its last or best epoch, on a split of the run's own data.

    Raises:
        ValueError: If the checkpoint or the data cannot be had, or the split has no rows.
    """
    trained = load(run, epoch=epoch, changes=changes)
    data = _run_data(trained, asked="data.url" in (changes or {}))
    sizes = {name: len(rows) for name, rows in data.splits.items()}
    if split not in sizes:
        raise ValueError(
            f"split={split}: unknown{closest(split, sizes)} (there are: {', '.join(sizes)})"
        )
    if not sizes[split]:
        having = ", ".join(f"{name} has {count:,}" for name, count in sizes.items() if count)
        raise ValueError(f"{run.id}: its {split} split has no rows; {having}")
    rows = build.split_rows(data, split, trained.config, trained.device)
    return judge(trained, rows.in_order(), data=data, split=split)


def judging_split(run: Run) -> str:
    """Choose the split to judge a model by: test, else val, else train."""
    sizes = run.mapping("data", "rows")
    return next((split for split in ("test", "val") if sizes.get(split)), "train")


def evaluate_file(
    trained: Trained, source: InputStream, labels: InputStream | None = None
) -> Evaluation:
    """Evaluate a model on the rows of a file, read once, in bounded parts.

    Args:
        trained: The model.
        source: A CSV file with the columns that the run learned from and its target; or an IDX
            file of images.
        labels: An IDX file of the images' labels.

    Raises:
        ValueError: If the file does not have what the run learned from, or holds no rows.
    """
    notes: list[str] = []
    if labels is None:
        blocks = open_blocks(source, reading=Reading.of(trained.data.reading))
        return evaluate_table(trained, blocks)
    return evaluate_parts(trained, _images(trained, source, labels, notes), notes)


def evaluate_table(trained: Trained, blocks: RowBlocks) -> Evaluation:
    """Evaluate a model on the rows of a table, read once, in bounded parts."""
    notes: list[str] = []
    return evaluate_parts(trained, _table_parts(trained, blocks, notes), notes)


def evaluate_parts(trained: Trained, parts: Iterable[Part], notes: Sequence[str]) -> Evaluation:
    """Evaluate a model on rows that come in parts; ``notes`` may be added to as they come."""
    prepared = (
        (
            trained.on_device(inputs),
            torch.from_numpy(targets),
            torch.from_numpy(weights[0]) if weights else None,
        )
        for inputs, targets, *weights in _blocks(parts)
    )
    evaluation = judge(trained, prepared, data=trained.data, split="data")
    return dataclasses.replace(evaluation, notes=notes)


# Files of a data set that hold rows a run learned from, or was chosen by.
_FAMILIAR = {
    "path": "learned from",
    "train-images-idx3-ubyte": "learned from",
    "train": "learned from",
    "val": "was validated on",
    "val_path": "was validated on",
}


def familiar(run: Run, *, name: str, digests: Collection[str]) -> str:
    """Say that the rows of a file are no new ones to a run, if it was trained with just this file.

    Args:
        run: Its record has a digest of each file.
        name: The file.
        digests: Of the whole file, or of all pictures of a folder; a packed file has two.

    Returns:
        A sentence; empty if nothing is known of the file, or its rows tested the run.
    """
    files = run.mapping("data", "files")
    roles = {role.partition("[")[0] for role, digest in files.items() if digest in digests}
    knob = next((knob for knob in _FAMILIAR if knob in roles), None)
    if knob is None:
        return ""
    test = f"its test rows are: {command_on(run, 'evaluate')}"
    if not run.mapping("data", "rows").get("test"):
        test = "it has no test rows, which data.test_fraction sets aside"
    sentence = f"{name} is what {run.short} {_FAMILIAR[knob]}"
    return f"{sentence}: these figures are no estimate for new rows; {test}"


def _blocks(parts: Iterable[Part]) -> Iterator[Part]:
    """Cut parts as a run's own rows are cut, so that sums over them have the same bytes."""
    waiting: list[Part] = []
    for part in parts:
        waiting.append(part)
        while sum(len(part[0]) for part in waiting) >= EVALUATION_ROWS:
            joined = _joined(waiting)
            yield tuple(each[:EVALUATION_ROWS] for each in joined)
            waiting = [tuple(each[EVALUATION_ROWS:] for each in joined)]
    if any(len(part[0]) for part in waiting):
        yield _joined(waiting)


def _joined(parts: Sequence[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    return tuple(map(np.concatenate, zip(*parts, strict=True)))


def _table_parts(trained: Trained, blocks: RowBlocks, notes: list[str]) -> Iterator[Part]:
    """Prepare the rows of a table; at its end, note what is remarkable about them."""
    data = trained.data
    others = OtherRows(data, blocks.header, name=blocks.name, dtype=trained.dtype, targets=True)
    for rows in blocks:
        for part in others.parts(rows):
            assert part.targets is not None
            weights = [] if part.weights is None else [part.weights]
            yield part.inputs, part.targets, *weights
    notes += others.notes()


def _images(
    trained: Trained, source: InputStream, labels: InputStream, notes: list[str]
) -> Iterator[Part]:
    """Read images and their labels; at their end, note what is remarkable about them."""
    data, edges = trained.data, Edges(trained.data)
    assert data.image_shape is not None
    images = image_parts(source, shape=data.image_shape, rows=EVALUATION_ROWS)
    indices = label_parts(labels, classes=data.class_names, rows=EVALUATION_ROWS)
    for inputs, targets in itertools.zip_longest(images, indices):
        if inputs is None or targets is None or len(inputs) != len(targets):
            raise ValueError(f"{labels.name}: has not as many labels as {source.name} has images")
        edges.look(inputs)
        yield inputs, targets
    notes += filter(None, [edges.note()])


def _run_data(trained: Trained, *, asked: bool) -> Dataset:
    """Load the data set a run learned from, and check that it has not changed.

    ``asked`` is whether the command line says where the data lie on a network.
    """
    run, config = trained.run, trained.config
    advice = "evaluate it as a file of its own: --data FILE"
    for difference in changed_data(run, config, allow_changed=False):
        raise ValueError(f"{difference}; {advice}")
    data = build.dataset(config, download=asked)
    if data.sha256 != run.part("data", "sha256"):
        raise ValueError(f"data={data.name}: its content changed since the run began; {advice}")
    if data.feature_names != trained.data.feature_names:
        raise ValueError(f"data={data.name}: its columns are not those the run learned from")
    return data


@torch.inference_mode()
def judge(trained: Trained, parts: Iterable[Batch], *, data: Dataset, split: str) -> Evaluation:
    """Evaluate a model on prepared parts of rows on its device.

    They are inputs [B, I], targets [B] and weights [B], None if rows have none.

    Raises:
        ValueError: If there are no rows, or none that counts.
    """
    loss, scores = build.loss([trained.config], data, {}), build.scores(data)
    sums = torch.zeros((), dtype=torch.float64, device=trained.device)
    targets, weights, predictions, probabilities = [], [], [], []
    for inputs, wanted, counts in parts:
        outputs = trained.model.forward(inputs)  # [1, O, B]
        predicted, likely = predict(outputs, data)
        predictions.append(predicted)
        probabilities.append(likely)
        targets.append(wanted.cpu().numpy())
        weights += [] if counts is None else [counts.cpu().double().numpy()]
        asked = wanted.to(trained.device), None if counts is None else counts.to(trained.device)
        scores.add(outputs, *asked)
        sums = sums + loss.evaluation(outputs, *asked)  # the outputs are used up
    if not targets:
        raise ValueError(f"{trained.run.id}: there are no rows to evaluate it on")
    wanted_all, all_weights = np.concatenate(targets), np.concatenate(weights) if weights else None
    if all_weights is not None and not all_weights.any():
        raise ValueError(
            f"{trained.run.id}: all {len(wanted_all):,} rows have {data.weight_name} 0, so that "
            "nothing counts"
        )
    variance = build.variance_of(data, wanted_all, all_weights)
    judged = build.loss([trained.config], data, {split: variance})
    [metrics], [others] = judged.metrics(sums, len(wanted_all), split), scores.metrics()
    names = leading(data.task, num_classes=len(data.class_names))
    [ends] = intervals(scores, [name for name in names if name in scores.estimated()])
    classes = [likely for likely in probabilities if likely is not None]
    return Evaluation(
        split=split,
        epoch=trained.epoch,
        metrics={f"{split}/{name}": value for name, value in (metrics | others).items()},
        intervals={f"{split}/{name}": interval for name, interval in ends.items()},
        targets=wanted_all if data.class_names else data.target_scale.original(wanted_all),
        predictions=np.concatenate(predictions),
        probabilities=np.concatenate(classes) if classes else None,
        parameters=trained.parameters(),
        data=data,
        steps=trained.steps,
    )


def predict(outputs: Tensor, data: Dataset) -> tuple[Predictions, npt.NDArray[np.float32] | None]:
    """Turn a member's outputs, [1, O, B], into predictions.

    Returns:
        Class indices [B] and probabilities [B, C]; or amounts [B] in the target's own units, and
        None.
    """
    if not data.class_names:
        return data.target_scale.original(outputs[0, 0].cpu().numpy()), None
    # In parts: the last bits of torch's softmax depend on how many rows it is of.
    scores = outputs[0].t().contiguous()  # [B, C]
    powers = (scores - scores.amax(dim=1, keepdim=True)).exp_()
    probabilities = powers.div_(sum_last(powers).unsqueeze(1)).float()
    return outputs[0].argmax(dim=0).cpu().numpy(), probabilities.cpu().numpy()
