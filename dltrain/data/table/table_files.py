"""The files that a table is read from, as the knobs of paths name them."""

from __future__ import annotations

import re
from pathlib import Path

from dltrain.data.table.formats import open_file
from dltrain.data.table.options import Options
from dltrain.data.table.query import QueryRows
from dltrain.data.table.several_files import SeveralFiles
from dltrain.data.table.table import Table
from dltrain.system.database_urls import database_name, is_url
from dltrain.system.paths import PACKAGED, expanded, table_files

# What a packed file is called behind its own name.
PACKED = re.compile(r"\.(gz|bz2|xz|zst|zip)$")


def read_table(path: str | None, options: Options) -> tuple[Table, SeveralFiles, str]:
    """Read the table; return it, its files and what a data set calls its source."""
    if options.url is not None and options.query is not None:
        rows = SeveralFiles({"path": QueryRows(options.url, options.query)})
        return _table(rows, options), rows, rows.name
    paths = {"path": path, "val_path": options.val_path, "test_path": options.test_path}
    files = {
        role: file
        for knob, text in paths.items()
        if text is not None
        for role, file in table_files(knob, text).items()
    }
    first = next(iter(files.values()))
    try:
        several = SeveralFiles(
            {
                role: open_file(str(file), file, reading=options.reading)
                for role, file in files.items()
            }
        )
        table = _table(several, options)
    except OSError as error:
        name = Path(error.filename or first)
        role = next((role for role, file in files.items() if file == name), "path")
        knob = role.partition("[")[0]
        raise ValueError(f"data.{knob}={name}: {error.strerror}") from None
    texts = [text for text in paths.values() if text is not None]
    sources = [text if text.startswith(PACKAGED) else str(expanded(text)) for text in texts]
    return table, several, ", ".join(sources)


def _table(files: SeveralFiles, options: Options) -> Table:
    labels = [options.target] if options.task != "regression" else []
    groups = [options.splitting[knob] for knob in ("group", "split") if knob in options.splitting]
    return Table(
        files.name,
        files,
        missing_values=options.missing_texts,
        as_text=[*options.categorical, *labels, *groups],
        unused=[name for name in options.drop if name not in options.not_features],
        writings=dict.fromkeys(files.header, options.writing),
    )


def name_of(files: SeveralFiles) -> str:
    """Name a data set after the files that train, or their database."""
    if is_url(files.name):
        return database_name(files.name)
    count = sum(role.startswith("path") for role in files.digests)
    stem = Path(PACKED.sub("", files.name)).stem
    return stem if count == 1 else f"{stem}-and-{count - 1}-more"
