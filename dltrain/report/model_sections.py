"""Sections on a run's model: predictions, mistakes and weights. Needs torch.

Letters: N rows, I in_features, O outputs, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import Dataset
from dltrain.data.images.form import is_ink, on_paper
from dltrain.inference.evaluation import Evaluation, evaluate, judging_split
from dltrain.inference.quoting import by_class_note, interval_note, leading_figures, other_figures
from dltrain.report.blocks import Block, column, heading, pairs, paragraph, section, table
from dltrain.report.weights import png, weights
from dltrain.runs.compare.bins import bin_edges
from dltrain.runs.compare.confusion import confusion, mistakes, per_class
from dltrain.runs.run import Run

# More classes make no picture; what is confused most is then listed alone.
MAX_CLASSES, MAX_CONFUSIONS, MAX_MISTAKES = 40, 10, 24
# Points of a picture, rows and columns of a table.
MAX_POINTS, MAX_ROWS, MAX_COLUMNS = 2000, 15, 30
BINS = 40


def sections(run: Run, *, whose: str) -> Iterator[Block]:
    """Yield what can be shown of a run's model."""
    try:
        evaluation = evaluate(run, split=judging_split(run))
    except ValueError as error:
        text = f"What {whose} predicts is not shown: {error}."
        yield section("model", "The model", [paragraph(text)])
        return
    rows = {"test": "test", "val": "validation", "train": "training"}[evaluation.split]
    intro = (
        f"{whose[:1].upper()}{whose[1:]} after epoch {evaluation.epoch}, "
        f"on the {len(evaluation.targets):,} {rows} rows."
    )
    said = [paragraph(intro), *_figures(evaluation)]
    if evaluation.probabilities is not None:
        yield section("classes", "Classes", [*said, *_classes(evaluation)])
        wrong = _mistakes(evaluation)
        if wrong:
            yield section("mistakes", "Most confident mistakes", wrong)
    else:
        yield section("predictions", "Predictions", [*said, *_amounts(evaluation)])
    if run.part("model", "name") in ("linear", "softmax"):
        learned = weights(evaluation)
        if learned:
            yield section("weights", "Weights", learned)


def _figures(evaluation: Evaluation) -> Iterator[Block]:
    """Yield the metrics, those that the result is quoted by first."""
    yield pairs(leading_figures(evaluation))
    note = interval_note(evaluation)
    if note:
        yield paragraph(f"{note}.")
    yield pairs(other_figures(evaluation))


def _classes(evaluation: Evaluation) -> Iterator[Block]:
    """Yield which classes are taken for which, and how well each is told from the others."""
    names = evaluation.data.class_names
    counts = confusion(evaluation.targets, evaluation.predictions, num_classes=len(names))
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
    confused = [divmod(int(cell), len(names)) for cell in order if wrong.flat[cell]]
    if confused and len(names) > 2:
        yield heading("Confused most")
        rows = [
            [names[t], names[p], int(wrong[t, p]), wrong[t, p] / counts[t].sum()]
            for t, p in confused
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
    if note := by_class_note(evaluation):
        yield paragraph(f"{note}.")


def _mistakes(evaluation: Evaluation) -> list[Block]:
    """Show the rows that are wrong though the model is surest of them."""
    data, names, sure = evaluation.data, evaluation.data.class_names, evaluation.probabilities
    assert sure is not None
    targets, predictions = evaluation.targets, evaluation.predictions
    rows = mistakes(targets, predictions, sure, count=MAX_MISTAKES)
    facts = [
        (names[targets[n]], names[predictions[n]], float(sure[n, predictions[n]])) for n in rows
    ]
    if not rows:
        return []
    split = data.splits[evaluation.split]
    if data.image_shape is not None:
        images = split.inputs[rows].reshape(-1, *data.image_shape).astype(np.uint8)
        items = [
            {"source": png(image), "title": true, "note": f"taken for {taken}, {share:.1%}"}
            for image, (true, taken, share) in zip(on_paper(images, data), facts, strict=True)
        ]
        return [{"kind": "pictures", "items": items, "ink": is_ink(data)}]
    head = [column("true"), column("predicted"), column("probability", "share")]
    columns, cells = in_original_units(data, split.inputs[rows])
    lines = [[*fact, *cell] for fact, cell in zip(facts, cells, strict=True)]
    return [table([*head, *columns], lines, caption="Mistakes")]


def _amounts(evaluation: Evaluation) -> Iterator[Block]:
    """Yield predicted against true amounts, how far they are apart, and where most."""
    data, true = evaluation.data, evaluation.targets.astype(np.float64)
    predicted = evaluation.predictions.astype(np.float64)
    residuals = predicted - true
    every = -(-len(true) // MAX_POINTS)
    bins = bin_edges(residuals, min(BINS, max(5, len(true) // 5)))
    counts, edges = np.histogram(residuals, bins=bins)
    if every > 1:
        yield paragraph(f"The first picture shows every {every:,}th row; the second all of them.")
    yield {
        "kind": "amounts",
        "name": data.target_name,
        "true": true[::every].tolist(),
        "predicted": predicted[::every].tolist(),
        "counts": counts.tolist(),
        "edges": edges.tolist(),
    }
    order = np.argsort(-np.abs(residuals), kind="stable")[:MAX_ROWS]
    columns, cells = in_original_units(data, data.splits[evaluation.split].inputs[order])
    rows = [
        [true[row], predicted[row], residuals[row], *c] for row, c in zip(order, cells, strict=True)
    ]
    head = [column(name, "figure") for name in ("true", "predicted", "difference")]
    yield heading("Farthest off")
    yield table([*head, *columns], rows, caption="Farthest off")


def in_original_units(
    data: Dataset, inputs: npt.NDArray[np.generic]
) -> tuple[list[Block], list[list[object]]]:
    """Undo the preparation of a table's rows: numbers in their units, categories by name.

    Returns:
        Columns, and cells for each row; a missing number is what took its place.
    """
    scale = data.feature_scale
    amounts = inputs.astype(np.float64) * scale.deviation + scale.mean  # [N, I]
    indices = {name: index for index, name in enumerate(data.feature_names)}
    prepared = [c for c in data.columns if c.role in ("number", "category") and c.features]
    columns: list[Block] = []
    cells: list[Sequence[object]] = []
    for each in prepared[:MAX_COLUMNS]:
        features = [indices[name] for name in each.features]
        numeric = each.role == "number"
        columns.append(column(each.name, "figure" if numeric else "text"))
        if numeric:
            cells.append(amounts[:, features[0]].tolist())
        else:
            texts = [*each.categories, "-", "-"]  # missing, and a category that was not seen
            indicators = amounts[:, features]
            category = np.where(indicators.any(axis=1), indicators.argmax(axis=1), -1)
            cells.append([texts[i] for i in category.tolist()])
    if not prepared:
        columns = [column(name, "figure") for name in data.feature_names[:MAX_COLUMNS]]
        cells = amounts[:, :MAX_COLUMNS].T.tolist()
    rows = [list(row) for row in zip(*cells, strict=True)] or [[] for _ in inputs]
    return columns, rows
