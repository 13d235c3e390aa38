"""Predict with a saved run: a table in, a table out; or images in, a table out.

  dltrain predict latest --data new.csv                       to standard output
  dltrain predict k3f9 --data new.csv --output predicted.csv  to a file, whole or not at all
  dltrain predict k3f9 --data new.csv --output p.parquet      as Parquet; of other names only .csv,
                                                              .tsv and .txt are written
  cat new.csv | dltrain predict k3f9 --data - | head          from standard input
  dltrain predict k3f9 --data sqlite:///shop.db --query "SELECT * FROM orders"   a query's rows
  dltrain predict k3f9 --data shoe.png bag.jpg                pictures; or a folder of them
  dltrain predict k3f9 --data t10k-images-idx3-ubyte.gz       an IDX file of images
  dltrain predict 9xq2 --data new.csv                         the best member of a sweep
  dltrain predict 9xq2/12 --data new.csv                      another member

A table needs the columns that the run learned from, in any order, beside any others; the target may
be missing. It is prepared exactly like the training rows: missing numbers become what they became
then, and so on; text among numbers is refused with its line, and a category that no training row
has counts as none of them, which is said. The data the run learned from are not needed. A table may
be text, packed or not, Parquet, Feather or Excel, whatever the run was trained on (dltrain help
data), and larger than memory.

What comes out are the columns that went in, as they stood there (file of a picture, row of an IDX
file, counted from 0), then prediction, in the target's own units or as the class's name, and
probability_CLASS for each class; where the run learned from columns of such names, these begin with
dltrain_. A text such as =1+1 stays what it is: for a spreadsheet, which would compute it, add
--safe-cells. A file that is there is not replaced without --overwrite.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.run_argument import check_readable, chosen_run, print_note, query_blocks
from dltrain.cli.terminal.console import output, pairs
from dltrain.cli.terminal.training_view import TrainingView
from dltrain.config.overrides import Overrides
from dltrain.data.input_stream import InputStream, opened
from dltrain.runs.provenance import settle_libraries
from dltrain.system import disk
from dltrain.system.paths import problem_with
from dltrain.system.signals import Interruption, stopping
from dltrain.text import duration, escaped_lines

if TYPE_CHECKING:
    from dltrain.inference.prediction import Predictor
    from dltrain.inference.saved_model import Trained

USAGE = "dltrain predict RUN --data FILE [--output FILE] [--epoch last|best] [output_dir=FOLDER]"
TEXT_NAMES, PARQUET = ("", ".csv", ".tsv", ".txt"), ".parquet"  # how an output's name may end


def main(words: Sequence[str]) -> None:
    """Predict files, and write the predictions."""
    parser = Parser("predict", __doc__ or "", USAGE)
    parser.add_argument("words", nargs="*", metavar="RUN", help="and output_dir=FOLDER")
    parser.add_argument(
        "--data", nargs="+", metavar="FILE", help="what to predict; - is standard input"
    )
    parser.add_argument("--query", metavar="SELECT", help="the rows, where --data is a database")
    parser.add_argument("--output", metavar="FILE", help="where to; - is standard output, as usual")
    parser.add_argument("--overwrite", action="store_true", help="replace the file of --output")
    parser.add_argument(
        "--safe-cells",
        action="store_true",
        help="put an apostrophe before texts that a spreadsheet would compute, as =1+1",
    )
    parser.add_argument(
        "--epoch", choices=("last", "best"), help="whose weights (those the run keeps)"
    )
    arguments = parser.read(words)
    behind = Overrides.parse(arguments.data or [])
    # Words behind --data are files, but for those that nobody calls a file.
    files, settings = behind.without("output_dir").words, behind.only("output_dir").words
    if not files:
        raise UsageError(["predict: of what? Add --data FILE, behind the run"])
    run, _ = chosen_run([*arguments.words, *settings], verb="predict", settable=())
    target = _target(arguments.output, files, overwrite=arguments.overwrite)
    if arguments.safe_cells and target is not None and target.suffix == PARQUET:
        raise UsageError(["--safe-cells: is of text files; leave it out, a Parquet file is safe"])
    with refusing():
        check_readable(files, query=arguments.query)
        settle_libraries(run)
    with TrainingView(output(sys.stderr)).working("loading torch"):
        from dltrain.inference.prediction import Predictor
        from dltrain.inference.row_writers import CsvRows, ParquetRows, RowWriter
        from dltrain.inference.saved_model import load
    with refusing(), stopping(_end):
        trained = load(run, epoch=arguments.epoch, check_files=False)
        started = time.perf_counter()
        with _writing(target) as write:
            writer: RowWriter = ParquetRows(write)
            if target is None or target.suffix != PARQUET:
                mark = (
                    "\t"
                    if target and target.suffix == ".tsv"
                    else trained.data.reading["delimiter"] or ","
                )
                writer = CsvRows(write, delimiter=mark, safe=arguments.safe_cells)
            predictor = Predictor(trained, writer)
            with contextlib.closing(writer):
                _predict(predictor, trained, files, arguments.query)
        seconds = time.perf_counter() - started
    for note in predictor.notes:
        print_note(note)
    if target is not None:
        rate = f"{predictor.rows / seconds:,.0f} per second"
        rows = f"{predictor.rows:,} in {duration(seconds)}, {rate}"
        output().print(pairs([("rows", rows), ("file", str(target))]))


def _end(number: int) -> NoReturn:
    raise Interruption(number, "interrupted; nothing is kept")


def _target(text: str | None, files: Sequence[str], *, overwrite: bool) -> Path | None:
    """Return the file to write, or None for standard output."""
    if text in (None, "-"):
        return None
    assert text is not None
    path = Path(text)
    if not text or (problem := problem_with(path)):
        raise UsageError([f"--output {text}: {'must not be empty' if not text else problem}"])
    path = Path(os.path.realpath(path))  # what a link stands for is replaced, and not the link
    if path.exists() and not path.is_file():
        advice = "use - and > for what is no plain file"
        raise UsageError([f"--output {text}: is a folder, a pipe or a device; {advice}"])
    if not path.parent.is_dir():
        raise UsageError([f"--output {text}: there is no folder {path.parent}"])
    if any(os.path.realpath(file) == str(path) for file in files if file != "-"):
        raise UsageError([f"--output {text}: would take the place of what is read"])
    if path.suffix not in (*TEXT_NAMES, PARQUET):
        kinds = f"{', '.join(TEXT_NAMES[1:])} or {PARQUET}"
        raise UsageError([f"--output {text}: its ending must say the kind of file: {kinds}"])
    if path.exists() and not overwrite:
        raise UsageError([f"--output {text}: is there already; add --overwrite to replace it"])
    return path


@contextlib.contextmanager
def _writing(target: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Give what writes: to a file that is there whole or not at all, or to standard output."""
    if target is not None:
        with disk.replacing(target) as write:
            yield write
    elif sys.stdout.isatty():  # a terminal obeys what may stand in foreign text
        yield lambda part: sys.stdout.write(
            "".join(f"{line}\n" for line in escaped_lines(part.decode(errors="replace")))
        )
    else:
        sys.stdout.flush()
        yield sys.stdout.buffer.write


