"""No row mixes epochs: each number printed of a run is of the epoch that stands beside it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dltrain.inference.evaluation import evaluate
from dltrain.report.contents import report
from dltrain.runs.run import Run, read
from tests.cli.conftest import rows_of
from tests.conftest import Call
from tests.sweep.helpers import carry_out, only_sweep, results

WORDS = (
    *("data=csv", "data.path=table.csv", "data.target=y", "trainer.batch_size=2"),
    *("optimizer.lr=0.1,0.3,0.02", "trainer.epochs=9", "device=cpu"),
    *("model=linear", "optimizer=sgd"),
)
Row = Mapping[str, Any]


@dataclass
class Trained:
    """A sweep whose best epochs are not its last, and what its members reached at each epoch."""

    folder: Path
    out: str  # of the command that trained it
    keep: str
    members: dict[str, Run]  # by number
    tests: dict[str, dict[int, dict[str, float]]]  # member -> epoch -> what its weights reach

    def check(self, row: Row) -> int:
        """Compare a row's numbers with what was recorded of their epochs; return how many."""
        member = self.member_of(row)
        with open(self.members[member].folder / "metrics.csv") as file:
            recorded = {int(each["epoch"]): each for each in csv.DictReader(file)}
        checked = 0
        for name, value in row.items():
            match = re.fullmatch(r"(best/|last/|)((?:train|val|test)/\w+)", name)
            if match is None or value in ("", None, "-"):
                continue
            epoch = int(row[f"{match[1]}epoch"])
            scores = {**recorded[epoch], **self.tests[member].get(epoch, {})}
            assert match[2] in scores, (name, row)
            expected = pytest.approx(float(scores[match[2]]), rel=5e-4)
            assert float(value) == expected, (name, row)
            checked += 1
        return checked

    def member_of(self, row: Row) -> str:
        if row.get("member") not in (None, ""):
            return str(row["member"])
        return str(int(str(row["id"]).rpartition("/")[2]))


def write_table(folder: Path) -> None:
    lines = [f"{i % 7},{(i * i) % 11},{(i * 5) % 13 + i % 3}" for i in range(50)]
    (folder / "table.csv").write_text("\n".join(["p,q,y", *lines]))


