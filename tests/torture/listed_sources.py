"""Malformed sources beside tables of text, listed: folders of pictures, databases."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
from PIL import Image

from tests.torture.refusal import Case, Content, fifo, folder, link

IMAGES = ("data", "data=images", "data.path=p")


def png(width: int = 4, height: int = 3, mode: str = "L", kind: str = "PNG") -> bytes:
    """Write a picture of one colour."""
    stream = io.BytesIO()
    Image.new(mode, (width, height)).save(stream, format=kind)
    return stream.getvalue()


def giant(side: int) -> bytes:
    """Write the head of a PNG file that says it has this many pixels on each side."""
    head = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    first = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + first + struct.pack(">I", 100) + b"IDAT" + bytes(100)


SOUND: dict[str, Content] = {f"p/{c}/{n}.png": png() for c in ("dim", "lit") for n in range(6)}

# What lies in the folder p beside sound pictures of two classes.
BESIDE: list[tuple[str, Mapping[str, Content], str]] = [
    (
        "text for a picture",
        {"p/dim/t.png": "a,b\n"},
        "t.png: is neither a PNG nor a JPEG file; mend it or move it away",
    ),
    ("nothing for a picture", {"p/dim/t.png": b""}, "is neither a PNG nor a JPEG file"),
    ("half a picture", {"p/dim/t.png": png()[:45]}, "t.png: cannot be read ("),
    ("half a photo", {"p/dim/t.jpg": png(kind="JPEG")[:300]}, "t.jpg: cannot be read ("),
    (
        "another kind of picture",
        {"p/dim/t.png": png(kind="GIF")},
        "is neither a PNG nor a JPEG file",
    ),
    (
        "a picture of 16 bits",
        {"p/dim/t.png": png(mode="I;16")},
        "has more than 8 bits for each pixel",
    ),
    (
        "a picture of another size",
        {"p/dim/t.png": png(5)},
        "add 'data.size=[3,4]', which resizes all to that",
    ),
    (
        "a giant picture",
        {"p/dim/t.png": giant(60_000)},
        "t.png: cannot be read (Image size (3600000000 pixels) exceeds",
    ),
    ("a picture beyond all sizes", {"p/dim/t.png": giant(2**31 - 1)}, "exceeds limit of"),
    ("a picture without pixels", {"p/dim/t.png": giant(0)}, "is neither a PNG nor a JPEG file"),
    ("a pipe for a picture", {"p/dim/t.png": fifo}, "t.png: is a pipe or a device"),
    ("a device for a picture", {"p/dim/t.png": link("/dev/zero")}, "t.png: is a pipe or a device"),
    ("a link to nowhere", {"p/dim/t.png": link("nowhere")}, "t.png: cannot be read (No such file"),
    ("a link to itself", {"p/dim/t.png": link("t.png")}, "t.png: cannot be read (Too many"),
    ("an escape in a name", {"p/\x1b[31m/t.png": b"x"}, "p/\\x1b[31m/t.png: is neither"),
    ("a name that is no text", {"p/\udcff/t.png": b"x"}, "p/\\udcff/t.png: is neither"),
    (
        "an empty folder of a class",
        {"p/none": folder},
        "p/none: has no pictures; put pictures there, or take it away",
    ),
    (
        "a folder of a class that is a link in a circle",
        {"p/loop": link(".")},
        "p/loop: is a link, and none is followed; put pictures there",
    ),
    (
        "a folder for a split",
        {"p/train/dim/1.png": png()},
        "p/dim: stands beside folders for train, val and test",
    ),
]
# What p is instead.
FOLDERS: list[tuple[str, Mapping[str, Content], str]] = [
    ("nothing", {}, "data.path=p (command line): no such folder"),
    ("a file", {"p": b"x"}, "no such folder"),
    ("a pipe", {"p": fifo}, "no such folder"),
    (
        "an empty folder",
        {"p": folder},
        "has no files that end in .png, .jpg, .jpeg; put them in a folder for each class",
    ),
    ("a link to itself", {"p": link("p")}, "no such folder"),
    (
        "pictures without classes",
        {"p/1.png": png(), "p/2.png": png()},
        "has pictures, but no folder; put them in a folder for each class",
    ),
    (
        "one class",
        {f"p/dim/{n}.png": png() for n in range(6)},
        "has one class only, 'dim'; there is nothing to tell apart",
    ),
    ("circles only", {"p/loop": link("."), "p/round": link("..")}, "has no files that end in .png"),
    (
        "a class in a circle",
        {"p/dim/1.png": png(), "p/lit/loop": link("..")},
        "p/lit: has no pictures",
    ),
    (
        "a class that is not trained",
        {"p/train/dim/1.png": png(), "p/train/lit/1.png": png(), "p/test/new/1.png": png()},
        "p/test/new: no training picture is of the class 'new'",
    ),
]
# Knobs, of sound pictures.
ASKED: list[tuple[str, str]] = [
    ("data.path=null", "which folder of pictures? Add data.path=FOLDER"),
    ("data.path=", "must not be empty"),
    ("data.path=a\0b", "data.path"),
    ("data.path=http://example.org", "no such folder"),
    ("data.path=package:pictures", "no such folder"),
    ("data.size=28", "must be a list"),
    ("data.size=[28]", "needs at least 2 value(s)"),
    ("data.size=[28,28,3]", "takes at most 2 value(s)"),
    ("data.size=[0,28]", "must be at least 1"),
    ("data.size=[-1,28]", "must be at least 1"),
    ("data.size=[2.5,28]", "must be a list of whole numbers"),
    ("data.size=[10001,28]", "at most 10,000"),
    ("data.size=[10000,10000]", "are 100,000,000 numbers, at most 300,000; use data.size=[64,64]"),
    ("data.size=big", "must be a list"),
    ("data.colour=blue", "must be one of auto, grey, rgb"),
    ("data.val_fraction=1", "less than 1"),
    ("data.val_fraction=0.5 data.test_fraction=0.5", "add up to 1"),
    ("data.folds=99 data.fold=0", "10 rows are too few for data.folds=99"),
    ("data.fold=0", "is one of how many? Add data.folds=5"),
    ("data.target=y", "data=images has no target; data=csv has one"),
    ("data.url=sqlite:///d.db", "data=images has no url"),
]


def sqlite(path: Path) -> None:
    """Make an SQLite database of one table."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a, b, y)")
        rows = [(i + 0.5, i % 3, i % 7) for i in range(20)]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        connection.commit()


