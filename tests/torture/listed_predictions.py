"""Malformed rows to predict or to judge a run by, listed: tables, IDX files, pictures.

Each is given to a run that is sound, with an output file that must not be there afterwards.
"""

from __future__ import annotations

import functools
import gzip
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from PIL import Image

from tests.torture.inside import say
from tests.torture.refusal import Case, Content, folder, link, sparse

TABLE = "size,colour,grade,price\n" + "".join(
    f"{i},{['red', 'green'][i % 2]},{['low', 'high'][i % 2]},{i}\n" for i in range(40)
)
WORDS = {
    "amounts": ["data.target=price", "data.drop=[grade]"],
    "classes": ["data.target=grade", "data.drop=[price]", "model=softmax"],
    "images": ["data=fashion_mnist", "data.source=sample", "model=softmax"],
}


@functools.cache
def _template(kind: str) -> Path:
    """Train a run of a kind, once; return its folder."""
    base = Path(tempfile.mkdtemp(prefix="predictions-"))
    (base / "t.csv").write_text(TABLE)
    table = [] if kind == "images" else ["data=csv", f"data.path={base / 't.csv'}"]
    more = ["trainer.epochs=1", "device=cpu", f"output_dir={base / 'outputs'}"]
    said = say(*table, *WORDS[kind], *more)
    assert said.code == 0, said.err
    (base / "t.csv").unlink()
    [place] = (base / "outputs").iterdir()
    return place


def trained(kind: str) -> Callable[[Path], object]:
    """Lay the folder of a sound run."""
    return lambda path: shutil.copytree(_template(kind), path)


def huge_row(path: Path) -> None:
    """Make a row of 20 MB."""
    path.write_text('size,colour\n1,red\n2,"' + "x\n" * 10**7)


HEAD = "size,colour\n"
# What is given -> what is said.
TABLES: list[tuple[str, Content, str]] = [
    ("nothing", "", "is empty"),
    ("a line end", "\n", "is empty"),
    ("NUL", b"\0" * 100, "NUL"),
    ("100 MB of NUL", sparse(10**8), "NUL"),
    ("a missing column", "size\n1\n", "has no column 'colour'"),
    ("a column in another spelling", "size,Colour\n1,red\n", "did you mean Colour?"),
    ("another delimiter", "size;colour\n1;red\n", "cells are separated by ','"),
    ("two columns of one name", "size,size,colour\n1,2,red\n", "two columns are called 'size'"),
    ("a column without a name", "size,,colour\n1,2,red\n", "column 2 has no name"),
    ("text among numbers", HEAD + "1,red\ntwo,red\n", "t.csv:3: column 'size': 'two' is no finite"),
    ("text for all numbers", HEAD + "one,red\ntwo,red\n", "t.csv:2: column 'size': 'one' is no"),
    ("infinity", HEAD + "inf,red\n", "t.csv:2: column 'size': 'inf' is no finite number"),
    ("a number without end", HEAD + "1e999,red\n", "'1e999' is no finite number"),
    ("a number too large", HEAD + "1e300,red\n", "too large for float32"),
    ("true among numbers", HEAD + "1,red\ntrue,red\n", "t.csv:3: column 'size': 'true' is no"),
    ("a short row", HEAD + "1,red\n2\n", "t.csv:3: 1 cells, but the header has 2"),
    ("a long row", HEAD + "1,red\n\n2,red,x\n", "t.csv:4: 3 cells, but the header has 2"),
    ("a quote that is open", HEAD + '1,red\n2,"red\n', "a quote is not closed"),
    ("bytes that are no text", HEAD.encode() + b"1,\xff\n", "t.csv:2: is not UTF-8 text"),
    ("a stray return", HEAD + "1,red\r2,red,3\n", "t.csv:2"),
    ("line ends of old Macs", "size,colour\r1,red\r", "old Macs"),
    ("a row of 20 MB", huge_row, "t.csv:3: a row of more than 16777216 bytes begins here"),
    ("a header of 20 MB", lambda path: path.write_text("x" * 20 * 10**6), "has a header of more"),
    ("gzip that is cut", gzip.compress(TABLE.encode())[:-9], "cannot be read ("),
    ("gzip of gzip", gzip.compress(gzip.compress(TABLE.encode())), "t.csv"),
    ("a prediction already", "size,colour,prediction\n1,red,2\n", "'prediction' already"),
    ("a folder", folder, "no folder"),
    ("a link to nowhere", link("nowhere"), "no such file"),
    ("a link to itself", link("t.csv"), "t.csv"),
    ("memory of the kernel", link("/proc/self/mem"), "cannot be read ("),
    ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(100), "t.csv"),
]
TARGETS: list[tuple[str, str, str, str]] = [
    ("amounts", "no target", HEAD + "1,red\n", "has no column 'price' to compare with"),
    ("amounts", "no amount", "size,colour,price\n1,red,\n", "t.csv:2: column 'price': no value"),
    ("amounts", "an amount of text", "size,colour,price\n1,red,x\n", "'x' is no finite number"),
    ("amounts", "an amount too large", "size,colour,price\n1,red,1e300\n", "too large for float32"),
    ("amounts", "no rows", "size,colour,price\n", "there are no rows to evaluate it on"),
    ("classes", "no class", "size,colour,grade\n1,red,\n", "t.csv:2: column 'grade': no value"),
    ("classes", "another class", "size,colour,grade\n1,red,hgih\n", "none of the classes"),
    ("classes", "an escape for a class", "size,colour,grade\n1,red,\x1b[31m\n", "'\\x1b[31m'"),
]


