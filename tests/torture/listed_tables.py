"""Malformed tables, listed: the file, the columns, the cells, and what they are told to become."""

from __future__ import annotations

import gzip
import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.torture.refusal import Case, Content, fifo, folder, link, sparse

CSV = ("data", "data=csv", "data.path=t.csv", "data.target=y", "data.name=t")


def with_words(words: list[str]) -> list[str]:
    """Return the usual command line with these words in the place of those for the same keys."""
    keys = {word.partition("=")[0] for word in words}
    return [*(word for word in CSV if word.partition("=")[0] not in keys), *words]


ROWS = "a,b,y\n1,2,3\n4,5,6.5\n7,8,9\n1,3,5\n2,4,6\n3,1,2\n0,2,8\n"


def numbers(rows: int = 12, *, columns: str = "a,b,y") -> list[list[str]]:
    """A table of numbers, header first, that is fine as it is."""
    width = len(columns.split(","))
    cells = [[str((7 * i + 3 * j) % 11 + 0.5) for j in range(width)] for i in range(rows)]
    return [columns.split(","), *cells]


def text(table: list[list[str]]) -> str:
    """Write a table without a quote."""
    return "".join(",".join(row) + "\n" for row in table)


# Row 5 (line 6) of a table of 12, by what is wrong with its width: cells, what the complaint says.
WIDTHS: list[tuple[str, str, str]] = [
    ("a trailing comma", "1,2,3,", ":6: 4 cells, but the header has 3"),
    ("a leading comma", ",1,2,3", ":6: 4 cells, but the header has 3"),
    ("one cell short", "1,2", ":6: 2 cells, but the header has 3"),
    ("one cell", "1", ":6: 1 cells, but the header has 3"),
    ("twice as many cells", "1,2,3,1,2,3", ":6: 6 cells, but the header has 3"),
    ("another separator", "1;2;3", ":6: 1 cells, but the header has 3"),
    ("spaces for commas", "1 2 3", ":6: 1 cells, but the header has 3"),
    ("a comma in a number", "1,2,3,5", ":6: 4 cells, but the header has 3"),
    ("blanks", "   ", ":6: 1 cells, but the header has 3"),
    ("commas only", ",,,,", ":6: 5 cells, but the header has 3"),
    ("a comment", "# checked", ":6: 1 cells, but the header has 3"),
    ("an old Mac's line end", "1,2\r3,4", ":6"),
    ("a quote within a row", '1,"2,3', "quote"),
    ("a quote that closes too early", '1,"2"x,3,4', ":6"),
]

# A cell among numbers, by the column it stands in: feature, target, both are wrong.
CELLS: list[tuple[str, str, str]] = [
    ("a letter", "x", "'x' stands among numbers"),
    ("a word with a space", "not known", "'not known' stands among numbers"),
    ("a thousands comma", '"1,000"', "'1,000' stands among numbers"),
    ("a decimal comma", '"1,5"', "'1,5' stands among numbers"),
    ("a currency", "$3", "'$3' stands among numbers"),
    ("a percent sign", "3%", "'3%' stands among numbers"),
    ("a unit", "3 kg", "'3 kg' stands among numbers"),
    ("a formula", "=1+1", "'=1+1' stands among numbers"),
    ("a missing value of another tool", "NULL!", "'NULL!' stands among numbers"),
    ("none", "nothing", "'nothing' stands among numbers"),
    ("a question mark", "?", "'?' stands among numbers"),
    ("dashes", "--", "'--' stands among numbers"),
    ("two points", "1.2.3", "'1.2.3' stands among numbers"),
    ("two signs", "+-1", "'+-1' stands among numbers"),
    ("half an exponent", "1e", "'1e' stands among numbers"),
    ("a date", "2020-01-01", "'2020-01-01' stands among numbers"),
    ("a true among numbers", "true", "'true' stands among numbers"),
    ("an interpolation", "${oc.env:HOME}", "'${oc.env:HOME}' stands among numbers"),
    ("markup", "[/x]", "'[/x]' stands among numbers"),
    ("three question marks", "???", "'???' stands among numbers"),
    ("an escape", "\x1b[31m", "stands among numbers"),
    ("a mark that turns text round", "\u202e1", "stands among numbers"),
    ("a complex number", "1+2j", "'1+2j' stands among numbers"),
    ("infinity", "inf", "'inf' is not finite"),
    ("minus infinity", "-Infinity", "'-Infinity' is not finite"),
    ("a number beyond all floats", "1e400", "'1e400' is not finite"),
    ("a long text", "x" * 100_000, "stands among numbers"),
]

