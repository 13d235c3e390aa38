"""What is shown on the terminal: safe text, tables, and in the rooms inside the live views.

The only place that imports rich. Text from outside (column names, paths, run folders) is data: it
is never read as markup and its control characters are shown, not obeyed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO

import rich.console
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from dltrain.cli.terminal.stream import LastingStream
from dltrain.text import escaped, number_or_dash

MAX_TEXT = 300
# What is left of a column on a narrow terminal, if its cells are as long.
MIN_COLUMN = 6
# A pipe has no edge to wrap at; tables are as wide as their content.
PIPE_WIDTH = 4096


def safe(text: object, *, limit: int = MAX_TEXT) -> str:
    r"""Escape whatever a terminal would obey, and bound the length.

    Example:
        >>> safe("red \x1b[31m")
        'red \\x1b[31m'
    """
    whole = str(text)
    shown = escaped(whole[: limit + 1])
    return shown if len(whole) <= limit else f"{shown[:limit]}..."


class _Console(rich.console.Console):
    """A console that tells when its reader has gone, where rich would exit by itself."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def output(file: IO[str] | None = None) -> rich.console.Console:
    """Return the console to print on: plain in a pipe, coloured on a terminal."""
    console = _Console(file=file, markup=False, emoji=False, highlight=False, soft_wrap=True)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    reconfigure = getattr(console.file, "reconfigure", None)
    if reconfigure is not None:  # a character the terminal cannot show is no reason to stop
        reconfigure(errors="backslashreplace")
    return console


def lasting(console: rich.console.Console) -> LastingStream:
    """Let a console outlive its terminal, whichever thread draws on it; return its stream."""
    stream = LastingStream(console.file)
    console.file = stream.as_file()
    return stream


def show(console: rich.console.Console, things: Iterable[object]) -> None:
    """Print one below the other."""
    for thing in things:
        console.print(thing)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[str] = (),
    wrapping: Sequence[str] | None = None,
) -> Rows:
    """Lay out rows of foreign text; ``wrapping`` columns, or all, give way where it is narrow."""
    cells = [[cell if isinstance(cell, Text) else safe(cell) for cell in row] for row in rows]
    stiff = [wrapping is not None and name not in wrapping for name in columns]
    return Rows([safe(name) for name in columns], cells, [name in right for name in columns], stiff)


def cells_line(cells: Sequence[str], names: Sequence[str], *, least: int) -> str:
    """Put cells into a line, each as wide as its column's name or at least so wide, on the right.

    For rows that come one by one, so that nobody knows yet how wide they are.
    """
    widths = [max(len(name), least) for name in names]
    pairs = zip(cells, widths, strict=True)
    return "  ".join(f"{safe(cell):>{width}}" for cell, width in pairs)


@dataclass(frozen=True)
class Rows:
    """A table. If it fits the terminal its lines are put together here, else rich wraps its cells.

    Rich takes 0.7 ms for a row, which a list of a thousand runs would feel.
    """

    columns: Sequence[str]
    cells: Sequence[Sequence[str | Text]]
    right: Sequence[bool]
    stiff: Sequence[bool]

    def __rich_console__(
        self, console: rich.console.Console, options: rich.console.ConsoleOptions
    ) -> Iterator[Text | Table]:
        lines = [[Text(name, style="bold") for name in self.columns], *self.cells]
        columns = list(zip(*lines, strict=True))
        widths = [max(map(_width, column)) for column in columns]
        if not self.fits(options.max_width):
            yield self._wrapped()
            return
        padded = [
            [_padded(cell, width, right=right) for cell in column]
            for column, width, right in zip(columns, widths, self.right, strict=True)
        ]
        yield Text("\n").join(_line(cells) for cells in zip(*padded, strict=True))

    def fits(self, width: int) -> bool:
        """Whether so many columns are enough for each row to stand on one line."""
        columns = zip(self.columns, *self.cells, strict=True)
        widths = [max(map(_width, column)) for column in columns]
        return sum(widths) + 2 * (len(widths) - 1) <= width

    def with_short_names(self) -> Rows:
        """Call columns by the last parts of their names, where those tell them apart."""
        ends = [name.rpartition(".")[2] for name in self.columns]
        pairs = zip(self.columns, ends, strict=True)
        names = [end if ends.count(end) == 1 else name for name, end in pairs]
        return replace(self, columns=names)

    def _wrapped(self) -> Table:
        result = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
        for i, name in enumerate(self.columns):
            longest = max((len(row[i]) for row in self.cells), default=0)
            result.add_column(
                Text(name),
                min_width=min(longest, MIN_COLUMN),
                justify="right" if self.right[i] else "left",
                overflow="ellipsis" if self.stiff[i] else "fold",
                no_wrap=self.stiff[i],
            )
        for row in self.cells:
            result.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
        return result


def _width(cell: str | Text) -> int:
    """Return how many columns a cell takes on the terminal."""
    return cell.cell_len if isinstance(cell, Text) else cell_len(cell)


def _line(cells: Sequence[str | Text]) -> Text:
    plain = [cell for cell in cells if isinstance(cell, str)]
    if len(plain) == len(cells):  # a single text is many times quicker than one for each cell
        return Text("  ".join(plain).rstrip())
    line = Text("  ").join(Text(cell) if isinstance(cell, str) else cell for cell in cells)
    line.rstrip()
    return line


def _padded(cell: str | Text, width: int, *, right: bool) -> str | Text:
    space = " " * (width - _width(cell))
    if isinstance(cell, Text):
        return Text.assemble(space, cell) if right else Text.assemble(cell, space)
    return space + cell if right else cell + space


def published(rows: Sequence[Mapping[str, object]]) -> Rows:
    """Lay out results beside published ones, as ``run.json`` has them."""
    cells = [
        [
            row.get("metric"),
            number_or_dash(row.get("value")),
            number_or_dash(row.get("published")),
            f"{number_or_dash(row.get('low'))} to {number_or_dash(row.get('high'))}",
            "yes" if row.get("inside") is True else "NO",
            row.get("source"),
        ]
        for row in rows
    ]
    columns = ["result", "yours", "published", "band", "inside", "source"]
    return table(columns, cells, right=["yours", "published"])


def pairs(items: Sequence[tuple[str, object]]) -> rich.console.Group:
    """Lay out names and what they are, one per line, the names in a column."""
    width = max((len(name) for name, _ in items), default=0)
    return rich.console.Group(
        *(
            Text.assemble(
                (f"{safe(name):<{width}}  ", "dim"),
                value if isinstance(value, Text) else safe(value, limit=2000),
            )
            for name, value in items
        )
    )


def bold(text: str) -> Text:
    """Stress a text."""
    return Text(safe(text), style="bold")


def dim(text: str) -> Text:
    """Put a text into the background."""
    return Text(safe(text, limit=1000), style="dim")


def warning(text: str) -> Text:
    """Make a text hard to overlook."""
    return Text(f"WARNING: {safe(text, limit=1000)}", style="bold yellow")