def _predict(
    predictor: Predictor, trained: Trained, files: Sequence[str], query: str | None
) -> None:
    """Tell tables from pictures, and predict them."""
    if query is not None:
        return predictor.table(query_blocks(files[0], query, trained))
    if len(files) > 1 or Path(files[0]).is_dir():
        if trained.data.image_shape is None:
            raise ValueError(f"--data {files[0]}: one table at a time, and no folder")
        return predictor.pictures(list(_pictures(files)))
    with contextlib.ExitStack() as stack:
        if files[0] == "-":
            source = InputStream("standard input", sys.stdin.buffer)
        else:
            source = stack.enter_context(opened(Path(files[0]), name=files[0]))
        if trained.data.image_shape is None:
            from dltrain.data.table.formats import open_blocks
            from dltrain.data.table.reading import Reading

            return predictor.table(open_blocks(source, reading=Reading.of(trained.data.reading)))
        from dltrain.data.images.picture_files import MAGICS

        if source.start(4).startswith(MAGICS):
            return predictor.pictures([source])
        return predictor.images(source)


def _pictures(files: Sequence[str]) -> Iterator[Path]:
    from dltrain.data.images.picture_files import ENDINGS, pictures_in

    for file in files:
        if Path(file).is_dir():
            names, _ = pictures_in(Path(file))
            if not names:
                raise ValueError(f"--data {file}: has no files that end in {', '.join(ENDINGS)}")
            yield from (Path(file, name) for name in names)
        else:
            yield Path(file)