@pytest.fixture(scope="module", params=["last", "best"])
def trained(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    here, keep = tmp_path_factory.mktemp("epochs"), request.param
    write_table(here)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        patch.setenv("COLUMNS", "500")
        shown = carry_out(here, "-m", *WORDS, f"trainer.keep={keep}")
        assert shown.code == 0
        sweep = only_sweep(here)
        members = {str(n): read(sweep / "members" / f"{n:04d}") for n in range(3)}
        tests = {
            number: {
                evaluate(run, epoch=each).epoch: {
                    name: value
                    for split in ("val", "test")
                    for name, value in evaluate(run, split=split, epoch=each).metrics.items()
                }
                for each in ("last", "best")
            }
            for number, run in members.items()
        }
        assert all(len(of_member) == 2 for of_member in tests.values())  # they do differ
        yield Trained(sweep, shown.out, keep, members, tests)


def table(text: str, first: str) -> list[dict[str, str]]:
    """Read a table of the terminal, whose head begins with a word."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if re.match(rf"{first}\b", line.strip()))
    head, rows = re.split(r" {2,}", lines[start].strip()), []
    for line in lines[start + 1 :]:
        if not line.strip():
            break
        rows.append(dict(zip(head, re.split(r" {2,}", line.strip()), strict=True)))
    return rows


def markdown(text: str) -> list[dict[str, str]]:
    head, _, *rows = [[c.strip() for c in line.split("|")[1:-1]] for line in text.splitlines()]
    return [dict(zip(head, row, strict=True)) for row in rows]


def differing(trained: Trained, call: Call) -> list[dict[str, str]]:
    """Read each side of a difference as a row."""
    short = read(trained.folder).short
    lines = table(call("runs", "diff", f"{short}/0", f"{short}/1").out, "result")
    return [
        {"member": member, **{line["result"]: line[column] for line in lines}}
        for member, column in (("0", "a"), ("1", "b"))
    ]


def best_as_json(trained: Trained, call: Call) -> list[Row]:
    rows: list[Row] = json.loads(call("runs", "best", str(trained.folder), "--json").out)["rows"]
    return rows


def on_the_page(trained: Trained, call: Call) -> list[dict[str, Any]]:
    section = next(s for s in report([read(trained.folder)]).sections if s["name"] == "runs")
    block = next(block for block in section["blocks"] if block["kind"] == "table")
    names = [column["name"] for column in block["columns"]]
    return [dict(zip(names, row, strict=True)) for row in block["rows"]]


def quoted(line: str) -> dict[str, str]:
    """Read figures as in ``rmse 0.5 [0.4, 0.6]  loss 0.2``."""
    pairs = re.findall(r"(?:^|  )(\w+) ([^ ]+)", line)
    assert len(pairs) >= 2
    return dict(pairs)


def told(trained: Trained, call: Call) -> list[Row]:
    """Read what is said of single runs in sentences, and beside each the kept epoch's test."""
    rows: list[Row] = []
    for number, run in trained.members.items():
        shown = call("runs", "show", str(run.folder)).out
        said = re.search(r"^result +(\S+) (\S+) at epoch (\d+)$", shown, re.MULTILINE)
        tests = re.search(r"^test +(.*)$", shown, re.MULTILINE)
        followed = call("runs", "tail", str(run.folder)).out.splitlines()[-1]
        ended = re.fullmatch(r"done: (\S+) (\S+) at epoch (\d+), test (\w+) (\S+)", followed)
        assert said
        assert tests
        assert ended
        pairs = {f"test/{name}": value for name, value in quoted(tests[1]).items()}
        rows.append({"member": number, "epoch": said[3], said[1]: said[2], **pairs})
        test = {f"test/{ended[4]}": ended[5]}
        rows.append({"member": number, "epoch": ended[3], ended[1]: ended[2], **test})
    return rows


COLUMNS = "--columns=id,epoch,train/loss,val/loss,val/rmse,test/loss,test/rmse"
PLACES: dict[str, Callable[[Trained, Call], list[Any]]] = {
    "the sweep's own table": lambda t, call: table(t.out, "member"),
    "results.csv": lambda t, call: results(t.folder),
    "runs ls": lambda t, call: table(call("runs", "ls", str(t.folder), COLUMNS).out, "id"),
    "runs ls --csv": lambda t, call: rows_of(call("runs", "ls", str(t.folder), "--csv")),
    "runs ls --json": lambda t, call: json.loads(call("runs", "ls", str(t.folder), "--json").out),
    "runs ls --md": lambda t, call: markdown(call("runs", "ls", str(t.folder), "--md").out),
    "runs --csv, of the best member": lambda t, call: rows_of(call("runs", "--csv")),
    "runs best": lambda t, call: table(call("runs", "best", str(t.folder)).out, "member"),
    "runs best --json": best_as_json,
    "runs compare": lambda t, call: table(call("runs", "compare", str(t.folder)).out, "id"),
    "runs diff": differing,
    "runs export": lambda t, call: list(
        csv.DictReader(io.StringIO(call("runs", "export", "-").out))
    ),
    "runs show and runs tail": told,
    "the page": on_the_page,
}


@pytest.mark.parametrize("place", PLACES)
def test_each_number_is_of_the_epoch_beside_it(place: str, trained: Trained, call: Call) -> None:
    rows = PLACES[place](trained, call)
    assert rows
    for row in rows:
        assert trained.check(row) >= 2
        kept = int(row["epoch"])
        assert (kept == 9) is (trained.keep == "last")
        with pytest.raises(AssertionError):  # the row of another epoch would be noticed
            trained.check({**row, "epoch": 9 if trained.keep == "best" else 2})


@pytest.mark.parametrize(("keep", "which"), [("last", "the last"), ("best", "the best")])
def test_a_run_says_of_which_epoch_its_figures_are(
    keep: str, which: str, here: Path, call: Call
) -> None:
    write_table(here)
    words = [word for word in WORDS if not word.startswith("optimizer.lr")]
    out = call(*words, "optimizer.lr=0.1", f"trainer.keep={keep}").out
    [folder] = (here / "outputs").iterdir()
    best = read(folder).part("result", "best")
    for split in ("val", "test"):
        said = re.search(rf"^{split} +(.*)  \(epoch (\d), (.*)\)$", out, re.MULTILINE)
        assert said
        assert (int(said[2]), said[3]) == (best["epoch"] if keep == "best" else 9, which)
        found = evaluate(read(folder), split=split, epoch=keep).metrics
        printed = {f"{split}/{name}": float(text) for name, text in quoted(said[1]).items()}
        assert printed == pytest.approx({name: found[name] for name in printed}, rel=5e-4)
    told = re.search(r"^best +val/loss (\S+) at epoch (\d)$", out, re.MULTILINE)
    assert (told is not None) is (keep == "last")  # said where it is another epoch
    if told:
        assert float(told[1]) == pytest.approx(best["value"], rel=5e-4)
        assert int(told[2]) == best["epoch"]
