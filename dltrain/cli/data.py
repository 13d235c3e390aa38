"""Show what a data set looks like to dltrain, without training.

For tables: columns and what became of them, missing cells, imputed values, first prepared rows.
For images: a contact sheet as PNG and a preview in the terminal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dltrain.cli.arguments import Parser, refusing
from dltrain.cli.terminal.console import bold, dim, output, pairs, table, warning
from dltrain.config.choices import Task
from dltrain.config.load import load
from dltrain.config.rules import fitting
from dltrain.data.dataset import Amounts, Column, Dataset
from dltrain.system import disk
from dltrain.system.paths import expanded, label
from dltrain.text import counted, figure
from dltrain.train import build

USAGE = "dltrain data [OVERRIDE ...] [--rows N]"
MAX_COLUMNS = 12


def main(words: Sequence[str]) -> None:
    """Print a data set."""
    parser = Parser("data", __doc__ or "", USAGE).composing()
    parser.add_argument("--rows", type=int, default=5, metavar="N", help="prepared rows to print")
    arguments = parser.read(words)
    with refusing():
        config = load(
            arguments.overrides,
            config_dir=arguments.config_dir,
            config_name=arguments.config_name,
            fitting=False,
        )
        data = build.dataset(config)
    console = output()
    console.print(pairs(_facts(data)))
    for line in [*map(warning, data.warnings), *(dim(f"note: {note}") for note in data.notes)]:
        console.print(line)
    if data.columns:
        console.print("")
        console.print(
            table(_COLUMNS, [_column(c) for c in data.columns], right=["missing", "imputed"])
        )
    console.print("")
    console.print(_targets(data))
    console.print("")
    if data.image_shape is not None:
        sheet = expanded(config.output_dir) / f"{label(data.name)}.png"
        _pictures(data, sheet, console.print)
    else:
        console.print(bold("first prepared training rows"))
        console.print(_first_rows(data, max(arguments.rows, 0)))


def _facts(data: Dataset) -> list[tuple[str, object]]:
    rows = ", ".join(f"{len(split):,} {name}" for name, split in data.splits.items())
    models = ", ".join(fitting("model", Task(data.task)))
    return [
        ("data", data.name),
        ("source", data.source),
        ("sha256", data.sha256),
        ("task", f"{data.task} of {data.target_name} (model={models})"),
        ("rows", rows),
        ("features", f"{data.in_features:,}"),
        *data.lines,
    ]


_COLUMNS = ["column", "role", "missing", "imputed", "became"]


def _column(column: Column) -> list[str]:
    return [
        column.name,
        column.role,
        f"{column.missing:,}",
        "" if column.imputed is None or not column.missing else figure(column.imputed),
        _became(column),
    ]


def _became(column: Column) -> str:
    """Say in a few words what became of a column."""
    changed = (column.mean, column.deviation) != (0, 1)
    match column.role:
        case "number":
            return "standardised" if changed else "itself"
        case "weight":
            return "the weights of the rows"
        case "target":
            what = "the target's logarithm" if column.log else "the target"
            return f"{what}, standardised" if changed else what
        case "category":
            count, names = len(column.features), ", ".join(column.features[:6])
            more = ", ..." if count > 6 else ""
            return f"{counted(count, 'column')} of 0 and 1: {names}{more}"
        case "date":
            return f"what follows, read as {column.written}"
        case _:
            return "nothing"


def _targets(data: Dataset) -> object:
    """Describe the targets: class balance, or mean, spread and range in their own units."""
    splits = {name: split.targets for name, split in data.splits.items() if len(split)}
    if data.class_names:
        rows: list[list[object]] = []
        for index, name in enumerate(data.class_names):
            counts = [int((targets == index).sum()) for targets in splits.values()]
            shares = [
                f"{n:,} ({n / len(t):.1%})" for n, t in zip(counts, splits.values(), strict=True)
            ]
            rows.append([name, *shares])
        return table(["class", *splits], rows, right=list(splits))
    rows = []
    scale = data.target_scale
    for name, targets in splits.items():
        # A table knows its file's own numbers, which rounding and scaling do not give back.
        amounts = data.amounts.get(name) or Amounts.of(scale.original(targets))
        rows.append([name, *map(figure, dataclasses.astuple(amounts))])
    columns = [data.target_name, "mean", "deviation", "smallest", "largest"]
    return table(columns, rows, right=columns[1:])


def _first_rows(data: Dataset, count: int) -> object:
    names = data.feature_names[:MAX_COLUMNS]
    more = data.in_features > MAX_COLUMNS
    columns = [*names, *(["..."] if more else []), f"-> {data.target_name}"]
    rows = []
    for inputs, target in zip(data.train.inputs[:count], data.train.targets[:count], strict=True):
        cells = [figure(float(x)) for x in inputs[:MAX_COLUMNS]]
        label = data.class_names[int(target)] if data.class_names else figure(float(target))
        rows.append([*cells, *(["..."] if more else []), label])
    return table(columns, rows, right=columns)


def _pictures(data: Dataset, sheet: Path, show: object) -> None:
    """Write the contact sheet, and draw one image per class in the terminal."""
    from dltrain.data.images.contact_sheet import contact_sheet, one_per_class, shaded
    from dltrain.data.images.form import is_ink

    assert callable(show)
    assert data.image_shape is not None
    images = data.train.inputs.reshape(-1, *data.image_shape).astype(np.uint8, copy=False)
    chosen = one_per_class(data.train.targets, classes=len(data.class_names), count=16)
    width = 14
    for start in range(0, len(chosen), 5):
        part = range(start, min(start + 5, len(chosen)))
        drawn = [shaded(images[chosen[index][0]], columns=width) for index in part if chosen[index]]
        for lines in zip(*drawn, strict=True):
            show("  ".join(lines))
        show(dim("  ".join(f"{data.class_names[index]:<{width}}" for index in part)))
    disk.make_folder(sheet.parent)
    disk.replace(sheet, contact_sheet(images, chosen, ink=is_ink(data)))
    show("")
    show(pairs([("sheet", str(sheet))]))
