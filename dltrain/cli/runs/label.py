"""Give a run a word to remember it by.

The list shows it, and --where 'label == TEXT' finds it. Without a text the label is printed; an
empty one ("") takes it away. It lies in label.txt in the run's folder and changes nothing else.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from dltrain.cli.arguments import Parser, UsageError, output_dir_of, refusing
from dltrain.cli.terminal.console import output, safe
from dltrain.config.overrides import Overrides
from dltrain.runs.find import find
from dltrain.runs.layout import LABEL, MAX_LABEL
from dltrain.runs.run import Run
from dltrain.system import disk
from dltrain.text import escaped

USAGE = "dltrain runs label RUN [TEXT] [output_dir=FOLDER]"


def main(words: Sequence[str]) -> None:
    """Label, or print the label."""
    parser = Parser("runs label", __doc__ or "", USAGE)
    parser.add_argument("run", metavar="RUN", nargs="?", default="")
    parser.add_argument("text", metavar="TEXT", nargs="?")
    parser.add_argument("words", nargs="*", metavar="output_dir=FOLDER", help=argparse.SUPPRESS)
    overrides = Overrides.parse(words)  # a TEXT may hold an equals sign as well
    folder = output_dir_of(overrides)
    arguments = parser.read(overrides.without("output_dir").words)
    if arguments.words:
        raise UsageError([f"runs label: {arguments.words[0]} is one argument too many; quote TEXT"])
    with refusing():
        run = find(arguments.run, folder)
        if arguments.text is not None:
            label(run, arguments.text)
    shown = safe(arguments.text if arguments.text is not None else run.label)
    output().print(f"{safe(run.short)}: {shown or 'no label'}")


def label(run: Run, text: str) -> None:
    """Write a label into a run's folder, or take it away.

    Raises:
        ValueError: If it is too long, or holds what a terminal would obey.
        StorageError: If it cannot be written.
    """
    text = text.strip()
    if escaped(text) != text or len(text.encode()) > MAX_LABEL:
        raise ValueError(
            f"label={safe(text, limit=80)}: must be a line of at most {MAX_LABEL} bytes, "
            "without control characters"
        )
    path = run.folder / LABEL
    if text:
        disk.replace(path, f"{text}\n".encode())
    else:
        disk.remove(path)
