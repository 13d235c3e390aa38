"""What must hold of a run because of one of its kinds; asked through the table of kinds.

Every rule takes a whole ``RunConfig`` and yields what the user can mend.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dltrain.config.knob import Problem
from dltrain.config.schema import MAX_NUMBERS, RunConfig
from dltrain.system.database_urls import FORMS, PASSWORD, url_problem, without_password
from dltrain.system.paths import (
    MAX_FILES,
    PACKAGED,
    SHIPPED,
    expanded,
    problem_with,
    table_files,
)
from dltrain.text import DATE_DIRECTIVES, closest, is_date_format, is_encoding


def least_squares(run: RunConfig) -> Iterable[Problem]:
    """The analytic solution is of one model and one loss, and takes one step."""
    if run.model.kind != "linear":
        yield Problem(
            "optimizer",
            f"optimizer=least_squares solves model=linear only, not model={run.model.kind}; "
            "use model=linear, or optimizer=sgd, adam or adamw",
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
            "leave out trainer.epochs and trainer.batch_size, or choose another optimizer, such as "
            "optimizer=adam",
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


_TABLE_FILES = ("path", "val_path", "test_path")


def table(run: RunConfig) -> Iterable[Problem]:
    """The CSV files are there, and what is said of its columns goes together."""
    data = run.data
    if data.url is None and data.query is None:
        yield from _files_of_table(run)
    else:
        yield from _database(run)
    # Else the table is asked what columns it has.
    if data.path is None and data.url is None and data.target is None:
        yield Problem("data.target", "which column is to be predicted? Add data.target=COLUMN")
    yield from _fractions(run)
    if data.target in data.drop or data.target in (data.features or []):
        yield Problem("data.target", "cannot also be in data.drop or data.features")
    if data.log_target and data.task == "classification":
        yield Problem("data.log_target", "classes have no logarithm; leave it out")
    if data.weight is not None and data.weight == data.target:
        yield Problem("data.weight", "cannot also be data.target")
    if data.weight is not None and data.weight in (data.features or []):
        yield Problem("data.weight", "is not learned from; take it out of data.features")
    delimiter = (data.delimiter or ",").replace("\\t", "\t")
    printable = delimiter == "\t" or delimiter.isprintable()
    if len(delimiter) != 1 or not delimiter.isascii() or not printable or delimiter == '"':
        yield Problem("data.delimiter", "must be one ASCII character, or \\t for a tab")
    if data.thousands == data.decimal:
        yield Problem("data.thousands", "cannot also be data.decimal")
    if data.date_format is not None and not is_date_format(data.date_format):
        known = " ".join(f"%{letter}" for letter in DATE_DIRECTIVES)
        advice = f"is no format such as %d/%m/%Y, of {known}, each at most once"
        yield Problem("data.date_format", advice)
    if data.encoding is not None and not is_encoding(data.encoding):
        yield Problem("data.encoding", "is no encoding that Python knows, such as cp1252 or utf-16")


def _files_of_table(run: RunConfig) -> Iterable[Problem]:
    if run.data.path is None:
        more = "or data.url=... and data.query=... of a database"
        yield Problem("data.path", f"which table? Add data.path=FILE, {more}")
    for knob in _TABLE_FILES:
        text = getattr(run.data, knob)
        if text is not None and (problem := _not_tables(knob, text)):
            yield Problem(f"data.{knob}", problem)


def _database(run: RunConfig) -> Iterable[Problem]:
    if run.data.url is None:
        yield Problem("data.url", f"which database? Add data.url=..., as in {FORMS}")
    elif problem := url_problem(run.data.url):
        yield Problem("data.url", problem)
    if run.data.query is None:
        yield Problem("data.query", "which rows? Add 'data.query=SELECT ...'")
    for knob in _TABLE_FILES:
        if getattr(run.data, knob) is not None:
            yield Problem(f"data.{knob}", "is a file, beside a database; leave out one of them")


def _fractions(run: RunConfig) -> Iterable[Problem]:
    total = run.data.val_fraction + run.data.test_fraction
    if total >= 1:
        yield Problem(
            "data.val_fraction",
            f"data.val_fraction and data.test_fraction add up to {total:g}; "
            "they must leave rows to train on (less than 1)",
        )


# What decides on its own which rows validate or test, and so does not go with each other.
_AT_ODDS = {
    "split": ("group", "order", "val_path", "test_path", "folds"),
    "group": ("order", "val_path", "test_path"),
    "order": ("val_path", "test_path"),
    "folds": ("val_path",),
}


def splits(run: RunConfig) -> Iterable[Problem]:
    """What is said of a table's splits goes together, and of its database no password."""
    data = run.data
    if data.url is not None and without_password(data.url) != data.url:
        yield Problem("data.url", PASSWORD)
    for first, others in _AT_ODDS.items():
        for second in others:
            if getattr(data, first) is not None and getattr(data, second) is not None:
                advice = f"and so does data.{second}={getattr(data, second)}; leave out one of them"
                yield Problem(f"data.{first}", f"decides which rows validate or test, {advice}")
    for knob in ("group", "order", "split"):
        column = getattr(data, knob)
        if column is not None and column == data.target:
            yield Problem(f"data.{knob}", "cannot also be data.target")
        elif column is not None and knob != "order" and column in (data.features or []):
            yield Problem(f"data.{knob}", "is not learned from; take it out of data.features")
    yield from folds(run)


