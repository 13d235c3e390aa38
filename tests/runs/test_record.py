"""Records are read with bounds, and only those of our format, by whichever verb."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dltrain.runs.layout import FORMAT
from dltrain.runs.record import MAX_DEPTH, MAX_PARTS, FormatError, read_record, sealed_json
from tests.conftest import Call, tree
from tests.sweep.helpers import SMALL, carry_out


def record(folder: Path, **content: object) -> Path:
    path = folder / "run.json"
    path.write_bytes(sealed_json({"format": FORMAT, **content}))
    return path


def test_a_record_that_is_sealed_is_read(tmp_path: Path) -> None:
    assert read_record(record(tmp_path, id="x")) == {"format": FORMAT, "id": "x"}


def test_a_record_may_not_be_deep(tmp_path: Path) -> None:
    deep = json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(ValueError, match="nested deeper"):
        read_record(record(tmp_path, resumed=deep))
    assert read_record(record(tmp_path, resumed=deep[0][0]))["resumed"] == deep[0][0]


def test_a_record_may_not_be_made_of_endless_parts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds more"):
        read_record(record(tmp_path, resumed=[[]] * MAX_PARTS))


FORMATS: Mapping[str, Any] = {
    "newer": FORMAT + 1,
    "older": FORMAT - 1,
    "text": str(FORMAT),
    "a bool": True,
    "a float": float(FORMAT),
    "null": None,
    "huge": 10**4000,
    "long": "x" * 10**5,
    "nasty": "\x1b[31m\n",
    "a list": [FORMAT],
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_record_of_another_format_is_refused_by_name_in_a_short_line(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(FormatError) as caught:
        read_record(record(tmp_path, format=FORMATS[name]))
    line = str(caught.value)
    assert line.startswith(f"{tmp_path}: was written by another dltrain (format ")
    assert f"; this one reads {FORMAT})" in line
    assert len(line) < len(str(tmp_path)) + 250
    assert "\n" not in line


def test_a_record_without_a_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(sealed_json({"id": "x"}))
    with pytest.raises(FormatError, match=f"another dltrain .no format; this one reads {FORMAT}"):
        read_record(path)


def test_a_damaged_record_is_not_taken_for_another_format(tmp_path: Path) -> None:
    path = record(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 3'))
    with pytest.raises(ValueError, match="was changed or damaged") as caught:
        read_record(path)
    assert not isinstance(caught.value, FormatError)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a run and a sweep, and let a later dltrain have written their records."""
    folder = tmp_path_factory.mktemp("later")
    assert carry_out(folder, *SMALL).code == 0
    assert carry_out(folder, "-m", *SMALL, "seed=0,1").code == 0
    for path in [*folder.glob("outputs/*/run.json"), *folder.glob("outputs/*/sweep.json")]:
        path.write_bytes(sealed_json(read_record(path) | {"format": FORMAT + 1}))
    for path in folder.glob("outputs/*"):
        path.rename(path.with_name("sweep_bbbb" if "_sweep_" in path.name else "run_aaaa"))
    return folder


def refusal(name: str) -> str:
    """Return what every verb says of a folder of another format."""
    return (
        f"dltrain: error: outputs/{name}: was written by another dltrain "
        f"(format {FORMAT + 1}; this one reads {FORMAT}); read it with that one, or train it anew\n"
    )


READING = (
    "runs show RUN",
    "runs show RUN --json",
    "runs best RUN",
    "runs plot RUN",
    "runs tail RUN",
    "runs compare RUN",
    "runs diff RUN RUN",
    "runs label RUN",
    "runs label RUN text",
    "report RUN",
    "resume RUN",
    "resume RUN trainer.epochs=9",
    "rerun RUN",
    "evaluate RUN",
    "predict RUN --data x.csv",
    "config diff RUN",
)


@pytest.mark.parametrize("name", ["run_aaaa", "sweep_bbbb"])
@pytest.mark.parametrize("line", READING)
def test_every_verb_that_reads_refuses_another_format_and_leaves_nothing(
    written: Path, monkeypatch: pytest.MonkeyPatch, call: Call, line: str, name: str
) -> None:
    monkeypatch.chdir(written)
    before = tree(written)
    shown = call(*line.replace("RUN", name).split())
    assert (shown.code, shown.out, shown.err) == (2, "", refusal(name))
    assert tree(written) == before


@pytest.mark.parametrize(
    "line", ["runs ls sweep_bbbb", "runs show sweep_bbbb/0", "-m --resume sweep_bbbb"]
)
def test_members_of_a_sweep_of_another_format_are_not_looked_for(
    written: Path, monkeypatch: pytest.MonkeyPatch, call: Call, line: str
) -> None:
    monkeypatch.chdir(written)
    assert call(*line.split()).err == refusal("sweep_bbbb")


def test_a_list_says_which_runs_are_of_another_format(
    written: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    monkeypatch.chdir(written)
    shown = call("runs", "ls", "--columns", "id,status", "--csv")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines()[1:] == ["sweep_bbbb,other_format", "run_aaaa,other_format"]
    chosen = call("runs", "ls", "--where", "status == other_format", "--columns", "id", "--csv")
    assert len(chosen.out.splitlines()) == 3


def test_an_export_has_runs_of_another_format_and_refuses_their_epochs(
    written: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    monkeypatch.chdir(written)
    exported = call("runs", "export", "-")
    assert (exported.code, exported.out.count("other_format")) == (0, 2)
    epochs = call("runs", "export", "-", "--epochs")
    assert (epochs.code, epochs.out, epochs.err) == (2, "", refusal("sweep_bbbb"))


def test_what_is_of_another_format_can_be_removed_restored_and_deleted(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    shutil.copytree(written, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    for verb in ("rm", "restore", "rm"):
        shown = call("runs", verb, "run_aaaa", "sweep_bbbb")
        assert (shown.code, shown.err) == (0, "")
    assert call("runs", "purge", "--yes").code == 0
    assert [path.name for path in Path("outputs").rglob("*")] == [".trash"]


def test_a_run_of_another_format_is_not_taken_over_by_a_sweep(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    shutil.copytree(written, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    shown = call("-m", *SMALL, "seed=0,1", "sweep.skip_done=true")
    assert shown.code == 0, shown.err
    assert "finished already" not in shown.out