# A header, its first line.
HEADERS: list[tuple[str, str, str]] = [
    ("two columns of one name", "a,a,y", "two columns are called 'a'"),
    ("two targets", "a,y,y", "two columns are called 'y'"),
    ("a column without a name", "a,,y", "column 2 has no name"),
    ("a trailing comma", "a,b,y,", "column 4 has no name"),
    ("a blank name", "a, ,y", "column 2 has no name"),
    ("an empty name in quotes", 'a,"",y', "column 2 has no name"),
    ("a quote that stays open", 'a,"b,y', "quote is not closed"),
    ("no target", "a,b,c", "has no such column; it has 'a', 'b', 'c'"),
    ("a target in capitals", "a,b,Y", "has no such column"),
    ("a target with a blank", "a,b, y", "has no such column"),
    ("another separator", "a;b;y", "add 'data.delimiter=;'?"),
    ("bars", "a|b|y", "add 'data.delimiter=|'?"),
    ("markup for a target", "a,b,[/y]", "it has 'a', 'b', '[/y]'"),
    ("an interpolation for a target", "a,b,${oc.env:HOME}", "it has 'a', 'b', '${oc.env:HOME}'"),
    ("question marks for a target", "a,b,???", "it has 'a', 'b', '???'"),
    ("a formula for a target", "a,b,=1+1", "it has 'a', 'b', '=1+1'"),
    ("an escape for a target", "a,b,\x1b]0y\x07", "it has 'a', 'b', '\\x1b]0y\\x07'"),
    ("a newline for a target", 'a,b,"\n"', "column 3 has no name"),
    ("a newline in a target", 'a,b,"y\n"', "it has 'a', 'b', 'y\\n'"),
    ("a NUL in a name", "a,b\0,y", "holds NUL bytes"),
    ("a name of a million letters", f"a,{'b' * 10**6},x", "has no such column"),
    ("10,000 columns without a target", ",".join(f"c{i}" for i in range(10_000)), "and 9992 more"),
    (
        "100,001 columns",
        ",".join(f"c{i}" for i in range(100_001)),
        "100,001 columns, at most 100,000 are read",
    ),
    ("10,000 columns of one name", ",".join(["c"] * 10_000), "two columns are called 'c'"),
    ("numbers for a header", "1,2,3", "has no such column; it has '1', '2', '3'"),
    ("a Cyrillic letter for a target", "a,b,\u0443", "has no such column"),
]