def folds(run: RunConfig) -> Iterable[Problem]:
    """One of the folds is chosen."""
    count, fold = run.data.folds, run.data.fold
    if count is None and fold is not None:
        yield Problem("data.fold", "is one of how many? Add data.folds=5, or leave it out")
    elif fold is not None and fold >= count:
        yield Problem("data.fold", f"must be less than data.folds={count}: the first fold is 0")
    elif count is not None and fold is None:
        sweep = f"`dltrain -m ... data.folds={count}` trains all of them"
        yield Problem("data.folds", f"stands for {count} runs: {sweep}, data.fold=0 the first one")


def images(run: RunConfig) -> Iterable[Problem]:
    """Either training images validate, or the test images do."""
    yield from folds(run)
    for key in ("num_val", "folds"):
        if run.data.test_validates and getattr(run.data, key):
            none = {"num_val": "data.num_val=0", "folds": "data.folds=null"}[key]
            yield Problem(
                f"data.{key}",
                f"some training images would validate beside the test images; {none}, "
                "or data.test_validates=false",
            )


def _not_tables(knob: str, text: str) -> str | None:
    """Say what keeps a text from naming the files of a table, or return None."""
    if "://" in text or text.startswith(PACKAGED):
        return _not_a_table(text)
    paths = list(table_files(knob, text).values())
    if not paths:
        return "no such file: none has a name like that"
    if len(paths) > MAX_FILES:
        return f"more than {MAX_FILES:,} files have a name like that"
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        return f"{twice} is named twice"
    problems = ((path, _not_a_table(str(path))) for path in paths)
    path, problem = next(((p, found) for p, found in problems if found), (None, None))
    return problem if len(paths) == 1 or path is None else f"{path}: {problem}"


def _not_a_table(text: str) -> str | None:
    """Say what keeps a path from being a table's, or return None."""
    if "://" in text:
        return "only local files are read; download it first"
    if text.startswith(PACKAGED):
        names = sorted(file.name for file in SHIPPED.glob("*.csv"))
        known = text.removeprefix(PACKAGED) in names
        return None if known else f"dltrain ships no such table (there are: {', '.join(names)})"
    path = expanded(text)
    problem = problem_with(path)
    if problem or not path.is_file():
        return problem or f"{_missing(path)}{_neighbours(path)}"
    return None


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
            f"with {len(data.w):,} weights and data.num_val={data.num_val} this makes "
            f"{8 * numbers / 2**30:.0f} GiB of data; at most {8 * MAX_NUMBERS / 2**30:.0f} GiB",
        )


def images_root(run: RunConfig) -> Iterable[Problem]:
    """The folder of images is there, if one is named."""
    root = run.data.root
    if root is not None:
        problem = problem_with(expanded(root))
        if problem or not expanded(root).is_dir():
            yield Problem("data.root", problem or "no such folder")


def picture_splits(run: RunConfig) -> Iterable[Problem]:
    """Some pictures train, and one of the folds is chosen."""
    yield from _fractions(run)
    yield from folds(run)


def pictures_path(run: RunConfig) -> Iterable[Problem]:
    """The folder of pictures is there."""
    if run.data.path is None:
        yield Problem("data.path", "which folder of pictures? Add data.path=FOLDER")
    else:
        path = expanded(run.data.path)
        if (problem := problem_with(path)) or not path.is_dir():
            yield Problem("data.path", problem or "no such folder")


def idx_path(run: RunConfig) -> Iterable[Problem]:
    """The folder of IDX files is there."""
    if run.data.path is None:
        yield Problem("data.path", "which folder of IDX files? Add data.path=FOLDER")
    else:
        path = expanded(run.data.path)
        if (problem := problem_with(path)) or not (path.is_dir() or path.parent.is_dir()):
            yield Problem("data.path", problem or "no such folder")
