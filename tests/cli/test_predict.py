"""dltrain predict: CSV in, CSV out; images in, CSV out."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dltrain.config.load import load
from dltrain.data.dataset import Dataset
from dltrain.inference.evaluation import evaluate
from dltrain.runs.find import find
from dltrain.train import build
from tests.benchmarks.process import measured
from tests.conftest import Call, Shown, changed, command, tree
from tests.inference.test_evaluation import RUNS, write_table
from tests.torture.forks import program

pytestmark = pytest.mark.usefixtures("here")

ENDLESS = "import sys\nprint('x0,x1')\nwhile True: print('1,2\\n' * 1000)"


def train(call: Call, *words: str) -> None:
    shown = call(*words)
    assert (shown.code, shown.err) == (0, ""), shown


def table_of(shown: Shown) -> pd.DataFrame:
    assert shown.code == 0, shown
    return pd.read_csv(io.StringIO(shown.out))


def piped(*words: str, given: bytes) -> Shown:
    return command(*words, folder=Path(), given=given)


@pytest.mark.parametrize("name", ["classes", "amounts", "mlp of amounts", "least squares"])
def test_the_rows_of_a_run_get_the_predictions_that_it_is_judged_by(name: str, call: Call) -> None:
    write_table(Path("table.csv"), classes=name == "classes")
    train(call, *changed(RUNS[name], "data.val_fraction=0", "data.test_fraction=0"))
    found = evaluate(find("latest", Path("outputs")), split="train")
    shown = call("predict", "latest", "--data", "table.csv")
    table, own = table_of(shown), pd.read_csv("table.csv")
    assert table[own.columns].equals(own)
    if found.probabilities is None:
        assert list(table.columns[3:]) == ["prediction"]
        assert table.prediction.to_numpy() == pytest.approx(found.predictions, rel=1e-6)
        return
    assert list(table.columns[3:]) == ["prediction", "probability_high", "probability_low"]
    names = np.array(found.data.class_names)
    assert table.prediction.tolist() == names[found.predictions].tolist()
    likely = table[["probability_high", "probability_low"]].to_numpy()
    assert likely == pytest.approx(found.probabilities, abs=1e-6)
    assert "is missing in" in shown.err


@pytest.mark.parametrize("name", ["classes", "amounts", "mlp of amounts", "least squares"])
def test_a_row_alone_is_predicted_as_among_others(name: str, call: Call) -> None:
    write_table(Path("table.csv"), classes=name == "classes")
    train(call, *RUNS[name])
    header, *rows = Path("table.csv").read_text().splitlines()
    _, *together = call("predict", "latest", "--data", "table.csv").out.splitlines()
    for numbers in ([0], [1], [57], [len(rows) - 1], [7, 300], [*range(11, 28)]):
        Path("few.csv").write_text("\n".join([header, *(rows[n] for n in numbers)]))
        _, *found = call("predict", "latest", "--data", "few.csv").out.splitlines()
        assert found == [together[n] for n in numbers]


def test_columns_may_be_more_or_in_another_order_and_the_target_missing(call: Call) -> None:
    write_table(Path("table.csv"), classes=False)
    train(call, *RUNS["amounts"])
    before = table_of(call("predict", "latest", "--data", "table.csv"))
    own = pd.read_csv("table.csv").drop(columns="y")
    own["id"] = [f"row {i}" for i in range(len(own))]
    own[["id", "colour", "x"]].to_csv("other.csv", index=False)
    Path("table.csv").unlink()  # what it learned from is not needed
    after = table_of(call("predict", "latest", "--data", "other.csv"))
    assert list(after.columns) == ["id", "colour", "x", "prediction"]
    assert after.prediction.equals(before.prediction)
    assert after.id.tolist() == own.id.tolist()


def test_a_file_is_there_whole_or_not_at_all(here: Path, call: Call) -> None:
    train(call, "trainer.epochs=1")
    Path("good.csv").write_text("x0,x1\n1,2\n3,4\n")
    Path("bad.csv").write_text("x0,x1\n" + "1,2\n" * 10 + "1,abc\n")
    Path("out.csv").write_text("old")
    before = tree(here)
    words = ["--output", "out.csv", "--overwrite"]
    shown = call("predict", "latest", "--data", "bad.csv", *words)
    told = "dltrain: error: bad.csv:12: column 'x1': 'abc' is no finite number, and numbers"
    assert (shown.code, shown.out, shown.err[: len(told)]) == (2, "", told)
    assert (tree(here), Path("out.csv").read_text()) == (before, "old")
    shown = call("predict", "latest", "--data", "good.csv", *words)
    assert (shown.code, shown.err, tree(here)) == (0, "", before)
    assert shown.out.startswith("rows  2 in ")
    assert pd.read_csv("out.csv").columns.tolist() == ["x0", "x1", "prediction"]
    printed = call("predict", "latest", "--data", "good.csv", "--output", "-")
    assert printed.out == Path("out.csv").read_text()


def test_standard_input_and_output_hold_csv_and_nothing_else(call: Call) -> None:
    train(call, "trainer.epochs=1")
    given = b'x1,x0,note\r\n1,2,"a\nb"\r\n,,\r\n'
    shown = piped("predict", "latest", "--data", "-", given=given[:-6])
    assert (shown.code, shown.err) == (0, "")
    [head, row] = list(csv.reader(io.StringIO(shown.out, newline="")))
    assert (head, row[:3]) == (["x1", "x0", "note", "prediction"], ["1", "2", "a\nb"])
    again = piped("predict", "latest", "--data", "-", given=gzip.compress(given[:-6]))
    assert again.out == shown.out
    refused = piped("predict", "latest", "--data", "-", given=given)
    assert refused.code == 2
    assert "standard input:4: column 'x0': no value" in refused.err


def write_grades() -> None:
    """Write phone numbers and grades, which a spreadsheet takes for formulas."""
    grades = ["A-", "-B", "=C", "@D"]
    rows = [f"+49 170 {i:04},{i % 4 + i / 100:.3f},{grades[i % 4]}" for i in range(80)]
    Path("grades.csv").write_text("\n".join(["phone,x,grade", *rows, ""]))


GRADES = ["data=csv", "data.path=grades.csv", "data.target=grade", "data.drop=[phone]"]
GRADES += ["model=softmax", "trainer.epochs=2"]


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_cells_come_out_as_they_went_in(ending: str, call: Call) -> None:
    write_grades()
    train(call, *GRADES)
    assert call("predict", "latest", "--data", "grades.csv", "--output", f"p.{ending}").code == 0
    before = pd.read_csv("grades.csv", dtype=str)
    if ending == "parquet":
        after = pd.read_parquet("p.parquet")
        assert after["probability_=C"].dtype == np.float32
    else:
        after = pd.read_csv(f"p.{ending}", dtype=str, sep="\t" if ending == "tsv" else ",")
    assert after[["phone", "x", "grade"]].equals(before)
    assert set(after.prediction) <= {"A-", "-B", "=C", "@D"}
    assert list(after.columns[4:]) == [f"probability_{name}" for name in ("-B", "=C", "@D", "A-")]


def test_typed_columns_keep_their_types(call: Call) -> None:
    train(call, "trainer.epochs=1")
    times = [pd.Timestamp("2024-01-02 03:04"), pd.NaT, pd.Timestamp("2024-01-04")]
    given = pd.DataFrame({"x0": [1.5, 2.0, 3.0], "x1": [1, 2, 3], "when": times, "ok": [True] * 3})
    given["note"] = ["=1+1", None, 'a "b", c']
    given.to_parquet("data.parquet")
    words = ["predict", "latest", "--data", "data.parquet"]
    assert call(*words, "--output", "p.parquet").code == 0
    after = pd.read_parquet("p.parquet")
    pd.testing.assert_frame_equal(after[given.columns], given)
    assert after.prediction.dtype == np.float32
    rows = list(csv.reader(io.StringIO(call(*words).out)))
    assert [row[:5] for row in rows] == [
        ["x0", "x1", "when", "ok", "note"],
        ["1.5", "1", "2024-01-02 03:04:00", "true", "=1+1"],
        ["2", "2", "", "true", ""],
        ["3", "3", "2024-01-04 00:00:00", "true", 'a "b", c'],
    ]
    assert [float(row[5]) for row in rows[1:]] == pytest.approx(after.prediction.tolist(), rel=1e-6)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("target", ["grade", "x"])
def test_what_is_predicted_can_be_evaluated(target: str, ending: str, call: Call) -> None:
    write_grades()
    linear = changed(GRADES, "model=linear", "optimizer=adam", "data.target=x")
    train(call, *(GRADES if target == "grade" else linear))
    call("predict", "latest", "--data", "grades.csv", "--output", f"p.{ending}")
    rates = [
        json.loads(call("evaluate", "latest", "--data", file, "--json").out)["metrics"]
        for file in ("grades.csv", f"p.{ending}")
    ]
    assert rates[0] == rates[1]


def test_safe_cells_are_no_formulas(call: Call) -> None:
    write_grades()
    train(call, *GRADES)
    shown = table_of(call("predict", "latest", "--data", "grades.csv", "--safe-cells"))
    assert shown.phone.str.startswith("'+49").all()
    assert set(shown.grade) == {"A-", "'-B", "'=C", "'@D"}
    assert set(shown.prediction) <= {"A-", "'-B", "'=C", "'@D"}
    train(call, "trainer.epochs=1")
    Path("data.csv").write_text("x0,x1,=evil\n-1,+2,=1+1\n3,4,-5\n")
    words = ["predict", "latest", "--data", "data.csv", "--safe-cells"]
    rows = [line.split(",") for line in call(*words).out.split()]
    assert [row[:3] for row in rows] == [
        ["x0", "x1", "'=evil"],
        ["-1", "+2", "'=1+1"],
        ["3", "4", "-5"],
    ]


def test_a_run_whose_target_is_called_prediction_predicts_on_its_own_file(call: Call) -> None:
    rows = [f"{i},{'ab'[i % 2]}" for i in range(40)]
    Path("data.csv").write_text("\n".join(["x,prediction", *rows]))
    train(call, "data=csv", "data.path=data.csv", "data.target=prediction", "model=softmax")
    table = table_of(call("predict", "latest", "--data", "data.csv"))
    computed = ["dltrain_prediction", "dltrain_probability_a", "dltrain_probability_b"]
    assert list(table.columns) == ["x", "prediction", *computed]
    assert table.prediction.tolist() == list("ab") * 20
    Path("data.csv").write_text("x\n1\n")
    again = table_of(call("predict", "latest", "--data", "data.csv"))
    assert list(again.columns) == ["x", *computed]  # whatever else a file has


def test_a_file_that_is_there_is_replaced_only_if_that_is_asked_for(call: Call) -> None:
    train(call, "trainer.epochs=1")
    Path("data.csv").write_text("x0,x1\n1,2\n")
    Path("p.csv").write_text("mine")
    words = ["predict", "latest", "--data", "data.csv", "--output", "p.csv"]
    told = "dltrain: error: --output p.csv: is there already; add --overwrite to replace it\n"
    assert call(*words) == Shown(2, "", told)
    assert Path("p.csv").read_text() == "mine"
    assert call(*words, "--overwrite").code == 0
    assert Path("p.csv").read_text().startswith("x0,x1,prediction\n1,2,")


def test_no_half_parquet_file_is_left(here: Path, call: Call) -> None:
    train(call, "trainer.epochs=1")
    Path("bad.csv").write_text("x0,x1\n" + "1,2\n" * 10 + "1,abc\n")
    before = tree(here)
    shown = call("predict", "latest", "--data", "bad.csv", "--output", "p.parquet")
    assert (shown.code, shown.out, tree(here)) == (2, "", before)
    assert "bad.csv:12: column 'x1': 'abc' is no finite number" in shown.err


def test_no_rows_are_a_parquet_file_of_no_rows(call: Call) -> None:
    train(call, "trainer.epochs=1")
    Path("none.csv").write_text("x0,x1\n")
    assert call("predict", "latest", "--data", "none.csv", "--output", "p.parquet").code == 0
    assert list(pd.read_parquet("p.parquet").columns) == ["x0", "x1", "prediction"]


def test_a_wrong_file_is_found_before_torch_is_loaded(call: Call) -> None:
    train(call, "trainer.epochs=1")
    Path("here.csv").write_text("x0,x1\n1,2\n")
    script = (
        "import sys\nfrom dltrain.cli.main import run\ncode = run(sys.argv[1:])\n"
        "print(code, 'torch' in sys.modules)"
    )
    for verb in ("predict", "evaluate"):
        for file, found in (("nope.csv", "2 False"), ("here.csv", "True")):
            line = [sys.executable, "-c", script, verb, "latest", "--data", file]
            shown = subprocess.run(line, capture_output=True, text=True, check=True)
            assert shown.stdout.strip().endswith(found)
            assert ("--data nope.csv: no such file" in shown.stderr) is (file == "nope.csv")


def sample() -> Dataset:
    return build.dataset(load(["data=fashion_mnist", "data.source=sample", "model=softmax"]))


def write_idx(path: Path, images: np.ndarray) -> None:
    head = b"\0\0\x08\3" + b"".join(n.to_bytes(4, "big") for n in (len(images), 28, 28))
    content = head + images.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def test_images_come_as_idx_files_or_as_pictures(call: Call) -> None:
    train(call, *RUNS["softmax"])
    found = evaluate(find("latest", Path("outputs")))
    images = sample().test.inputs[:40]
    Path("pictures").mkdir()
    for number, image in enumerate(images[:5]):
        Image.fromarray(image.reshape(28, 28)).save(f"pictures/{number}.png")
    Path("pictures/readme.txt").touch()
    write_idx(Path("x-idx3-ubyte"), images)
    write_idx(Path("x-idx3-ubyte.gz"), images)
    tables = [
        table_of(call("predict", "latest", "--data", *files))
        for files in (["x-idx3-ubyte"], ["x-idx3-ubyte.gz"], ["pictures"], ["pictures/3.png"])
    ]
    names = np.array(found.data.class_names)[found.predictions[:40]].tolist()
    assert [table.prediction.tolist() for table in tables] == [names, names, names[:5], [names[3]]]
    assert tables[0].row.tolist() == list(range(40))
    assert tables[2].file.tolist() == [f"pictures/{number}.png" for number in range(5)]
    assert found.probabilities is not None
    likely = tables[0].filter(like="probability_").to_numpy()
    assert likely == pytest.approx(found.probabilities[:40], abs=1e-6)
    several = call("predict", "latest", "--data", "pictures/1.png", "pictures/0.png")
    assert table_of(several).file.tolist() == ["pictures/1.png", "pictures/0.png"]
    for file, column in (("x-idx3-ubyte.gz", "row"), ("pictures/3.png", "file")):
        shown = piped("predict", "latest", "--data", "-", given=Path(file).read_bytes())
        assert (shown.code, shown.err) == (0, "")
        assert shown.out.startswith(column)


def test_colour_is_told_and_another_size_left_out(call: Call) -> None:
    train(call, *RUNS["softmax"])
    Image.new("RGB", (28, 28), (0, 0, 90)).save("colour.jpg")
    Image.new("L", (28, 27)).save("small.png")
    shown = call("predict", "latest", "--data", "colour.jpg")
    assert shown.err == "note: colour was turned into grey in 1 of 1 files\n"
    shown = call("predict", "latest", "--data", "colour.jpg", "small.png", "--output", "out.csv")
    told = "small.png: is 27 x 28 pixels, not 28 x 28, the size that was learned from; resize it\n"
    assert shown.code == 0
    assert f"note: 1 of 2 files left out: {told}" in shown.err
    assert pd.read_csv("out.csv").file.tolist() == ["colour.jpg"]
    shown = call("predict", "latest", "--data", "small.png", "--output", "none.csv")
    assert (shown.code, shown.err) == (2, f"dltrain: error: {told}")
    assert not Path("none.csv").exists()


def test_a_sweep_given_whole_predicts_with_its_best_member(call: Call) -> None:
    Path("data.csv").write_text("x0,x1\n1,2\n")
    train(call, "-m", "optimizer.lr=0.0001,0.1,0.001", "trainer.epochs=2")
    shown = call("predict", "latest", "--data", "data.csv")
    name = find("latest", Path("outputs")).short
    assert shown.err == f"note: val/loss chose {name}/1, the sweep's best member\n"
    assert shown.out == call("predict", f"{name}/1", "--data", "data.csv").out
    assert shown.out != call("predict", f"{name}/0", "--data", "data.csv").out


def test_the_best_epoch_may_be_asked_for(call: Call) -> None:
    Path("data.csv").write_text("x0,x1\n1,2\n")
    train(call, "optimizer.lr=0.9", "trainer.epochs=6", "data.num_train=64")
    shown = [
        call("predict", "latest", "--data", "data.csv", "--epoch", epoch).out
        for epoch in ("last", "best")
    ]
    assert shown[0] != shown[1]


REFUSED: list[tuple[Sequence[str], str]] = [
    (["predict", "latest"], "of what? Add --data FILE, behind the run"),
    (["predict", "--data", "good.csv"], "predict: which run? An id, latest, or @1"),
    (["predict", "latest", "@1", "--data", "good.csv"], "@1: one run at a time"),
    (["predict", "nope", "--data", "good.csv"], "nope: no such run"),
    (["predict", "latest", "data.path=x", "--data", "x"], "cannot be set here (to be set: output"),
    (["predict", "latest", "--data", "no.csv"], "--data no.csv: no such file"),
    (["predict", "latest", "--data", ""], "must not be empty"),
    (["predict", "latest", "--data", "good.csv", "--output", "x.xlsx"], "its ending must say the"),
    (
        ["predict", "latest", "--data", "good.csv", "--output", "x.csv.gz"],
        "its ending must say the",
    ),
    (
        ["predict", "latest", "--data", "good.csv", "--output", "x.parquet", "--safe-cells"],
        "--safe-cells: is of text files; leave it out",
    ),
    (["predict", "latest", "--data", "."], ".: one table at a time, and no folder"),
    (["predict", "latest", "--data", "good.csv", "good.csv"], "one table at a time"),
    (["predict", "latest", "--data", "good.csv", "--output", "/dev/null"], "use - and > for what"),
    (["predict", "latest", "--data", "good.csv", "--output", "."], "is a folder, a pipe or"),
    (["predict", "latest", "--data", "good.csv", "--output", "no/x.csv"], "there is no folder"),
    (
        ["predict", "latest", "--data", "good.csv", "--output", "good.csv"],
        "would take the place of",
    ),
    (
        ["predict", "latest", "--data", "good.csv", "--output", "link.csv"],
        "would take the place of",
    ),
    (["predict", "latest", "--data", "good.csv", "--output", ""], "must not be empty"),
    (["predict", "latest", "--data", "again.csv"], "has a column 'prediction' already"),
    (["predict", "latest", "--data", "short.csv"], "has no column 'x1'; it has 'x0', 'x2'"),
    (["predict", "latest", "--data", "good.csv", "--epoch", "first"], "invalid choice: 'first'"),
]


def test_what_cannot_be_done_is_refused_and_leaves_nothing(here: Path, call: Call) -> None:
    train(call, "trainer.epochs=1")
    Path("good.csv").write_text("x0,x1\n1,2\n")
    Path("again.csv").write_text("x0,x1,prediction\n1,2,3\n")
    Path("short.csv").write_text("x0,x2\n1,2\n")
    Path("link.csv").symlink_to("good.csv")
    before = tree(here)
    for words, told in REFUSED:
        shown = call(*words)
        assert (shown.code, shown.out, shown.err.count("\n")) == (2, "", 1), shown
        assert told in shown.err
        assert tree(here) == before


def test_a_link_is_written_through(call: Call) -> None:
    train(call, "trainer.epochs=1")
    Path("good.csv").write_text("x0,x1\n1,2\n")
    Path("link.csv").symlink_to("real.csv")
    assert call("predict", "latest", "--data", "good.csv", "--output", "link.csv").code == 0
    assert Path("link.csv").is_symlink()
    assert Path("real.csv").read_text().startswith("x0,x1,prediction\n1,2,")


def test_a_reader_who_leaves_is_no_error(here: Path, call: Call) -> None:
    train(call, "trainer.epochs=1")
    feeding = [sys.executable, "-c", ENDLESS]
    line = [*shlex.split(program()), "predict", "latest", "--data", "-"]
    with (
        subprocess.Popen(feeding, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as endless,
        subprocess.Popen(
            line, stdin=endless.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child,
    ):
        assert endless.stdout is not None
        assert child.stdout is not None
        assert child.stderr is not None
        endless.stdout.close()
        assert child.stdout.readline() == b"x0,x1,prediction\n"
        child.stdout.close()
        assert (child.stderr.read(), child.wait(60)) == (b"", 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_leaves_no_file(number: signal.Signals, here: Path, call: Call) -> None:
    train(call, "trainer.epochs=1")
    before = tree(here)
    feeding = [sys.executable, "-c", ENDLESS]
    line = [*shlex.split(program()), "predict", "latest", "--data", "-"]
    with (
        subprocess.Popen(feeding, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as endless,
        subprocess.Popen(
            [*line, "--output", "out.csv"], stdin=endless.stdout, stderr=subprocess.PIPE
        ) as child,
    ):
        assert endless.stdout is not None
        assert child.stderr is not None
        endless.stdout.close()
        deadline = time.monotonic() + 60
        while tree(here) == before and time.monotonic() < deadline:
            time.sleep(0.01)
        child.send_signal(number)
        told = child.stderr.read()
        assert child.wait(60) == 128 + number
    assert told == b"dltrain: error: interrupted; nothing is kept\n"
    assert tree(here) == before


def _peak(rows: int) -> int:
    """Predict so many rows in a process of its own; return the bytes it held at most."""
    block = "1.2345,-2.3456,some text that is passed on\n" * 10_000
    with Path("many.csv").open("w") as file:
        file.write("x0,x1,note\n")
        for _ in range(rows // 10_000):
            file.write(block)
    words = ["predict", "latest", "--data", "many.csv", "--output", "out.csv", "--overwrite"]
    return measured([sys.executable, "-m", "dltrain", *words], folder=os.getcwd()).peak


@pytest.mark.proof
def test_memory_does_not_grow_with_the_file(call: Call) -> None:
    train(call, "trainer.epochs=1")
    small, large = _peak(300_000), _peak(1_800_000)  # 13 MB and 77 MB
    assert large - small < 30 * 10**6
    assert Path("out.csv").stat().st_size > 90 * 10**6
    with Path("out.csv").open("rb") as file:
        assert sum(1 for _ in file) == 1_800_001


def test_help_says_all_that_a_newcomer_needs(here: Path) -> None:
    for verb, words in {
        "predict": ["--data", "--output", "--epoch", "latest", "- is standard input", "PNG", "IDX"],
        "evaluate": ["--data", "--split", "--epoch", "--json", "latest", "test"],
    }.items():
        shown = command(verb, "--help", folder=here)
        assert (shown.code, shown.err) == (0, "")
        for word in words:
            assert word.lower() in shown.out.lower(), word


def test_a_run_on_one_format_predicts_and_is_measured_on_the_others(here: Path, call: Call) -> None:
    draw = np.random.default_rng(2)
    table = pd.DataFrame({"size": draw.normal(size=80).round(3), "colour": [*"pqrp"] * 20})
    table["price"] = (2 * table["size"] + (table["colour"] == "q")).round(3)
    files = ["t.csv", "t.parquet", "t.feather", "t.xlsx", "t.csv.gz"]
    table.to_csv(files[0], index=False)
    table.to_parquet(files[1])
    table.to_feather(files[2])
    table.to_excel(files[3], index=False)
    table.to_csv(files[4], index=False)
    results = []
    for file in files[:4]:
        words = ["data=csv", f"data.path={file}", "data.target=price", "trainer.epochs=2"]
        trained = call(*words, "optimizer=sgd", "optimizer.lr=0.05", "trainer.batch_size=8")
        assert trained.code == 0, trained.err
        run = max(Path("outputs").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        results.append((run / "metrics.csv").read_bytes())
        assert call("evaluate", "latest").code == 0
        outputs = [call("predict", "latest", "--data", other).out for other in files]
        predicted = [[row["prediction"] for row in csv.DictReader(io.StringIO(o))] for o in outputs]
        assert len(predicted[0]) == 80
        assert predicted == [predicted[0]] * len(files)
        for other in files:
            shown = call("evaluate", "latest", "--data", other, "--json")
            assert json.loads(shown.out)["rows"] == 80
            same = other == file or {file, other} == {"t.csv", "t.csv.gz"}
            assert ("learned from" in shown.err) is same
        if file == "t.csv":
            continue
        (here / file).write_bytes((here / file).read_bytes() + b"\n")
        changed = call("resume", "latest", "trainer.epochs=3")
        assert (changed.code, "its content changed since the run began" in changed.err) == (2, True)
        (here / file).write_bytes((here / file).read_bytes()[:-1])
    assert results == [results[0]] * 4
