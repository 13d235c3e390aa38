"""Rows and classes that count more than others: in a whole training, alone and in a stack."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from dltrain.runs.find import list_runs, members
from dltrain.runs.run import Run
from tests.conftest import Call, scores_on_test

pytestmark = pytest.mark.usefixtures("here")

CPU = ("device=cpu", "device.dtype=float64")
TABLE = ("data=csv", "data.path=t.csv", "data.drop=[y]", "data.target=k")
AMOUNTS = ("data=csv", "data.path=t.csv", "data.drop=[k]", "data.target=y")


def write_table(path: Path, *, rows: int = 240) -> NDArray[np.float64]:
    """Write rows a, b, w, y, k: weights w, an amount y, a class k, one in eight of them rare."""
    random = np.random.default_rng(3)
    a, b = random.normal(size=(2, rows)).round(3)
    weights = random.integers(0, 4, rows)
    amounts = (2 * a - b + random.normal(size=rows)).round(3)
    kinds = (a + 0.5 * random.normal(size=rows) > 1.2).astype(int)
    names = np.array(["often", "rare"])[kinds]
    lines = zip(a, b, weights, amounts, names, strict=True)
    path.write_text("a,b,w,y,k\n" + "".join(",".join(map(str, line)) + "\n" for line in lines))
    return np.column_stack([a, b, weights, amounts, kinds])


def done(call: Call, *words: str) -> Run:
    before = {run.id for run in list_runs(Path("outputs"))}
    shown = call(*words)
    assert (shown.code, shown.err) == (0, ""), shown
    [run] = [run for run in list_runs(Path("outputs")) if run.id not in before]
    return run


def learned(run: Run) -> list[float]:
    """Read the coefficients of a linear model, in the table's units."""
    lines = (run.folder / "coefficients.csv").read_text().splitlines()[1:]
    return [float(line.rpartition(",")[2]) for line in lines]


@pytest.mark.parametrize("weight", ["w", None])
@pytest.mark.parametrize("asked", ["null", "balanced", "[1,5]"])
def test_at_its_end_softmax_is_scikit_learns(
    call: Call, here: Path, weight: str | None, asked: str
) -> None:
    table = write_table(here / "t.csv")
    words = ["trainer.epochs=4000", "trainer.batch_size=null", "optimizer.lr=2"]
    weighing = [f"data.weight={weight}"] if weight else ["data.drop=[y,w]"]
    splits = ["data.val_fraction=0", "data.test_fraction=0", "tracking=none"]
    chosen = [word for word in TABLE if weight or "drop" not in word]
    run = done(
        call,
        "model=softmax",
        *CPU,
        *chosen,
        *weighing,
        *splits,
        *words,
        f"loss.class_weight={asked}",
    )
    class_weight = {"null": None, "balanced": "balanced"}.get(asked, {0: 1, 1: 5})
    # But for a penalty so small that it does not show.
    theirs = LogisticRegression(C=1e10, tol=1e-12, class_weight=class_weight, max_iter=10_000)
    theirs.fit(table[:, :2], table[:, 4], sample_weight=table[:, 2] if weight else None)
    a, b, intercept = np.diff(np.reshape(learned(run), (3, 2)))[:, 0]
    expected = [*theirs.coef_[0], theirs.intercept_[0]]
    np.testing.assert_allclose([a, b, intercept], expected, rtol=1e-4)


def test_least_squares_weighs_its_rows_as_numpy_does(call: Call, here: Path) -> None:
    table = write_table(here / "t.csv")
    splits = ["data.val_fraction=0", "data.test_fraction=0"]
    run = done(call, "optimizer=least_squares", "device=cpu", *AMOUNTS, *splits, "data.weight=w")
    roots = np.sqrt(table[:, 2])[:, None]
    rows = np.column_stack([table[:, :2], np.ones(len(table))])
    expected = np.linalg.lstsq(rows * roots, table[:, 3] * roots[:, 0], rcond=None)[0]
    np.testing.assert_allclose(learned(run), expected, rtol=1e-10)
    [sentence] = run.texts("result", "sentences")
    assert sentence.startswith("predictions differ from those of least squares by ")
    assert run.part("result", "findings")["exact_w_error"] < 1e-10  # which weighs them, too


def test_rows_of_equal_weight_train_as_rows_without(call: Call, here: Path) -> None:
    write_table(here / "t.csv")
    text = (here / "t.csv").read_text().splitlines()
    for number in ("1", "7"):
        lines = [line.split(",") for line in text]
        rows = [
            ",".join([a, b, "w" if i == 0 else number, *rest])
            for i, (a, b, _, *rest) in enumerate(lines)
        ]
        (here / f"equal{number}.csv").write_text("\n".join(rows) + "\n")
    base = ["model=mlp", "device=cpu", "trainer.epochs=3", "data=csv", "data.target=y"]
    weighted = [
        done(call, *base, f"data.path=equal{n}.csv", "data.drop=[k]", "data.weight=w")
        for n in ("1", "7")
    ]
    plain = done(call, *base, "data.path=equal1.csv", "data.drop=[k,w]")
    results = [scores_on_test(run.info) for run in (plain, *weighted)]
    for found in results[1:]:
        assert found == pytest.approx(results[0], rel=1e-5)


