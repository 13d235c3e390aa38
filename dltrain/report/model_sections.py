"""What a run's model makes of rows it has not learned from, and what it learned. Needs torch.

Letters: N rows, I in_features, O outputs, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import Dataset
from dltrain.inference.evaluation import Evaluation, evaluate, judging_split
from dltrain.report.blocks import Block, column, heading, paragraph, section, table
from dltrain.report.png import png
from dltrain.report.weights import weights
from dltrain.runs.compare.bins import bin_edges
from dltrain.runs.compare.confusion import confusion, mistakes, per_class
from dltrain.runs.run import Run

# More classes make no picture; what is confused most is then listed alone.
MAX_CLASSES, MAX_CONFUSIONS, MAX_MISTAKES = 40, 10, 24
# Points of a picture, rows and columns of a table.
MAX_POINTS, MAX_ROWS, MAX_COLUMNS = 2000, 15, 30
BINS = 40


def sections(run: Run, *, whose: str) -> Iterator[Block]:
    """Yield what can be shown of a run's model.

    Args:
        run: As its record tells it.
        whose: The model, in words.
    """
    try:
        found = evaluate(run, split=judging_split(run))
    except ValueError as error:
        text = f"What {whose} predicts is not shown: {error}."
        yield section("model", "The model", [paragraph(text)])
        return
    rows = {"test": "test", "val": "validation", "train": "training"}[found.split]
    said = (
        f"{whose[:1].upper()}{whose[1:]} after epoch {found.epoch}, on the {len(found.targets):,} "
        f"{rows} rows."
    )
    if found.probabilities is not None:
        yield section("classes", "Classes", [paragraph(said), *_classes(found)])
        wrong = _mistakes(found)
        if wrong:
            yield section("mistakes", "Most confident mistakes", wrong)
    else:
        yield section("predictions", "Predictions", [paragraph(said), *_amounts(found)])
    if run.part("model", "name") in ("linear", "softmax"):
        learned = weights(found)
        if learned:
            yield section("weights", "Weights", learned)


def _classes(found: Evaluation) -> Iterator[Block]:
    """Yield which classes are taken for which, and how well each is told from the others."""
    names = found.data.class_names
    counts = confusion(found.targets, found.predictions, num_classes=len(names))
    if len(names) <= MAX_CLASSES:
        yield {
            "kind": "matrix",
            "caption": "How many rows of each class are taken for which",
            "rows": list(names),
            "columns": list(names),
            "corner": "true \u2193  predicted \u2192",
            "values": counts.tolist(),
            "colour": "share",
        }
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MAX_CONFUSIONS]
    pairs = [divmod(int(place), len(names)) for place in order if wrong.flat[place]]
    if pairs and len(names) > 2:
        yield heading("Confused most")
        rows = [
            [names[t], names[p], int(wrong[t, p]), wrong[t, p] / counts[t].sum()] for t, p in pairs
        ]
        columns = [column("class"), column("taken for"), column("rows", "count")]
        columns.append(column("share of the class", "share"))
        yield table(columns, rows, caption="Confused most", sorted_by=(2, True))
    yield heading("Each class")
    scores = [
        [n, s.precision, s.recall, s.f1, s.support]
        for n, s in zip(names, per_class(counts), strict=True)
    ]
    columns = [column("class"), *(column(n, "figure") for n in ("precision", "recall", "f1"))]
    yield table([*columns, column("rows", "count")], scores, caption="Each class")


def _mistakes(found: Evaluation) -> list[Block]:
    """Show the rows that are wrong though the model is surest of them."""
    assert found.probabilities is not None
    data, names = found.data, found.data.class_names
    rows = mistakes(found.targets, found.predictions, found.probabilities, count=MAX_MISTAKES)
    told = [
        (
            names[found.targets[row]],
            names[found.predictions[row]],
            float(found.probabilities[row, found.predictions[row]]),
        )
        for row in rows
    ]
    if not rows:
        return []
    split = data.splits[found.split]
    if data.image_shape is not None:
        images = split.inputs[rows].reshape(-1, *data.image_shape)
        items = [
            {"source": png(255 - image), "title": true, "note": f"taken for {taken}, {sure:.1%}"}
            for image, (true, taken, sure) in zip(images, told, strict=True)
        ]
        return [{"kind": "pictures", "items": items, "ink": True}]
    head = [column("true"), column("predicted"), column("probability", "share")]
    own, cells = in_own_units(data, split.inputs[rows])
    return [
        table(
            [*head, *own], [[*t, *c] for t, c in zip(told, cells, strict=True)], caption="Mistakes"
        )
    ]


def _amounts(found: Evaluation) -> Iterator[Block]:
    """Yield predicted against true amounts, how far they are apart, and where most."""
    true, predicted = found.targets.astype(np.float64), found.predictions.astype(np.float64)
    residuals = predicted - true
    every = -(-len(true) // MAX_POINTS)
    bins = bin_edges(residuals, min(BINS, max(5, len(true) // 5)))
    counts, edges = np.histogram(residuals, bins=bins)
    if every > 1:
        yield paragraph(f"The first picture shows every {every:,}th row; the second all of them.")
    yield {
        "kind": "amounts",
        "name": found.data.target_name,
        "true": true[::every].tolist(),
        "predicted": predicted[::every].tolist(),
        "counts": counts.tolist(),
        "edges": edges.tolist(),
    }
    order = np.argsort(-np.abs(residuals), kind="stable")[:MAX_ROWS]
    own, cells = in_own_units(found.data, found.data.splits[found.split].inputs[order])
    rows = [
        [true[row], predicted[row], residuals[row], *c] for row, c in zip(order, cells, strict=True)
    ]
    head = [column(name, "figure") for name in ("true", "predicted", "difference")]
    yield heading("Farthest off")
    yield table([*head, *own], rows, caption="Farthest off")


def in_own_units(
    data: Dataset, inputs: npt.NDArray[np.generic]
) -> tuple[list[Block], list[list[object]]]:
    """Undo the preparation of a table's rows: numbers in their units, categories by name.

    Args:
        data: How they were prepared.
        inputs: [N, I], prepared.

    Returns:
        Columns, and cells for each row; a missing number is what took its place.
    """
    scale = data.feature_scale
    amounts = inputs.astype(np.float64) * scale.deviation + scale.mean  # [N, I]
    places = {name: place for place, name in enumerate(data.feature_names)}
    own = [c for c in data.columns if c.role in ("number", "category") and c.features]
    columns: list[Block] = []
    cells: list[Sequence[object]] = []
    for each in own[:MAX_COLUMNS]:
        features = [places[name] for name in each.features]
        numeric = each.role == "number"
        columns.append(column(each.name, "figure" if numeric else "text"))
        if numeric:
            cells.append(amounts[:, features[0]].tolist())
        else:
            texts = [*each.categories, "-", "-"]  # missing, and a category that was not seen
            own_features = amounts[:, features]
            place = np.where(own_features.any(axis=1), own_features.argmax(axis=1), -1)
            cells.append([texts[i] for i in place.tolist()])
    if not own:
        columns = [column(name, "figure") for name in data.feature_names[:MAX_COLUMNS]]
        cells = amounts[:, :MAX_COLUMNS].T.tolist()
    rows = [list(row) for row in zip(*cells, strict=True)] or [[] for _ in inputs]
    return columns, rows
