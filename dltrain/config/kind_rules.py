"""What must hold of a run because of one of its kinds; asked through the table of kinds.

Every rule takes a whole ``RunConfig`` and yields what the user can mend.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dltrain.config.knob import Problem
from dltrain.config.schema import MAX_NUMBERS, RunConfig
from dltrain.system.paths import expanded, problem_with
from dltrain.text import closest

PACKAGED = Path(__file__).parents[1] / "data" / "files"


def least_squares(run: RunConfig) -> Iterable[Problem]:
    """The analytic solution is of one model and one loss, and takes one step."""
    if run.model.kind != "linear":
        yield Problem(
            "optimizer",
            f"optimizer=least_squares solves model=linear only, not model={run.model.kind}; "
            "use optimizer=sgd, adam or adamw",
        )
    if run.loss.kind not in ("auto", "squared_error"):
        yield Problem(
            "optimizer",
            f"optimizer=least_squares makes the squared error small, not loss={run.loss.kind}; "
            "leave out one of the two",
        )
    if run.trainer.epochs != 1 or run.trainer.batch_size is not None:
        yield Problem(
            "optimizer",
            "optimizer=least_squares takes one step over all rows; "
            "leave out trainer.epochs and trainer.batch_size",
        )
    if run.trainer.max_grad_norm is not None:
        yield Problem(
            "trainer.max_grad_norm",
            "has no effect with optimizer=least_squares, which follows no gradient; leave it out",
        )


def nesterov(run: RunConfig) -> Iterable[Problem]:
    """Looking ahead along the momentum needs some."""
    if run.optimizer.nesterov and run.optimizer.momentum == 0:
        yield Problem("optimizer.nesterov", "needs optimizer.momentum greater than 0")


def table(run: RunConfig) -> Iterable[Problem]:
    """A CSV file is there, and what is said of its columns goes together."""
    data = run.data
    if data.path is None:
        yield Problem("data.path", "which table? Add data.path=FILE")
    elif "://" in data.path:
        yield Problem("data.path", "only local files are read; download it first")
    elif data.path.startswith("package:"):
        names = sorted(file.name for file in PACKAGED.glob("*.csv"))
        if data.path.removeprefix("package:") not in names:
            yield Problem(
                "data.path", f"dltrain ships no such table (there are: {', '.join(names)})"
            )
    else:
        path = expanded(data.path)
        problem = problem_with(path)
        if problem or not path.is_file():
            yield Problem("data.path", problem or f"{_missing(path)}{_neighbours(path)}")
    if data.target is None:
        yield Problem("data.target", "which column is to be predicted? Add data.target=COLUMN")
    if data.val_fraction + data.test_fraction >= 1:
        total = data.val_fraction + data.test_fraction
        yield Problem(
            "data.val_fraction",
            f"data.val_fraction and data.test_fraction add up to {total:g}; "
            "they must leave rows to train on (less than 1)",
        )
    if data.target in data.drop or data.target in (data.features or []):
        yield Problem("data.target", "cannot also be in data.drop or data.features")
    delimiter = data.delimiter.replace("\\t", "\t")
    printable = delimiter == "\t" or delimiter.isprintable()
    if len(delimiter) != 1 or not delimiter.isascii() or not printable or delimiter == '"':
        yield Problem("data.delimiter", "must be one ASCII character, or \\t for a tab")


def _missing(path: Path) -> str:
    """Say what keeps a path from being a file."""
    if path.exists() and not path.is_dir():
        return "is a pipe or a device; copy what it gives into a file"
    return "no such file"


def _neighbours(path: Path) -> str:
    """Suggest a file of nearly the same name in the same folder."""
    if not path.parent.is_dir():
        return f" (and no folder {path.parent})"
    if path.exists():
        return "; it is a folder" if path.is_dir() else ""
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return ""
    return closest(path.name, names)


def synthetic_size(run: RunConfig) -> Iterable[Problem]:
    """The rows fit a memory."""
    data = run.data
    numbers = len(data.w) * (data.num_train + data.num_val)
    if numbers > MAX_NUMBERS:
        yield Problem(
            "data.num_train",
            f"with {len(data.w)} weights and data.num_val={data.num_val} this makes "
            f"{8 * numbers / 2**30:.0f} GiB of data; at most {8 * MAX_NUMBERS / 2**30:.0f} GiB",
        )


def images_root(run: RunConfig) -> Iterable[Problem]:
    """The folder of images is there, if one is named."""
    root = run.data.root
    if root is not None:
        problem = problem_with(expanded(root))
        if problem or not expanded(root).is_dir():
            yield Problem("data.root", problem or "no such folder")
