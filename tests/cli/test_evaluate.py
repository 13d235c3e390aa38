"""dltrain evaluate: metrics of a saved run on its own data or another file."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from dltrain.nn.intervals import wilson
from dltrain.runs.find import find
from dltrain.runs.run import Run
from dltrain.system.paths import SHIPPED
from dltrain.text import figure
from tests.cli.test_predict import piped, sample, train, write_idx
from tests.conftest import Call, changed, scores_on_test, tree
from tests.inference.test_evaluation import RUNS, write_table
from tests.torture.flips import make_images

pytestmark = pytest.mark.usefixtures("here")


def latest() -> Run:
    return find("latest", Path("outputs"))


def test_classes_are_shown_with_scores_and_who_is_taken_for_whom(here: Path, call: Call) -> None:
    train(call, *RUNS["softmax"])
    before = tree(here)
    shown = call("evaluate", "latest")
    assert (shown.code, shown.err) == (0, "")
    assert re.search(r"^data +fashion_mnist, test split: 1,000 rows$", shown.out, re.MULTILINE)
    accuracy = latest().part("result", "kept", "test/accuracy")
    low, high = (figure(end) for end in wilson(accuracy, rows=1000))
    quoted = rf"^accuracy  {accuracy:.4g} \[{low}, {high}\]$"
    assert re.search(quoted, shown.out, re.MULTILINE)
    note = "[low, high]: 95 % interval over rows of the test split, of this one training"
    assert shown.out.splitlines().count(note) == 1
    assert not re.search(r"^auc +[\d.]+ \[", shown.out, re.MULTILINE)  # of ten classes a mean
    assert re.search(r"^auc +0\.9\d+$", shown.out, re.MULTILINE)
    assert re.search(r"^class +precision +recall +f1 +rows$", shown.out, re.MULTILINE)
    assert len(re.findall(r"^ankle boot( +[\d.]+){4}$", shown.out, re.MULTILINE)) == 1
    assert len(re.findall(r"^ankle boot( +\d+){10}$", shown.out, re.MULTILINE)) == 1
    assert tree(here) == before


def test_amounts_are_shown_with_the_largest_error(call: Call) -> None:
    write_table(Path("table.csv"), classes=False)
    train(call, *RUNS["amounts"])
    shown = call("evaluate", "latest")
    assert (shown.code, shown.err) == (0, "")
    for name, more in (("loss", ""), ("rmse", r" \[.+, .+\]"), ("r2", r" \[.+, .+\]")):
        value = latest().part("result", "kept", f"test/{name}")
        assert re.search(rf"^{name} +{value:.4g}{more}$", shown.out, re.MULTILINE)
    assert re.search(r"^median_absolute_error +[\d.]+$", shown.out, re.MULTILINE)
    assert max(map(len, shown.out.splitlines())) <= 80
    told = r"^largest error +[\d.]+ in row \d+, from 0 \(true [-\d.]+, predicted [-\d.]+\)$"
    assert re.search(told, shown.out, re.MULTILINE)


@pytest.mark.parametrize("name", ["classes", "amounts"])
def test_json_holds_what_the_record_holds(name: str, call: Call) -> None:
    write_table(Path("table.csv"), classes=name == "classes")
    train(call, *RUNS[name])
    found = json.loads(call("evaluate", "latest", "--json").out)
    assert found["metrics"] == scores_on_test(latest().info)
    quoted = ["accuracy", "auc"] if name == "classes" else ["rmse", "r2"]
    assert list(found["intervals"]) == [f"test/{each}" for each in quoted]
    for each, (low, high) in found["intervals"].items():
        assert low < found["metrics"][each] < high
    assert (found["run"], found["split"], found["rows"]) == (latest().id, "test", 100)
    if name == "classes":
        assert np.sum(found["confusion"]) == 100
        assert sum(score["support"] for score in found["classes"].values()) == 100
    else:
        assert found["largest_error"] >= found["metrics"]["test/rmse"]


@pytest.mark.parametrize("name", ["classes", "amounts", "float64"])
def test_the_runs_own_file_given_as_another_has_its_metrics(name: str, call: Call) -> None:
    write_table(Path("table.csv"), classes=name == "classes")
    train(call, *changed(RUNS[name], "data.val_fraction=0", "data.test_fraction=0"))
    own = json.loads(call("evaluate", "latest", "--split", "train", "--json").out)
    Path("table.csv").rename("moved.csv")
    other = json.loads(call("evaluate", "latest", "--data", "moved.csv", "--json").out)
    named = {f"data/{key.rpartition('/')[2]}": value for key, value in own["metrics"].items()}
    assert other["metrics"] == named
    assert list(other["intervals"].values()) == list(own["intervals"].values())
    assert (other["split"], other["rows"]) == ("data", 400)
    given = Path("moved.csv").read_bytes()
    streamed = piped("evaluate", "latest", "--data", "-", "--json", given=given)
    assert json.loads(streamed.out) == other


def test_images_are_judged_by_the_labels_beside_them(call: Call) -> None:
    train(call, *RUNS["softmax"])
    test = sample().test
    write_idx(Path("some-images-idx3-ubyte"), test.inputs)
    labels = b"\0\0\x08\1" + len(test).to_bytes(4, "big") + test.targets.astype(np.uint8).tobytes()
    shown = call("evaluate", "latest", "--data", "some-images-idx3-ubyte")
    told = "its labels are not beside it, as some-labels-idx1-ubyte or .gz"
    assert (shown.code, told in shown.err) == (2, True)
    Path("some-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    words = ["evaluate", "latest", "--data", "some-images-idx3-ubyte", "--json"]
    found = json.loads(call(*words).out)["metrics"]
    named = {f"test{key[4:]}": value for key, value in found.items()}
    assert named == scores_on_test(latest().info)
    Path("some-labels-idx1-ubyte").write_bytes(
        labels[:4] + (len(test) - 1).to_bytes(4, "big") + labels[8:-1]
    )
    shown = call(*words)
    assert (shown.code, shown.out) == (2, "")
    assert "some-labels-idx1-ubyte: has not as many labels as some-images" in shown.err


def test_of_a_sweep_the_best_member_is_evaluated(call: Call) -> None:
    train(call, "-m", "optimizer.lr=0.0001,0.1", "trainer.epochs=2")
    shown = call("evaluate", "latest", "--split", "val")
    assert shown.err == f"note: val/loss chose {latest().short}/1, the sweep's best member\n"
    assert f"{latest().id}/0001" in shown.out


def test_a_run_that_was_stopped_within_an_epoch_says_so(tmp_path: Path, call: Call) -> None:
    waiting, _ = make_images(tmp_path)
    [stopped] = [image for image in waiting if image.name == "mlp interrupted"]
    shown = call("evaluate", str(stopped.kept), "--split", "val")
    assert (shown.code, shown.err) == (0, "")
    assert re.search(r"^epoch +2, and 3 steps of the next$", shown.out, re.MULTILINE)


def test_a_sweep_without_a_member_that_is_done_is_refused(call: Call) -> None:
    assert call("-m", "optimizer.lr=1e9,1e10", "trainer.epochs=20").code == 3
    shown = call("evaluate", "latest")
    assert (shown.code, shown.out) == (2, "")
    assert "none of its members is done and has a val/loss" in shown.err


def test_what_cannot_be_done_is_refused_and_leaves_nothing(here: Path, call: Call) -> None:
    train(call, "trainer.epochs=1")
    Path("data.csv").write_text("x0,x1\n1,2\n")
    Path("empty.csv").write_text("x0,x1,y\n")
    before = tree(here)
    for words, told in (
        (["evaluate"], "evaluate: which run?"),
        (
            ["evaluate", "latest", "trainer.epochs=3"],
            "(to be set: output_dir, data.path, data.root",
        ),
        (["evaluate", "latest"], "its test split has no rows; train has 1,000"),
        (["evaluate", "latest", "--split", "tset"], "invalid choice: 'tset'"),
        (
            ["evaluate", "latest", "--split", "val", "--data", "data.csv"],
            "leave it out with --data",
        ),
        (["evaluate", "latest", "--data", "data.csv"], "has no column 'y' to compare with"),
        (["evaluate", "latest", "--data", "empty.csv"], "there are no rows to evaluate it on"),
        (["evaluate", "latest", "--data", "nowhere.csv"], "--data nowhere.csv: no such file"),
        (["evaluate", "latest", "--split", "val", "data.path=x"], "data.path: the run has no such"),
    ):
        shown = call(*words)
        assert (shown.code, shown.out, shown.err.count("\n")) == (2, "", 1), shown
        assert told in shown.err
        assert tree(here) == before


# A file whose rows are no new ones.


def warned(call: Call, *words: str) -> str:
    shown = call("evaluate", "latest", "--data", *words)
    assert shown.code == 0
    lines = [line for line in shown.err.splitlines() if not line.startswith("note: ")]
    return " ".join(" ".join(lines).split())


def test_what_training_rows_do_not_have_is_counted(call: Call) -> None:
    rows = "".join(f"{'AB'[i % 3 % 2]},{i * 7 % 30},{i}.5\n" for i in range(60))
    Path("t.csv").write_text(f"city,x,y\n{rows}")
    train(call, "data=csv", "data.path=t.csv", "data.target=y", "trainer.epochs=1")
    Path("new.csv").write_text("city,x,y\nA,0,1\n,0,1\nC,,1\n")
    shown = call("evaluate", "latest", "--data", "new.csv")
    assert shown.code == 0
    assert [" ".join(line.split()) for line in shown.err.splitlines()] == [
        "note: 'x' is missing in 1 of 3 rows; it became 13.6429 there, as in training",
        "note: 'city' is new in 2 of 3 rows (a category, or a blank, that no training row has); "
        "all its columns are 0 there",
    ]
    Path("known.csv").write_text("city,x,y\nA,0,1\nB,0,1\n")
    assert call("evaluate", "latest", "--data", "known.csv").err == ""


def test_the_file_a_run_learned_from_is_said_to_be_no_estimate(call: Call) -> None:
    write_table(Path("table.csv"), classes=True)
    train(call, *RUNS["classes"])
    Path("table.csv").rename("moved.csv")
    said = f"is what {latest().short} learned from: these figures are no estimate for new "
    said += f"rows; its test rows are: dltrain evaluate {latest().short}"
    assert warned(call, "moved.csv") == f"WARNING: moved.csv {said}"
    Path("moved.csv.gz").write_bytes(gzip.compress(Path("moved.csv").read_bytes()))
    assert warned(call, "moved.csv.gz", "--json") == f"WARNING: moved.csv.gz {said}"
    streamed = piped("evaluate", "latest", "--data", "-", given=Path("moved.csv").read_bytes())
    assert f"WARNING: standard input {said}" in " ".join(streamed.err.split())
    text = Path("moved.csv").read_text()
    Path("other.csv").write_text("".join(text.splitlines(keepends=True)[:-1]))
    assert warned(call, "other.csv") == ""


def test_no_test_rows_are_promised_where_there_are_none(call: Call) -> None:
    write_table(Path("table.csv"), classes=True)
    train(call, *changed(RUNS["classes"], "data.test_fraction=0"))
    text = warned(call, "table.csv")
    assert text.endswith("; it has no test rows, which data.test_fraction sets aside")


def test_files_that_validate_are_known_and_those_that_test_are_new(call: Call) -> None:
    for name, rows in {"table": 120, "val": 40, "test": 50}.items():
        write_table(Path(f"{name}.csv"), classes=True, rows=rows)
    train(call, *RUNS["classes"], "data.val_path=val.csv", "data.test_path=test.csv")
    assert "val.csv is what" in warned(call, "val.csv")
    assert "was validated on: these figures" in warned(call, "val.csv")
    assert "learned from" in warned(call, "table.csv")
    assert warned(call, "test.csv") == ""
    own, other = (
        json.loads(call("evaluate", "latest", *words, "--json").out)["metrics"]
        for words in ([], ["--data", "test.csv"])
    )
    assert [*own.values()] == [*other.values()]


def test_training_images_are_known_by_their_digest(call: Call) -> None:
    train(call, *RUNS["softmax"])
    names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]
    names += ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
    for name in names:
        shutil.copy(SHIPPED / f"fashion_mnist_sample-{name}.gz", f"{name}.gz")
    assert "learned from" in warned(call, f"{names[0]}.gz")
    assert warned(call, f"{names[2]}.gz") == ""
