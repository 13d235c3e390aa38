"""data=sql: a table from a query is a table."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dltrain.config.load import load
from dltrain.data.dataset import Dataset
from dltrain.data.table.query import QueryBlocks, QueryRows
from dltrain.train import build
from tests.conftest import Call, Shown, tree
from tests.data.table.databases import fill

COLUMNS = "id INTEGER, x DOUBLE PRECISION, colour VARCHAR(9), y DOUBLE PRECISION"
QUERY = "SELECT id, x, colour, y FROM t"


def frame(rows: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows).round(6)
    colour = rng.choice(["red", "green", "blue"], rows)
    table = pd.DataFrame({"id": np.arange(rows), "x": x, "colour": colour})
    table["y"] = (3 * x + (colour == "red")).round(6)
    table.loc[::7, "x"] = np.nan
    table.loc[3, "colour"] = None
    return table


def put(url: str, table: pd.DataFrame) -> None:
    cells = [
        f"({', '.join('NULL' if pd.isna(cell) else repr(cell) for cell in row)})"
        for row in zip(*(table[name].tolist() for name in table), strict=True)
    ]
    fill(url, [f"CREATE TABLE t ({COLUMNS})", f"INSERT INTO t VALUES {', '.join(cells)}"])


def words(url: str, query: str = QUERY) -> list[str]:
    return [
        *("data=sql", f"data.url={url}", f"data.query={query}", "data.target=y"),
        *("data.drop=[id]", "optimizer=least_squares", "device.threads=1"),
    ]


def dataset(url: str, query: str = QUERY, *more: str) -> Dataset:
    return build.dataset(load([*words(url, query), *more]))


def rows_of(data: Dataset) -> list[bytes]:
    return [row.tobytes() for split in data.splits.values() for row in split.inputs]


def test_rows_are_prepared_like_those_of_a_file(database: str, tmp_path: Path) -> None:
    put(database, frame())
    frame().to_csv(tmp_path / "t.csv", index=False)
    data = dataset(database)
    own = ["data=csv", f"data.path={tmp_path / 't.csv'}", *words(database)[3:]]
    every = ["data.val_fraction=0", "data.test_fraction=0"]
    of_file = build.dataset(load([*own, *every]))
    whole = dataset(database, QUERY, *every)
    assert whole.feature_names == of_file.feature_names
    assert np.allclose(sorted(whole.train.inputs.tolist()), sorted(of_file.train.inputs.tolist()))
    assert whole.amounts["train"].mean == pytest.approx(of_file.amounts["train"].mean)
    assert [len(split) for split in data.splits.values()] == [42, 9, 9]
    assert data.name in ("shop", "postgres")
    assert data.source == database


def test_the_splits_are_the_same_in_whatever_order_rows_come(database: str) -> None:
    put(database, frame())
    orders = ["", " ORDER BY id", " ORDER BY y DESC", " ORDER BY colour, x"]
    first, *others = (dataset(database, f"{QUERY}{order}") for order in orders)
    for other in others:
        assert rows_of(other) == rows_of(first)
        assert other.sha256 == first.sha256


def test_a_digest_tells_rows_and_columns_apart(database: str) -> None:
    put(database, frame())
    seen = {dataset(database).sha256}
    for query in (
        f"{QUERY} WHERE id > 0",
        "SELECT id, x AS z, colour, y FROM t",
        "SELECT id, x, colour, y + 0.5 AS y FROM t",
        "SELECT id, y AS x, colour, x AS y FROM t WHERE x IS NOT NULL",
    ):
        assert dataset(database, query).sha256 not in seen
        seen.add(dataset(database, query).sha256)
    fill(database, ["UPDATE t SET colour = 'blue' WHERE id = 3"])
    assert dataset(database).sha256 not in seen


def test_a_message_names_a_row_by_its_first_cells(database: str) -> None:
    put(database, frame())
    with pytest.raises(ValueError, match=r"the row with id=\d+, x=.*column 'x': no value"):
        dataset(database, QUERY, "data.missing=error")


def test_a_query_of_no_rows_teaches_nothing(database: str) -> None:
    put(database, frame())
    with pytest.raises(ValueError, match=r": the query returns no rows; correct data\.query$"):
        QueryRows(database, f"{QUERY} WHERE id < 0")


def test_columns_without_names_of_their_own_are_refused(database: str) -> None:
    put(database, frame())
    with pytest.raises(ValueError, match="two columns are called 'y'; rename one of them"):
        QueryRows(database, "SELECT y, y FROM t")
    with pytest.raises(ValueError, match="two columns are called 'y'; rename one of them"):
        QueryBlocks(database, "SELECT y, y FROM t")


def test_a_query_without_rows_is_nothing_to_learn_from(database: str) -> None:
    put(database, frame())
    for rows in ("LIMIT 0", "WHERE id > 99"):
        with pytest.raises(ValueError, match=r": the query returns no rows; correct data\.query$"):
            QueryRows(database, f"{QUERY} {rows}")
    assert len(dataset(database, f"{QUERY} LIMIT 20").splits["train"]) == 14


def test_parts_of_a_column_of_sqlite_may_differ(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70000)"
    fill(url, ["CREATE TABLE n AS " + numbers + " SELECT i, i AS j FROM n"])
    fill(url, ["UPDATE n SET i = i + 0.5 WHERE i > 69000", "UPDATE n SET j = 'x' WHERE j > 69000"])
    rows = QueryRows(url, "SELECT i, j FROM n")
    [*blocks] = rows.blocks(["i", "j"], missing_values=[])
    assert {str(cells.type) for cells, _ in blocks} == {"double"}
    assert {str(cells.type) for _, cells in blocks} == {"string"}
    first, second = QueryBlocks(url, "SELECT i, j, NULL FROM n")
    assert [str(cells.type) for cells in first.columns] == ["int64", "int64", "string"]
    assert [str(cells.type) for cells in second.columns] == ["double", "string", "string"]
    assert second.location(0).endswith("row 65,537 of the query")


def test_what_sqlite_trains_on_it_predicts_whole_numbers_first(here: Path, call: Call) -> None:
    url = "sqlite:///shop.db"
    rows = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 69999)"
    amounts = "SELECT i, CASE WHEN i < 69000 THEN i % 9 ELSE i % 9 + 0.5 END FROM n"
    fill(url, ["CREATE TABLE t (y, a DECIMAL(10,2))", f"INSERT INTO t {rows} {amounts}"])
    query = "SELECT y, a FROM t"
    line = ["data=sql", f"data.url={url}", f"data.query={query} WHERE y > 68900", "data.target=y"]
    done(call(*line, "optimizer=least_squares"))
    asked = ["latest", "--data", url, "--query", query]
    lines = done(call("predict", *asked)).splitlines()
    assert len(lines) == 70001
    assert [lines[1].split(",")[1], lines[-1].split(",")[1]] == ["0", "6.5"]
    assert "70,000 rows" in done(call("evaluate", *asked))
    shown = call("predict", *asked, "--output", "p.parquet")
    assert shown.code == 2
    assert "column 'a' begins with cells of type int64, and later ones are double" in shown.err
    assert not Path("p.parquet").exists()
    asked[-1] = "SELECT y, CAST(a AS REAL) AS a FROM t"
    done(call("predict", *asked, "--output", "p.parquet"))
    assert pd.read_parquet("p.parquet").a.iloc[-1] == 6.5


def done(shown: Shown) -> str:
    assert shown.code == 0, shown
    return shown.out


def test_a_run_goes_through_every_verb(database: str, here: Path, call: Call) -> None:
    put(database, frame())
    line = [word for word in words(database) if not word.startswith("optimizer")]
    line += ["trainer.epochs=3", "optimizer.lr=0.01"]
    done(call("data", *line))
    done(call(*line))
    run = max(Path("outputs").iterdir())
    typed = [f"data.url={database}"]
    figures = re.findall(r"^rmse +(\S+)", done(call("evaluate", "latest", *typed)), re.M)
    assert f"rmse {figures[0]}" in done(call("runs", "show", "latest"))
    out = done(call("predict", "latest", "--data", database, "--query", f"{QUERY} ORDER BY id"))
    table = pd.read_csv(io.StringIO(out))
    assert table.id.tolist() == list(range(60))
    frame().to_csv("t.csv", index=False)
    of_file = pd.read_csv(io.StringIO(done(call("predict", "latest", "--data", "t.csv"))))
    assert table.prediction.tolist() == of_file.prediction.tolist()
    shown = call("evaluate", "latest", "--data", database, "--query", f"{QUERY} WHERE id < 9")
    assert "9 rows" in done(shown)
    done(call("resume", "latest", *typed, "trainer.epochs=5"))
    assert len((run / "metrics.csv").read_text().splitlines()) == 6
    done(call("rerun", "latest"))
    done(call("-m", *line[:-1], "optimizer.lr=0.01,0.02"))
    fill(database, ["UPDATE t SET y = y + 1 WHERE id = 5"])
    for words_ in (
        ["evaluate", run.name, *typed],
        ["resume", run.name, *typed, "trainer.epochs=6"],
    ):
        assert "its content changed since the run began" in call(*words_).err


def test_a_database_file_is_found_from_another_folder(
    here: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("sqlite:///shop.db", frame())
    done(call(*words("sqlite:///shop.db")))
    other = here / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    done(call("evaluate", "latest", "output_dir=../outputs"))


def test_what_is_of_files_has_no_effect_on_a_query(here: Path, call: Call) -> None:
    put("sqlite:///shop.db", frame())
    shown = call(*words("sqlite:///shop.db"), "data.delimiter=;", "data.skip_rows=2")
    for knob in ("delimiter", "skip_rows"):
        assert f"data.{knob} has no effect with data.url=sqlite:///shop.db" in shown.err + shown.out


def test_a_server_is_asked_only_if_the_command_line_names_it(
    postgresql: str, here: Path, call: Call
) -> None:
    """A record may be a stranger's, and an address in it lead anywhere."""
    fill(postgresql, ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"])
    put(postgresql, frame())
    done(call(*words(postgresql)))
    shown = call("evaluate", "latest")
    assert shown.code == 2
    assert "asked only if it is named on the command line; add data.url=" in shown.err
    assert call("evaluate", "latest", f"data.url={postgresql}").code == 0
    done(call("report", "latest", "--output", "page.html"))
    assert "asked only if it is named on the command line" in Path("page.html").read_text()


REFUSED = [
    (["data=sql", "data.target=y"], "data.path", "which table? Add data.path=FILE, or data.url="),
    (["data=sql", "data.url=a.db"], "data.url=a.db", "is no address of a database; use sqlite:///"),
    (["data=sql", "data.url=sqlite:///no.db"], "data.url", "no such file"),
    (["data=sql", "data.url=sqlite:///a.db"], "data.query", "which rows? Add 'data.query=SELECT"),
    (["data=sql", "data.query=SELECT 1"], "data.url", "which database? Add data.url=..., as in"),
    (
        ["data=sql", "data.url=sqlite:///a.db", "data.query=SELECT 1", "data.path=a.csv"],
        "data.path=a.csv",
        "is a file, beside a database; leave out one of them",
    ),
]


@pytest.mark.parametrize(("line", "key", "told"), REFUSED)
def test_what_does_not_go_together_is_refused(
    line: list[str], key: str, told: str, here: Path, call: Call
) -> None:
    fill("sqlite:///a.db", ["CREATE TABLE t (a)"])
    shown = call(*line)
    assert shown.code == 2
    assert any(
        text.startswith(f"dltrain: error: {key}") and told in text
        for text in shown.err.splitlines()
    )
    assert tree(here) == ["a.db"]


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:s3cret@host/shop", "postgresql://host/shop?user=me&password=s3cret"],
)
@pytest.mark.parametrize(
    "verb", [[], ["data"], ["-m"], ["config", "show"], ["--cfg", "job"], ["predict", "latest"]]
)
def test_a_password_in_an_address_is_refused_and_told_by_nobody(
    verb: list[str], url: str, here: Path, call: Call
) -> None:
    done(call("trainer.epochs=1"))
    before = tree(here)
    line = ["data=sql", f"data.url={url}", "data.query=SELECT 1", "data.target=y"]
    line = ["--data", url, "--query", "SELECT 1"] if verb[:1] == ["predict"] else line
    shown = call(*verb, *line)
    assert shown.code == 2
    assert "holds a password, which records and histories would keep" in shown.err
    assert "s3cret" not in shown.out + shown.err
    assert tree(here) == before


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--data", "sqlite:///a.db"], "which rows? Add --query 'SELECT ...'"),
        (["--data", "t.csv", "--query", "SELECT 1"], "--query: is asked of one database; add"),
        (["--data", "sqlite:///no.db", "--query", "SELECT 1"], "--data sqlite:///no.db: no such"),
        (["--data", "sqlite:///a.db", "--query", "SELECT 1 AS z"], "a.db: has no column 'x0'"),
        (["--data", "sqlite:///a.db", "--query", "SELECT q FROM t"], "no such column: q"),
    ],
)
@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_other_rows_that_cannot_be_asked_for_are_refused(
    verb: str, flags: list[str], told: str, here: Path, call: Call
) -> None:
    fill("sqlite:///a.db", ["CREATE TABLE t (a)"])
    Path("t.csv").write_text("x0,x1,y\n1,2,3\n")
    done(call("trainer.epochs=1"))
    shown = call(verb, "latest", *flags)
    assert (shown.code, shown.out) == (2, "")
    [line] = shown.err.splitlines()
    assert told in line