def test_a_member_that_weighs_has_the_bytes_of_its_single_run(call: Call, here: Path) -> None:
    write_table(here / "t.csv")
    words = ["model=mlp", "model.hidden=[9]", "device=cpu", "trainer.epochs=3", *TABLE]
    words += ["data.weight=w"]
    values = ["balanced", "null", "[1,3]", "[1,9]"]
    sweep = done(call, "-m", *words, f"loss.class_weight={','.join(values)}", "seed=0,1")
    for member in members(sweep):
        config = yaml.safe_load((member.folder / "config.yaml").read_text())
        asked = json.dumps(config["loss"]["class_weight"]).strip('"').replace(" ", "")
        alone = done(call, *words, f"loss.class_weight={asked}", f"seed={config['seed']}")
        for name in ("metrics.csv", "preparation.json"):
            ours, theirs = ((run.folder / name).read_bytes() for run in (alone, member))
            assert ours == theirs, (asked, name)
        for part in ("kept", "intervals", "baselines", "remarks"):
            assert alone.part("result", part) == member.part("result", part), (asked, part)


def test_a_weighed_run_goes_on_as_if_it_had_not_stopped(call: Call, here: Path) -> None:
    write_table(here / "t.csv")
    words = ["model=softmax", "device=cpu", *TABLE, "data.weight=w", "loss.class_weight=balanced"]
    whole = done(call, *words, "trainer.epochs=4")
    half = done(call, *words, "trainer.epochs=2")
    assert call("resume", half.id, "trainer.epochs=4").code == 0
    ours, theirs = ((run.folder / "metrics.csv").read_bytes() for run in (half, whole))
    assert ours == theirs


def test_a_file_is_evaluated_by_its_weights_and_predicted_without(call: Call, here: Path) -> None:
    write_table(here / "t.csv")
    run = done(
        call, "model=softmax", "device=cpu", *TABLE, "data.weight=w", "loss.class_weight=balanced"
    )
    kept = scores_on_test(run.info)
    again = json.loads(call("evaluate", run.id, "--json").out)["metrics"]
    assert again == {name: kept[name] for name in again}
    (here / "zeros.csv").write_text("a,b,w,k\n1,2,0,rare\n")
    refused = call("evaluate", run.id, "--data", "zeros.csv")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "all 1 rows have w 0, so that nothing counts" in refused.err
    (here / "bare.csv").write_text("a,b,k\n1,2,rare\n-1,0,often\n")
    refused = call("evaluate", run.id, "--data", "bare.csv")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "bare.csv: has no column 'w' to weigh the rows by" in refused.err
    assert call("predict", run.id, "--data", "bare.csv").code == 0
    # A row that counts for nothing changes no metric.
    (here / "two.csv").write_text("a,b,w,k\n1,2,2,rare\n-1,0,1,often\n")
    (here / "three.csv").write_text("a,b,w,k\n1,2,2,rare\n-1,0,1,often\n3,3,0,often\n")
    two, three = (
        json.loads(call("evaluate", run.id, "--data", file, "--json").out)["metrics"]
        for file in ("two.csv", "three.csv")
    )
    assert two == pytest.approx(three, rel=1e-12, nan_ok=True)


def test_of_single_classes_a_line_says_that_rows_count_once(call: Call, here: Path) -> None:
    write_table(here / "t.csv")
    line = "by class, each row counts once, whatever its weight"
    for weighing, said in ((["data.weight=w"], True), ([], False)):
        run = done(call, "model=softmax", "device=cpu", *TABLE, *weighing)
        assert (line in call("evaluate", run.id).out) == said
        assert call("report", run.id, "--output", f"{said}.html").code == 0
        assert (line in (here / f"{said}.html").read_text()) == said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["loss.class_weight=[1,2,3]"], "needs 2 numbers, one per class, in this order: 'often', "),
        (["loss.class_weight=[0,0]"], "loss.class_weight=[0,0]: is 0 for every class"),
        (["loss.class_weight=[1,-2]"], "must be at least 0"),
        (["loss.class_weight=even"], "must be one of balanced or a list"),
    ],
)
def test_weights_that_are_none_of_these_classes_are_refused(
    words: list[str], line: str, call: Call, here: Path
) -> None:
    write_table(here / "t.csv")
    shown = call("model=softmax", *TABLE, *words)
    assert (shown.code, shown.err.count("\n"), (here / "outputs").exists()) == (2, 1, False)
    assert line in shown.err


def test_amounts_have_no_classes_to_weigh(call: Call, here: Path) -> None:
    write_table(here / "t.csv")
    shown = call("model=linear", *AMOUNTS, "loss.class_weight=balanced")
    assert shown.code == 2
    assert "loss.class_weight=balanced: weighs classes, and the target is an amount" in shown.err


def test_a_sweep_of_class_weights_says_that_losses_do_not_compare(call: Call, here: Path) -> None:
    write_table(here / "t.csv")
    line = "members differ in loss.class_weight, so their losses do not compare"
    words = ["-m", "--dry-run", "model=softmax", *TABLE]
    both = "loss.class_weight=balanced,null"
    assert line in call(*words, both).out
    assert line not in call(*words, both, "sweep.metric=balanced_accuracy").out
    assert line not in call(*words, "loss.class_weight=balanced", "seed=0,1").out


def test_that_the_loss_alone_is_weighed_by_class_is_said_of_those_that_are(
    call: Call, here: Path
) -> None:
    write_table(here / "t.csv")
    words = ["model=softmax", "device=cpu", "trainer.epochs=1", *TABLE]
    line = "loss.class_weight=balanced weighs the loss, on every split; no other metric does so"
    for weighing, said in (["loss.class_weight=balanced"], True), ([], False):
        shown = call(*words, *weighing)
        assert (line in shown.out, "weighs the loss" in shown.out) == (said, said)
        kept = list_runs(Path("outputs"))[0].part("result", "kept")
        # Which is the same without weights.
        assert (kept["test/loss"] != pytest.approx(kept["test/log_loss"], rel=1e-4)) == said