def zipped(path: Path) -> None:
    """Write two tables into one archive."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", ROWS)
        archive.writestr("b.csv", ROWS)


def hidden(path: Path) -> None:
    """Write a table into a folder of the same name."""
    path.mkdir()
    (path / "t.csv").write_text(ROWS)


# A whole file, t.csv.
FILES: list[tuple[str, Content, str]] = [
    ("nothing", b"", "is empty; a table needs a header and rows"),
    ("a newline", b"\n", "is empty"),
    ("newlines", b"\n\n\n", "is empty"),
    ("a byte order mark", b"\xef\xbb\xbf", "is empty"),
    ("blanks", b"   \n", "column 1 has no name"),
    ("a header", b"a,b,y\n", "has a header but no rows"),
    ("a header without its line end", b"a,b,y", "has a header but no rows"),
    ("a header and newlines", b"a,b,y\n\n\n", "has a header but no rows"),
    ("a NUL", b"a,b,y\n1,2\0,3\n", "holds NUL bytes"),
    ("NULs", bytes(1000), "holds NUL bytes"),
    ("100 MB of NULs", sparse(100 * 2**20), "holds NUL bytes"),
    ("Latin-1 in the header", "größe,b,y\n1,2,3\n".encode("latin-1"), ":1: is not UTF-8 text"),
    ("Latin-1 in a row", "a,b,y\n1,é,3\n".encode("latin-1"), "is not UTF-8 text"),
    ("half a character", b"a,b,y\n1,\xc3,3\n", "is not UTF-8 text"),
    ("a surrogate", b"a,b,y\n1,\xed\xa0\x80,3\n", "is not UTF-8 text"),
    ("UTF-16 without a mark", ROWS.encode("utf-16-le"), "data.encoding=utf-16-le"),
    ("half of UTF-16", ROWS.encode("utf-16")[:-1], "is not utf-16 text"),
    ("half of gzip", gzip.compress(ROWS.encode())[:-9], "t.csv: cannot be read ("),
    ("an archive of two", zipped, "is a zip archive of 2 files ('a.csv', 'b.csv')"),
    ("half of xz", b"\xfd7zXZ\x00\x00\x04" + bytes(32), "t.csv: cannot be read ("),
    ("a picture", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "t.csv: is a picture"),
    ("half of Parquet", b"PAR1\x15\x04\x15\x10\x15\x14L\x15\x02", "is no intact Parquet file"),
    ("half of Arrow", b"ARROW1\0\0" + bytes(40), "is no intact Arrow file"),
    ("SQLite", b"SQLite format 3\0", "is an SQLite database"),
    ("JSON", b'[{"a": 1, "y": 2}]\n', "t.csv"),
    ("HTML", b"<html>\n<body>404</body>\n", "has no such column"),
    ("a program", link("/bin/true"), "t.csv"),
    ("an old Mac's lines", ROWS.replace("\n", "\r").encode(), "line ends of old Macs"),
    ("a quote that stays open", b'a,b,y\n1,"2,3\n4,5,6\n', "a quote"),
    ("a quote that opens at the end", b'a,b,y\n1,2,3\n4,5,"', "a quote"),
    ("rows of blanks in one column", b"y\n1\n  \n2\n", "rows of white space only"),
    ("one column", b"y\n1\n2\n3\n4\n5\n6\n7\n8\n", "no column is left to learn from"),
    ("a separator line of Excel", b"sep=,\na,b,y\n1,2,3\n", "t.csv"),
    ("a title above", b"Prices of houses\na,b,y\n1,2,3\n", "t.csv"),
    ("a pipe", fifo, "is a pipe or a device"),
    ("a folder", folder, "it is a folder"),
    ("a folder with the table in it", hidden, "it is a folder"),
    ("a link to nowhere", link("nowhere.csv"), "no such file"),
    ("a link to itself", link("t.csv"), "no such file"),
    ("a device without end", link("/dev/zero"), "is a pipe or a device"),
    ("a device without bytes", link("/dev/null"), "is a pipe or a device"),
    ("a device of noise", link("/dev/urandom"), "is a pipe or a device"),
    ("a terminal", link("/dev/tty"), "is a pipe or a device"),
    ("memory of the kernel", link("/proc/self/mem"), "t.csv"),
]

COMMAS = "a,b,y\n" + "".join(f'"{i},5",{i},{i % 7}.25\n' for i in range(20))
LABELS = "a,y\n" + "".join(f"{i}.5,{'red' if i % 2 else 'blue'}\n" for i in range(20))
HOLES = "a,b,y\n" + "".join(f"{i}.5,{'' if i % 3 else i},{i % 7}.25\n" for i in range(20))

# What a table is told to become: its rows, the words, the complaint.
TOLD: list[tuple[str, str, str, str]] = [
    ("no target named", ROWS, "data.target=null", "which column is to be predicted?"),
    ("no path", ROWS, "data.path=null", "which table? Add data.path=FILE"),
    ("an empty target", ROWS, "data.target=", "must not be empty"),
    ("a target that is not there", ROWS, "data.target=z", "has no such column"),
    (
        "a target that is nearly there",
        ROWS.replace("y", "price"),
        "data.target=prise",
        "mean price",
    ),
    ("a target that interpolates", ROWS, "data.target=${oc.env:HOME}", "interpolations"),
    ("features that are not there", ROWS, "data.features=[a,c]", "data.features=c"),
    ("no features", ROWS, "data.features=[]", "no column is left to learn from"),
    ("features that are text", ROWS, "data.features=a", "must be a list"),
    ("features of lists", ROWS, "data.features=[[a]]", "must be a list of text"),
    ("the target as a feature", ROWS, "data.features=[a,y]", "cannot also be in data.drop"),
    ("drop of what is not there", ROWS, "data.drop=[c]", "data.drop=c"),
    ("drop of the target", ROWS, "data.drop=[y]", "cannot also be in data.drop"),
    ("drop of everything", ROWS, "data.drop=[a,b]", "no column is left to learn from"),
    ("drop of numbers", ROWS, "data.drop=[1]", "data.drop=1"),
    ("categories that are not there", ROWS, "data.categorical=[c]", "data.categorical=c"),
    ("too few categories allowed", LABELS, "data.max_categories=1", "more than"),
    ("no categories allowed", LABELS, "data.max_categories=0", "must be at least 1"),
    (
        "classes that are amounts",
        text(numbers(90)),
        "data.max_categories=3 data.task=classification",
        "more than data.max_categories=3",
    ),
    ("amounts that are classes", LABELS, "data.task=regression", "is not a number"),
    ("an unknown task", LABELS, "data.task=clustering", "must be one of auto, regression"),
    ("an unknown cure for holes", HOLES, "data.missing=zero", "must be one of mean, median"),
    ("holes where none are allowed", HOLES, "data.missing=error", "no value"),
    (
        "holes in every row",
        HOLES.replace("0.25", ""),
        "data.missing=drop data.missing_values=['',0.25,1.25,2.25,3.25,4.25,5.25,6.25]",
        "leaves no row",
    ),
    ("holes in the target", ROWS + "1,2,\n", "data.missing=error", "no value"),
    (
        "a column of holes",
        "a,b,y\n" + "1,,2\n2,,3\n" * 6,
        "data.seed=0",
        "no value in any training",
    ),
    ("a target of holes", "a,y\n" + "1,\n" * 9, "data.seed=0", "no row has a value"),
    ("missing values that are no list", ROWS, "data.missing_values=NA", "must be a list"),
    (
        "missing values that swallow all",
        ROWS,
        "data.missing_values=[3,6.5,9,5,6,2,8]",
        "no row has a value",
    ),
    ("an encoding that is none", ROWS, "data.encoding=latin-99", "no encoding that Python knows"),
    ("an encoding of no text", ROWS, "data.encoding=hex", "no encoding that Python knows"),
    ("an encoding that is another", ROWS, "data.encoding=utf-16-le", "t.csv"),
    ("all rows skipped", ROWS, "data.skip_rows=1000", "is empty"),
    ("half a row skipped", ROWS, "data.skip_rows=0.5", "must be a whole number"),
    ("all rows comments", ROWS, "data.skip_rows=1 data.comment=1 data.header=none", "no such col"),
    ("a header that is none", ROWS, "data.header=no", "must be one of row, none"),
    ("names where there are none", ROWS, "data.header=none", "it has 'c1', 'c2', 'c3'"),
    ("a separator of two characters", ROWS, "data.delimiter=';;'", "must be one ASCII character"),
    ("a separator that is a quote", ROWS, "data.delimiter='\"'", "must be one ASCII character"),
    ("a separator beyond ASCII", ROWS, "data.delimiter=§", "must be one ASCII character"),
    ("no separator", ROWS, "data.delimiter=", "must not be empty"),
    ("a separator that is a newline", ROWS, "data.delimiter=\n", "data.delimiter"),
    ("a separator that is a NUL", ROWS, "data.delimiter=\0", "data.delimiter"),
    ("another separator", ROWS, "data.delimiter=;", "add 'data.delimiter=,'?"),
    ("a separator that is a digit", ROWS, "data.delimiter=1", ":2: 2 cells, but the header has 1"),
    ("a separator that is a letter", ROWS, "data.delimiter=a", ":2: 1 cells, but the header has 2"),
    ("too large a share that chooses", ROWS, "data.val_fraction=1", "less than 1"),
    (
        "shares that leave nothing",
        ROWS,
        "data.val_fraction=0.5 data.test_fraction=0.5",
        "add up to 1",
    ),
    ("a negative share", ROWS, "data.test_fraction=-0.1", "must be at least 0"),
    ("a share that is nan", ROWS, "data.val_fraction=nan", "must be a finite number"),
    ("shares that leave no row", "a,y\n1,2\n", "data.val_fraction=0.6", "1 rows are too few"),
    ("one class", "a,y\n" + "1,red\n2,red\n" * 5, "data.seed=0", "has one value only"),
    ("one class of numbers", "a,y\n" + "1,3\n2,3\n" * 9, "data.seed=0", "has one value only"),
    (
        "labels that are one number",
        "a,y\n" + "1,7\n2,007\n3,8\n" * 5,
        "data.task=classification",
        "are one number",
    ),
    ("text among few labels", "a,y\n" + "1,3\n2,4\n" * 9 + "1,x\n", "data.seed=0", "stands among"),
    (
        "nothing but names for features",
        "b,y\n" + "".join(f"n{i},{i}.25\n" for i in range(60)),
        "data.seed=0",
        "no column is left to learn from",
    ),
    ("twins", "a,a_x,y\n" + "x,1,1.5\nz,2,2.5\nx,3,3.5\n" * 5, "data.seed=0", "both become 'a_x'"),
    (
        "numbers too large for float32",
        "a,y\n" + "1e300,1.5\n2e300,2.5\n" * 9,
        "data.standardise=false",
        "too large for float32",
    ),
    (
        "a target too large for float32",
        "a,y\n" + "1,1.5e300\n2,2.5e300\n" * 9,
        "data.task=regression data.standardise_target=false",
        "too large for float32",
    ),
    (
        "numbers too large for a mean",
        "a,y\n" + "1.5e308,1.5\n1.6e308,2.5\n" * 9,
        "data.seed=0",
        "too large for a mean",
    ),
    (
        "numbers too large for a median",
        "a,y\n" + "1.5e308,1.5\n1.6e308,2.5\n" * 9,
        "data.missing=median",
        "too large for a median",
    ),
    (
        "numbers too large to standardise",
        "a,y\n" + "1.5e308,1.5\n-1.5e308,2.5\n" * 9,
        "data.missing=drop",
        "too large to standardise",
    ),
    ("groups that are not there", ROWS, "data.group=c", "data.group=c"),
    ("one group", "a,b,y\n" + "1,p,2\n3,p,4\n" * 9, "data.group=b", "1 groups are too few"),
    ("a row of no group", ROWS + "1,,2\n", "data.group=b", "no value; data.group needs one"),
    ("a row of no time", ROWS + "1,,2\n", "data.order=b", "no value; data.order needs one"),
    ("one time", "a,b,y\n" + "1,7,2\n3,7,4\n" * 9, "data.order=b", "1 different values are"),
    ("a time that is none", ROWS + "1,soon,2\n", "data.order=b", "'soon' stands among numbers"),
    (
        "a split of numbers",
        ROWS,
        "data.split=b",
        "'2' is none of train, training, val, valid, validation, dev, test, testing",
    ),
    (
        "a split that is obeyed",
        "a,b,y\n1,\x1b[2J,3\n",
        "data.split=b",
        "is none of train, training",
    ),
    ("a split without training", "a,b,y\n1,test,3\n2,val,4\n", "data.split=b", "train of no row"),
    ("more folds than rows", ROWS, "data.folds=9 data.fold=0", "rows are too few for data.folds=9"),
    ("a fold that is not there", ROWS, "data.folds=3 data.fold=3", "the first fold is 0"),
    ("half a fold", ROWS, "data.folds=3 data.fold=0.5", "must be a whole number"),
    ("a file that validates is a folder", ROWS, "data.val_path=.", "no such file; it is a folder"),
    ("a file that tests is none", ROWS, "data.test_path=nope.csv", "no such file"),
    *(
        (f"a date format that is {form}", ROWS, f"data.date_format={form}", "is no format such as")
        for form in ("%", "%Q", "%d.%d.%Y", "dd/mm/yyyy", "mixed", "\0", "%d" * 500)
    ),
    ("a date format of nothing", ROWS, "data.date_format=", "must not be empty"),
    ("dates that are not there", ROWS, "data.date_format=%d.%m.%Y", "no column holds such dates"),
    ("weights that are not there", ROWS, "data.weight=w", "data.weight=w: t.csv has no such col"),
    ("weights that are the target", ROWS, "data.weight=y", "cannot also be data.target"),
    ("weights that are learned from", ROWS, "data.weight=a data.features=[a,b]", "is not learned"),
    ("weights of nothing", ROWS, "data.weight=", "must not be empty"),
    ("a weight below 0", ROWS + "1,-1,2\n", "data.weight=b", ":9: column 'b': -1 is less than 0"),
    ("a weight of text", ROWS + "1,x,2\n", "data.weight=b", ":9: column 'b': 'x' stands among"),
    (
        "weights of text",
        "a,b,y\n" + "1,x,2.5\n2,x,3.5\n" * 9,
        "data.weight=b",
        "no number, and weights are",
    ),
    ("a row of no weight", ROWS + "1,,2\n", "data.weight=b", ":9: column 'b': no value (1 rows"),
    ("an infinite weight", ROWS + "1,inf,2\n", "data.weight=b", "'inf' is not finite"),
    ("weights of 0", "a,b,y\n" + "1,0,2\n3,0,4\n" * 9, "data.weight=b", "so that nothing counts"),
    (
        "weights beyond all floats",
        "a,b,y\n" + "1,1e308,2.5\n2,1e308,3.5\n" * 9,
        "data.weight=b",
        "too large to",
    ),
    ("weights that split", ROWS, "data.weight=b data.split=b", "'2' is none of train"),
    ("a decimal sign that is none", ROWS, "data.decimal=;", "must be . or ,"),
    ("a decimal sign of nothing", ROWS, "data.decimal=", "must not be empty"),
    ("no decimal sign", ROWS, "data.decimal=null", "must be text"),
    ("a decimal sign between thousands", ROWS, "data.thousands=.", "cannot also be data.decimal"),
    (
        "one sign for both",
        ROWS,
        "data.decimal=, data.thousands=,",
        "data.thousands=, (command line): cannot also be data.decimal",
    ),
    ("a letter between thousands", ROWS, "data.thousands=x", "must be one of ,, ., ', space"),
    ("another decimal sign", COMMAS, "data.seed=0", "with a decimal comma, such as '0,5': add"),
    ("thousands that are none", COMMAS, "data.thousands=,", "add data.decimal=, data.thousands="),
    (
        "points that are no thousands",
        text(numbers()),
        "data.decimal=, data.thousands=.",
        "add data.decimal=. data.thousands=null",
    ),
    ("a logarithm of less than 0", ROWS + "1,2,-3\n", "data.log_target=true", "has no logarithm"),
    ("a logarithm of 0", ROWS + "1,2,0\n", "data.log_target=true", "has no logarithm (1 row of"),
    ("a logarithm of texts", LABELS, "data.log_target=true", "add data.task=regression if they"),
    (
        "a logarithm of classes",
        ROWS,
        "data.log_target=true data.task=classification",
        "classes have no logarithm; leave it out",
    ),
    ("a logarithm perhaps", ROWS, "data.log_target=maybe", "must be true or false"),
    ("neither steps nor epochs", ROWS, "trainer.steps=null", "how long? Add trainer.epochs=10"),
    ("no steps", ROWS, "trainer.steps=0", "must be at least 1 and at most 10,000,000"),
    ("a database beside a file", ROWS, "data.url=sqlite:///t.csv", "is a file, beside a database"),
    ("a query of a file", ROWS, "data.query=SELECT", "which database? Add data.url=..."),
    ("a file at odds with folds", ROWS, "data.val_path=t.csv data.folds=2 data.fold=0", "so does"),
]

# What a run of LABELS is told; its rows must be read to know better.
TRAINED: list[tuple[str, str]] = [
    ("loss.class_weight=[1,2,3]", "needs 2 numbers, one per class, in this order: 'blue', 'red'"),
    ("loss.class_weight=[1]", "needs 2 numbers, one per class"),
    ("loss.class_weight=[0,0]", "is 0 for every class that has training rows"),
    ("loss.class_weight=[-1,1]", "must be at least 0"),
    ("loss.class_weight=[1e400,1]", "a list of finite numbers"),
    ("loss.class_weight=[]", "needs at least 1 value(s)"),
    ("loss.class_weight={red:1}", "must be one of balanced or a list"),
    ("loss.class_weight=heavy", "must be one of balanced or a list"),
    ("loss.class_weight=balanced loss=squared_error", "has no class_weight"),
    ("loss.class_weight=balanced data.target=a", "the target is an amount"),
    ("data.weight=y", "cannot also be data.target"),
    ("data.log_target=true", "which have no logarithm; add data.task=regression"),
]

# Where a table is looked for.
PATHS: list[tuple[str, str, str]] = [
    ("a web page", "data.path=http://example.org/t.csv", "only local files are read"),
    ("a secure web page", "data.path=https://example.org/t.csv", "only local files are read"),
    ("a file address", "data.path=file:///etc/passwd", "only local files are read"),
    ("a bucket", "data.path=s3://bucket/t.csv", "only local files are read"),
    ("another bucket", "data.path=gs://bucket/t.csv", "only local files are read"),
    ("a chain of addresses", "data.path=simplecache::http://example.org/t", "only local files"),
    ("a file that is not there", "data.path=nowhere.csv", "no such file"),
    ("a file that is nearly there", "data.path=tt.csv", "did you mean t.csv?"),
    ("a folder that is not there", "data.path=nowhere/t.csv", "no folder nowhere"),
    ("this folder", "data.path=.", "it is a folder"),
    ("the root", "data.path=/", "it is a folder"),
    ("nothing", "data.path=", "must not be empty"),
    ("a blank", "data.path=' '", "no such file"),
    ("a file as a folder", "data.path=t.csv/t.csv", "data.path"),
    ("a NUL", "data.path=a\0b", "data.path"),
    ("a long name", f"data.path={'x' * 300}", "data.path"),
    ("a long path", f"data.path={'x/' * 3000}", "data.path"),
    (
        "a packaged table that is not there",
        "data.path=package:nothing.csv",
        "dltrain ships no such table",
    ),
    ("a way out of the package", "data.path=package:../tabular.py", "dltrain ships no such table"),
    (
        "an absolute way out of the package",
        "data.path=package:/etc/passwd",
        "dltrain ships no such table",
    ),
    ("the package itself", "data.path=package:", "dltrain ships no such table"),
    (
        "a packaged picture",
        "data.path=package:fashion_mnist_sample-train-labels-idx1-ubyte.gz",
        "dltrain ships no such table",
    ),
    ("an escape in a path", "data.path=\x1b[31m.csv", "no such file"),
    ("a path that interpolates", "data.path=${oc.env:HOME}", "interpolations"),
    ("a home of nobody", "data.path=~nobody9/t.csv", "no folder ~nobody9"),
    ("standard input", "data.path=-", "no such file"),
    ("a glob", "data.path=*.parquet", "no such file"),
    ("bytes that are no text", "data.path=\udcff.csv", "is not text in this locale"),
]


def cases() -> Iterator[Case]:
    """Yield every malformed table."""
    for what, row, says in WIDTHS:
        lines = text(numbers()).splitlines()
        whole = "\n".join([*lines[:5], row, *lines[5:]]) + "\n"
        yield Case(f"table: a row with {what}", CSV, says, {"t.csv": whole})
    for (what, cell, says), column in itertools.product(CELLS, ("a", "y")):
        cells = numbers()
        cells[5][cells[0].index(column)] = cell
        whole = text(cells)
        yield Case(f"table: {what} in column {column}", CSV, says, {"t.csv": whole})
    for what, header, says in HEADERS:
        mark = next((mark for mark in ";\t|" if mark in header), ",")
        row = mark.join(["1.5"] * (header.count(mark) + 1)) + "\n"
        rows = 3 * row if len(row) < 100_000 else ""
        yield Case(f"table: a header with {what}", CSV, says, {"t.csv": f"{header}\n{rows}"})
    for what, content, says in FILES:
        yield Case(f"table: a file of {what}", CSV, says, {"t.csv": content})
    for what, rows, told, says in TOLD:
        words = with_words(told.split(" "))
        yield Case(f"table: {what}", words, says, {"t.csv": rows})
    for asked, says in TRAINED:
        yield Case(f"table: {asked}", with_words(asked.split(" "))[1:], says, {"t.csv": LABELS})
    for what, word, says in PATHS:
        yield Case(f"table: a path to {what}", with_words([word]), says, {"t.csv": ROWS})
