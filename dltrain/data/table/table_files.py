"""The files that a table is read from, as the knobs of paths name them."""

from __future__ import annotations

import re
from pathlib import Path

from dltrain.data.table.formats import open_file
from dltrain.data.table.options import Options
from dltrain.data.table.several_files import SeveralFiles
from dltrain.data.table.table import Table
from dltrain.system.paths import PACKAGED, expanded, table_files

# What a packed file is called behind its own name.
PACKED = re.compile(r"\.(gz|bz2|xz|zst|zip)$")


def read_table(path: str, options: Options) -> tuple[Table, SeveralFiles, str]:
    """Read the table; return it, its files and what a data set calls its source."""
    paths = {"path": path, "val_path": options.val_path, "test_path": options.test_path}
    files = {
        role: file
        for knob, text in paths.items()
        if text is not None
        for role, file in table_files(knob, text).items()
    }
    first = next(iter(files.values()))
    labels = [options.target] if options.task != "regression" else []
    groups = [options.splitting[knob] for knob in ("group", "split") if knob in options.splitting]
    try:
        several = SeveralFiles(
            {
                role: open_file(str(file), file, reading=options.reading)
                for role, file in files.items()
            }
        )
        table = Table(
            str(first),
            several,
            missing_values=options.missing_values,
            as_text=[*options.categorical, *labels, *groups],
            unused=[name for name in options.drop if name not in options.not_features],
        )
    except OSError as error:
        name = Path(error.filename or first)
        role = next((role for role, file in files.items() if file == name), "path")
        knob = role.partition("[")[0]
        raise ValueError(f"data.{knob}={name}: {error.strerror}") from None
    texts = [text for text in paths.values() if text is not None]
    sources = [text if text.startswith(PACKAGED) else str(expanded(text)) for text in texts]
    return table, several, ", ".join(sources)


def name_of(files: SeveralFiles) -> str:
    """Name a data set after the files that train."""
    count = sum(role.startswith("path") for role in files.digests)
    stem = Path(PACKED.sub("", files.name)).stem
    return stem if count == 1 else f"{stem}-and-{count - 1}-more"
