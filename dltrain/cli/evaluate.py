"""Measure a saved run, on a split of its data or on another file.

  dltrain evaluate latest                        the test split, as the run itself reported it
  dltrain evaluate k3f9 --split val              another split
  dltrain evaluate k3f9 --epoch best             the weights of the best epoch
  dltrain evaluate k3f9 --data more.csv          another file that has the target, too
  dltrain evaluate k3f9 --data sqlite:///shop.db --query "SELECT * FROM orders"   a query's rows
  dltrain evaluate k3f9 --data t10k-images-idx3-ubyte.gz   images; their labels lie beside them
                                                 (t10k-labels-idx1-ubyte, plain or .gz)
  dltrain evaluate k3f9 --data pictures          PNG and JPEG files, in a folder for each class
  dltrain evaluate 9xq2/12                       a member of a sweep; of a sweep the best one

RUN is an id, a unique prefix, a path, latest, or @1 (row of dltrain runs). Its own data are looked
for where the run found them; data.path=FILE or data.root=FOLDER says where they lie now. Another
file, of any format that tables have (dltrain help data), is prepared exactly like the training
rows, and read in parts, so it may be larger than memory;
it is said if it is one that the run learned from. Nothing is written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.run_argument import check_readable, chosen_run, print_note, query_blocks
from dltrain.cli.terminal.console import bold, dim, output, pairs, table, warning
from dltrain.cli.terminal.training_view import TrainingView
from dltrain.data.input_stream import InputStream, opened
from dltrain.runs.compare.confusion import ClassScore, confusion, per_class
from dltrain.runs.provenance import DATA_PATHS, settle_libraries
from dltrain.runs.record import as_json
from dltrain.runs.run import Run
from dltrain.system.digests import file_digest
from dltrain.text import figure

if TYPE_CHECKING:
    from dltrain.inference.evaluation import Evaluation
    from dltrain.inference.saved_model import Trained

USAGE = "dltrain evaluate RUN [--split SPLIT | --data FILE] [--epoch last|best] [--json]"
SPLITS = ("train", "val", "test")
# A matrix of more classes does not fit a terminal.
MAX_CLASSES = 20


def main(words: Sequence[str]) -> None:
    """Evaluate a run and print how it does."""
    parser = Parser("evaluate", __doc__ or "", USAGE)
    parser.add_argument("words", nargs="*", metavar="RUN", help="and KEY=VALUE: output_dir=FOLDER")
    parser.add_argument("--split", choices=SPLITS, help="of the run's own data (test)")
    parser.add_argument("--data", metavar="FILE", help="another file; - is standard input")
    parser.add_argument("--query", metavar="SELECT", help="the rows, where --data is a database")
    parser.add_argument(
        "--epoch", choices=("last", "best"), help="whose weights (those the run keeps)"
    )
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    arguments = parser.read(words)
    if arguments.data is not None and arguments.split is not None:
        raise UsageError(["--split: is of the run's own data; leave it out with --data"])
    settable = () if arguments.data is not None else DATA_PATHS
    run, changes = chosen_run(arguments.words, verb="evaluate", settable=settable)
    with refusing():
        files = [] if arguments.data is None else [arguments.data]
        check_readable(files, query=arguments.query)
        settle_libraries(run)
    view = TrainingView(output(sys.stderr))
    with view.working("loading torch"):
        from dltrain.inference.evaluation import evaluate
        from dltrain.inference.saved_model import load
    with refusing():
        if arguments.data is None:
            split = arguments.split or "test"
            evaluation = evaluate(run, split=split, epoch=arguments.epoch, changes=changes)
        else:
            trained = load(run, epoch=arguments.epoch, check_files=False)
            evaluation, note = _evaluate_file(trained, arguments.data, query=arguments.query)
            if note:
                view.show(warning(note))
            for text in evaluation.notes:
                print_note(text)
    if arguments.json:
        sys.stdout.write(_as_json(run, evaluation))
    else:
        _show(run, evaluation, source=arguments.data)


def _evaluate_file(trained: Trained, text: str, *, query: str | None) -> tuple[Evaluation, str]:
    """Evaluate a model on a file; say if its rows are no new ones to it."""
    from dltrain.inference.evaluation import evaluate_file, evaluate_table, familiar

    if query is not None:
        return evaluate_table(trained, query_blocks(text, query, trained)), ""
    is_image = trained.data.image_shape is not None
    if is_image and Path(text).is_dir():
        from dltrain.inference.picture_evaluation import evaluate_pictures

        evaluation, sha256 = evaluate_pictures(trained, Path(text))
        return evaluation, familiar(trained.run, name=text, digests=[sha256])
    with contextlib.ExitStack() as stack:
        if text == "-":
            if is_image:
                raise ValueError("--data -: images need a file, with their labels beside it")
            source = InputStream("standard input", sys.stdin.buffer)
        else:
            source = stack.enter_context(opened(Path(text), name=text))
        source.digest, labels = hashlib.sha256(), None
        if is_image:
            beside = labels_beside(Path(text))
            labels = stack.enter_context(opened(beside, name=str(beside)))
        evaluation = evaluate_file(trained, source, labels)
        digests = [source.digest.hexdigest()]
        digests += [] if source.path is None else [file_digest(source.path)]
        return evaluation, familiar(trained.run, name=source.name, digests=digests)


def labels_beside(images: Path) -> Path:
    """Return the labels that lie beside an IDX file of images.

    Raises:
        ValueError: If there are none, or the file is not named like images.
    """
    name = images.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    if name == images.name.removesuffix(".gz"):
        raise ValueError(
            f"--data {images}: images in an IDX file, as in t10k-images-idx3-ubyte, with their "
            "labels beside it, as in t10k-labels-idx1-ubyte"
        )
    beside = [images.with_name(name), images.with_name(f"{name}.gz")]
    existing = [path for path in beside if path.exists()]
    if not existing:
        raise ValueError(f"--data {images}: its labels are not beside it, as {beside[0]} or .gz")
    return existing[0]


def _show(run: Run, evaluation: Evaluation, *, source: str | None) -> None:
    from dltrain.inference.quoting import (
        by_class_note,
        interval_note,
        leading_figures,
        other_figures,
    )

    console = output()
    data = source or f"{evaluation.data.name}, {evaluation.split} split"
    underway = f", and {evaluation.steps:,} steps of the next" if evaluation.steps else ""
    facts: list[tuple[str, object]] = [
        ("run", run.id),
        ("data", f"{data}: {len(evaluation.targets):,} rows"),
        ("epoch", f"{evaluation.epoch:,}{underway}"),
    ]
    console.print(pairs([*facts, *leading_figures(evaluation)]))
    note = interval_note(evaluation)
    if note:
        console.print(dim(note))
    console.print("")
    others = other_figures(evaluation)
    if evaluation.data.class_names:
        console.print(pairs(others))
        names = list(evaluation.data.class_names)
        matrix = _matrix(evaluation)
        console.print("")
        console.print(_scores(names, per_class(matrix)))
        if note := by_class_note(evaluation):
            console.print(dim(note))
        if len(names) <= MAX_CLASSES:
            console.print("")
            console.print(bold("rows: what they are; columns: what they are taken for"))
            cells = [[name, *row] for name, row in zip(names, matrix.tolist(), strict=True)]
            console.print(table([evaluation.data.target_name, *names], cells, right=names))
        return
    row, error = _largest_error(evaluation)
    target, prediction = figure(evaluation.targets[row]), figure(evaluation.predictions[row])
    values = f"true {target}, predicted {prediction}"
    largest = ("largest error", f"{figure(error)} in row {row:,}, from 0 ({values})")
    console.print(pairs([*others, largest]))


def _matrix(evaluation: Evaluation) -> Any:
    classes = len(evaluation.data.class_names)
    return confusion(evaluation.targets, evaluation.predictions, num_classes=classes)


def _scores(names: Sequence[str], scores: Sequence[ClassScore]) -> object:
    columns = ["class", "precision", "recall", "f1", "rows"]
    rows = [
        [name, figure(s.precision), figure(s.recall), figure(s.f1), f"{s.support:,}"]
        for name, s in zip(names, scores, strict=True)
    ]
    return table(columns, rows, right=columns[1:])


def _largest_error(evaluation: Evaluation) -> tuple[int, float]:
    """Return the row, counted from 0, that is predicted worst, and by how much it is wrong."""
    errors = np.abs(evaluation.predictions - evaluation.targets)
    return int(errors.argmax()), float(errors.max())


def _as_json(run: Run, evaluation: Evaluation) -> str:
    """Write all of it as JSON; what is not finite becomes null."""
    result: dict[str, Any] = {
        "run": run.id,
        "split": evaluation.split,
        "epoch": evaluation.epoch,
        "rows": len(evaluation.targets),
        "metrics": evaluation.metrics,
        "intervals": evaluation.intervals,
    }
    if evaluation.data.class_names:
        matrix = _matrix(evaluation)
        scores: Mapping[str, ClassScore] = dict(
            zip(evaluation.data.class_names, per_class(matrix), strict=True)
        )
        result["classes"] = {name: vars(score) for name, score in scores.items()}
        result["confusion"] = matrix.tolist()
    else:
        result["largest_error"] = _largest_error(evaluation)[1]
    # Foreign text with nothing in it that a terminal would obey.
    return f"{json.dumps(json.loads(as_json(result)), indent=2)}\n"