def duck(path: Path) -> None:
    """Make a DuckDB database of one table."""
    with contextlib.closing(duckdb.connect(str(path))) as connection:
        columns = "i AS a, i % 3 AS b, i % 7 AS y"
        connection.execute(f"CREATE TABLE t AS SELECT {columns} FROM range(20) r(i)")


READING, LOCKED = "the query does more than read tables, as SELECT does", "read-only mode"
# What is asked of a sound database of one table, t, with the columns a, b and y; what is said to
# it by way of SQLite and of DuckDB, which is the same if empty.
QUERIES: list[tuple[str, str, str, str]] = [
    ("no statement", " ", "must not be empty", "must not be empty"),
    ("a comment", "-- SELECT 1", "the query returns no rows", "is 0 statements, not one"),
    ("no SQL", "give me all", 'near "give": syntax error', 'syntax error at or near "give"'),
    ("half a statement", "SELECT a FROM t WHERE", "incomplete input", 'at or near "WHERE"'),
    ("no such table", "SELECT * FROM nope", "no such table: nope", "Table with name nope does"),
    ("no such column", "SELECT a, nope FROM t", "no such column: nope", '"nope" not found'),
    ("no such function", "SELECT nope(a) FROM t", "no such function: nope", "name nope does not"),
    ("no rows", "SELECT * FROM t WHERE a < -1", "the query returns no rows; correct", ""),
    ("two statements", "SELECT 1 AS y; DROP TABLE t", "one statement", "is 2 statements, not one"),
    ("a row that is added", "INSERT INTO t VALUES (1, 2, 3)", READING, LOCKED),
    ("a row that is returned", "INSERT INTO t VALUES (1, 2, 3) RETURNING *", READING, LOCKED),
    ("rows that are changed", "UPDATE t SET y = 0", READING, LOCKED),
    ("rows that are deleted", "DELETE FROM t", READING, LOCKED),
    ("a table that is dropped", "DROP TABLE t", READING, LOCKED),
    ("a table that is made", "CREATE TABLE u AS SELECT * FROM t", READING, LOCKED),
    ("another file", "ATTACH 'o.db' AS o", READING, "file system operations are disabled"),
    ("a vacuum", "VACUUM", READING, "the query returns no rows"),
    ("a transaction", "BEGIN", READING, "the query returns no rows"),
    ("a setting", "PRAGMA user_version = 3", READING, "the configuration has been locked"),
    ("an extension", "SELECT load_extension('x')", "not authorized", "load_extension does not"),
    ("no target", "SELECT a, b FROM t", "has no such column; it has 'a', 'b'", ""),
    ("two columns of one name", "SELECT a, a, y FROM t", "two columns are called 'a'", ""),
    ("a target of nothing", "SELECT a, NULL AS y FROM t", "no row has a value of", ""),
    ("one class", "SELECT a, 'red' AS y FROM t", "has one value only", ""),
    ("infinity", "SELECT a, b, 9e999 AS y FROM t", "'inf' is not finite", ""),
    ("an escape", 'SELECT a FROM "\x1b[31m"', "\\x1b[31m", "\\x1b[31m"),
    ("a NUL", "SELECT a, '\0' AS y FROM t", "contains a null character", "has one value only"),
    ("an interpolation", "SELECT ${oc.env:HOME}", "interpolations are not supported", ""),
]
URLS: list[tuple[str, str, Mapping[str, Content], str]] = [
    ("a path", "d.db", {}, "is no address of a database; use sqlite:///FILE"),
    ("nothing", "", {}, "must not be empty"),
    ("no file", "sqlite:///no.db", {}, "sqlite:///no.db (command line): no such file"),
    ("no folder", "duckdb:///no/no.db", {}, "no such file"),
    ("two slashes", "sqlite://d.db", {}, "names no file; use sqlite:///FILE"),
    ("no name", "sqlite:///", {}, "names no file"),
    ("memory", "sqlite:///:memory:", {}, "no such file"),
    ("options", "sqlite:///d.db?mode=rwc", {}, "no such file"),
    ("another database", "mysql://me@host/shop", {}, "is no address of a database"),
    ("a web page", "https://example.org/d.db", {}, "is no address of a database"),
    ("brackets", "postgresql://[host/shop", {}, "is no address (Invalid IPv6 URL)"),
    ("a port that is none", "postgresql://host:x/shop", {}, 'invalid integer value "x"'),
    ("options that are none", "postgresql://host/shop?a", {}, "is no address (bad query field"),
    ("a socket that is none", "postgresql:///shop?host=/nowhere", {}, "Is the server running"),
    (
        "a password",
        "postgresql://me:secret@host/shop",
        {},
        "://me:***@host/shop (command line): holds a password, which records",
    ),
    ("a NUL", "sqlite:///a\0b", {}, "data.url"),
    ("a folder", "sqlite:///f", {"f": folder}, "no such file"),
    ("a pipe", "duckdb:///f", {"f": fifo}, "no such file"),
    ("a link to itself", "sqlite:///f", {"f": link("f")}, "no such file"),
    ("text", "sqlite:///f", {"f": "a,b,y\n1,2,3\n"}, "sqlite:///f: file is not a database"),
    (
        "text for DuckDB",
        "duckdb:///f",
        {"f": "a,b,y\n1,2,3\n"},
        "it is not a valid DuckDB database file",
    ),
    ("an empty file", "duckdb:///f", {"f": b""}, "it is not a valid DuckDB database file"),
    ("an empty file for SQLite", "sqlite:///f", {"f": b""}, "no such table: t"),
    (
        "SQLite for DuckDB",
        "duckdb:///f",
        {"f": sqlite},
        "is a database of another kind, whose address is sqlite:///FILE",
    ),
    (
        "DuckDB for SQLite",
        "sqlite:///f",
        {"f": duck},
        "is a database of another kind, whose address is duckdb:///FILE",
    ),
    (
        "the beginning of SQLite",
        "sqlite:///f",
        {"f": b"SQLite format 3\0" + bytes(100)},
        "file is not a database",
    ),
]


def cases() -> Iterator[Case]:
    """Yield every malformed folder of pictures and every database that is asked in vain."""
    for what, files, says in BESIDE:
        yield Case(f"pictures: {what}", IMAGES, says, {**SOUND, **files})
    for what, files, says in FOLDERS:
        yield Case(f"pictures: a folder of {what}", IMAGES, says, files)
    for asked, says in ASKED:
        usual = IMAGES[:2] if asked.startswith("data.path=") else IMAGES
        yield Case(f"pictures: {asked}", [*usual, *asked.split(" ")], says, SOUND)
    for what, query, says, or_says in QUERIES:
        for scheme, make, told in (("sqlite", sqlite, says), ("duckdb", duck, or_says or says)):
            words = ["data", "data=sql", f"data.url={scheme}:///d.db", f"data.query={query}"]
            yield Case(f"{scheme}: {what}", [*words, "data.target=y"], told, {"d.db": make})
    table = ["data.query=SELECT * FROM t", "data.target=y"]
    for what, url, files, says in URLS:
        yield Case(f"address: {what}", ["data", "data=sql", f"data.url={url}", *table], says, files)