def _idx(kind: int, *sizes: int, body: bytes = b"") -> bytes:
    return b"\0\0\x08" + bytes([kind]) + b"".join(n.to_bytes(4, "big") for n in sizes) + body


def _picture(width: int, height: int, mode: str = "L", kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (width, height)).save(stream, format=kind)
    return stream.getvalue()


IMAGES: list[tuple[str, Content, str]] = [
    ("nothing", b"", "is no IDX file of images"),
    ("text", b"a,b\n1,2\n", "is no IDX file of images"),
    ("a header only", _idx(3, 2, 28, 28), "is truncated, it has 0 of 2 rows"),
    ("half a header", _idx(3, 2), "is truncated within its header"),
    ("labels", _idx(1, 5, body=bytes(5)), "it holds labels"),
    ("floats", b"\0\0\x0d\3" + bytes(100), "is no IDX file of images"),
    ("another size", _idx(3, 1, 28, 27, body=bytes(756)), "28 x 27, not 28 x 28"),
    ("sizes without end", _idx(3, *[2**32 - 1] * 3), "4294967295 x 4294967295"),
    ("rows without end", _idx(3, 2**32 - 1, 28, 28, body=bytes(784)), "it has 1 of 4294967295"),
    ("a byte too few", _idx(3, 1, 28, 28, body=bytes(783)), "is truncated, it has 0 of 1"),
    ("a byte too many", _idx(3, 1, 28, 28, body=bytes(785)), "is too long for the 1 rows"),
    ("gzip that is cut", gzip.compress(_idx(3, 1, 28, 28, body=bytes(784)))[:-5], "cannot be read"),
    ("a picture of another size", _picture(27, 28), "is 28 x 27 pixels"),
    ("a picture of 4 million", _picture(2000, 2000), "is 2000 x 2000 pixels"),
    ("a picture that is cut", _picture(28, 28)[:45], "cannot be read ("),
    ("a JPEG that is cut", _picture(28, 28, kind="JPEG")[:300], "cannot be read ("),
    ("a GIF", _picture(28, 28, kind="GIF"), "is no IDX file of images"),
    ("a picture of 16 bits", _picture(28, 28, "I;16"), "has more than 8 bits"),
    ("an empty folder", folder, "has no files that end in"),
]


def _case(kind: str, what: str, verb: str, content: Content, says: str) -> Case:
    words = [verb, "./run", "--data", "t.csv"]
    words += ["--output", "out.csv"] if verb == "predict" else []
    files: Mapping[str, Content] = {"run": trained(kind), "t.csv": content}
    return Case(f"{verb}: {kind} from {what}", words, says, files)


def cases() -> Iterator[Case]:
    """Yield every malformed input."""
    for what, content, says in TABLES:
        yield _case("amounts", what, "predict", content, says)
    for kind, what, text, says in TARGETS:
        yield _case(kind, what, "evaluate", text, says)
    for what, content, says in IMAGES:
        yield _case("images", what, "predict", content, says)
