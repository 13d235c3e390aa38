"""Going on from the command line: only with what decided the bits until then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dltrain.reading import read_record
from dltrain.runs import list_runs
from tests.conftest import Call, tree, write_record

pytestmark = pytest.mark.usefixtures("here")

SMALL = ("data.num_train=96", "data.num_val=32", "trainer.epochs=1", "device.threads=1")
TABLE = "a,b,y\n" + "".join(f"{i},{i * i % 7},{i % 5}.5\n" for i in range(40))
LONGER = ("resume", "latest", "trainer.epochs=2")


def only_run() -> Path:
    [run] = list_runs(Path("outputs"))
    return run.folder


def test_a_run_goes_on_to_more_epochs(call: Call) -> None:
    assert call(*SMALL).code == 0
    assert call(*LONGER).code == 0
    assert len((only_run() / "metrics.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("name", ["torch", "numpy"])
def test_other_versions_are_refused_unless_they_are_allowed(call: Call, name: str) -> None:
    call(*SMALL)
    path = only_run() / "run.json"
    info = read_record(path)
    assert name in info["versions"]
    info["versions"][name] = "0.0.1"
    write_record(path, info)
    before = {name: Path(name).read_bytes() for name in tree(Path()) if Path(name).is_file()}
    shown = call(*LONGER)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith(f"dltrain: error: {name} was 0.0.1 and is ")
    assert shown.err.endswith("--allow-changed goes on all the same\n")
    assert shown.err.count("\n") == 1
    assert {name: Path(name).read_bytes() for name in before} == before
    assert call(*LONGER, "--allow-changed").code == 0


def test_another_table_is_refused_and_nothing_of_it_is_shown(call: Call) -> None:
    Path("t.csv").write_text(TABLE)
    words = ("data=csv", "data.path=t.csv", "data.target=y", *SMALL[2:])
    assert call(*words).code == 0
    # The path is the record's, which may be a stranger's.
    Path("t.csv").write_text("secret,other\n1,2\n")
    shown = call(*LONGER)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith(
        "dltrain: error: data.path=t.csv: its content changed since the run began"
    )
    assert "secret" not in shown.err
    Path("t.csv").write_text(TABLE.replace("\n1,", "\n2,"))
    assert call(*LONGER).code == 2
    assert call(*LONGER, "--allow-changed").code == 0


def test_a_record_that_was_changed_is_not_gone_on_with(call: Call) -> None:
    call(*SMALL)
    path = only_run() / "run.json"
    info = json.loads(path.read_bytes())
    info["config"]["optimizer"]["lr"] = 0.5
    path.write_text(json.dumps(info))
    shown = call("resume", str(path.parent), "trainer.epochs=2")
    assert (shown.code, shown.out) == (2, "")
    assert "run.json: was changed or damaged after it was written" in shown.err
