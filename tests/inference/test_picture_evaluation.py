"""Pictures in folders of classes through every verb: train, predict, evaluate, resume, report."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dltrain.inference.evaluation import evaluate
from dltrain.inference.picture_evaluation import evaluate_pictures
from dltrain.inference.saved_model import load
from dltrain.runs.find import find
from dltrain.runs.run import Run
from tests.conftest import Call, changed
from tests.data.images.folders import draw, draw_classes
from tests.data.images.test_idx_folder import write_set

pytestmark = pytest.mark.usefixtures("here")
WORDS = ("model=softmax", "data=images", "data.path=lamps", "device.threads=1", "trainer.epochs=4")


def latest() -> Run:
    return find("latest", Path("outputs"))


def trained(call: Call, *words: str) -> Run:
    shown = call(*changed(WORDS, *words))
    assert (shown.code, shown.err) == (0, ""), shown
    return latest()


@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 3)])
def test_a_folder_has_the_metrics_of_the_same_pictures_in_the_run(
    shape: tuple[int, ...], call: Call
) -> None:
    for split, seed in {"train": 0, "test": 100}.items():
        draw_classes(Path("lamps", split), classes=("a", "b", "c"), shape=shape, seed=seed)
    run = trained(call)
    own = evaluate(run)
    other, _ = evaluate_pictures(load(run), Path("lamps/test"))
    assert len(other.targets) == 60
    assert other.metrics["data/accuracy"] == own.metrics["test/accuracy"]
    assert other.metrics["data/loss"] == pytest.approx(own.metrics["test/loss"])
    shown = call("predict", "latest", "--data", "lamps/test")
    assert (shown.code, shown.err) == (0, "")
    table = pd.read_csv(io.StringIO(shown.out))
    truth = [Path(file).parent.name for file in table.file]
    assert np.mean(table.prediction == truth) == own.metrics["test/accuracy"]
    report = call("report", "latest", "--output", "page.html")
    assert (report.code, report.err) == (0, "")
    assert ("summed over red, green and blue" in Path("page.html").read_text()) == (len(shape) == 3)
    plotted = call("runs", "plot", "latest")
    assert plotted.code == 0
    assert call("data", *WORDS[:3]).code == 0
    with Image.open("outputs/lamps.png") as sheet:
        assert sheet.mode == ("L" if len(shape) == 2 else "RGB")


def test_figures_of_pictures_that_were_learned_from_are_no_estimate(call: Call) -> None:
    draw_classes(Path("lamps"))
    trained(call)
    shown = call("evaluate", "latest", "--data", "lamps")
    assert "WARNING: lamps is what" in shown.err
    assert "learned from: these figures are no estimate for new rows" in shown.err
    draw_classes(Path("new"), seed=500)
    assert call("evaluate", "latest", "--data", "new").err == ""


def test_pictures_of_another_size_are_resized_as_in_training(call: Call) -> None:
    draw_classes(Path("lamps"), shape=(12, 16))
    draw(Path("lamps/dim/x.png"), shape=(30, 20))
    trained(call, "data.size=[6,8]")
    draw(Path("new.png"), shape=(9, 9), level=200)
    shown = call("predict", "latest", "--data", "new.png")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines()[1].startswith("new.png,lit,")


def test_what_is_left_out_of_an_evaluation_is_told(call: Call) -> None:
    draw_classes(Path("lamps"))
    trained(call)
    draw_classes(Path("new"), count=4, seed=500)
    draw(Path("new/lit/x.png"), shape=(9, 9))
    shown = call("evaluate", "latest", "--data", "new")
    assert "note: 1 of 9 files left out: new/lit/x.png: is 9 x 9 pixels, not 6 x 8" in shown.err
    assert "new: 8 rows" in shown.out


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("other", "--data other: its folder 'litt' is none of the classes; did you mean lit? ("),
        ("splits", "--data splits: holds test, train; name one of them, splits/FOLDER"),
        ("lamps/lit", "lamps/lit: has pictures, but no folder; put them in a folder for each"),
    ],
)
def test_other_folders_are_refused(folder: str, told: str, call: Call) -> None:
    draw_classes(Path("lamps"))
    trained(call)
    draw_classes(Path("other"), classes=("litt",))
    for split in ("train", "test"):
        draw_classes(Path("splits", split), count=2)
    shown = call("evaluate", "latest", "--data", folder)
    assert shown.code == 2
    [line] = shown.err.splitlines()
    assert line.startswith(f"dltrain: error: {told}")


def test_a_resumed_run_is_the_one_that_never_stopped(call: Call) -> None:
    draw_classes(Path("lamps"))
    whole = trained(call)
    stopped = trained(call, "trainer.epochs=2")
    shutil.move("lamps", "moved")
    shown = call("resume", stopped.id, "data.path=moved", "trainer.epochs=4")
    assert shown.code == 0, shown
    assert (whole.folder / "metrics.csv").read_bytes() == (
        stopped.folder / "metrics.csv"
    ).read_bytes()
    draw(Path("moved/lit/00.png"), level=33)
    shown = call("resume", stopped.id, "data.path=moved", "trainer.epochs=5")
    assert shown.code == 2
    assert "its content changed since the run began" in shown.err


def test_folds_are_members_of_a_sweep(call: Call) -> None:
    draw_classes(Path("lamps"))
    shown = call("-m", *WORDS, "data.folds=4")
    assert (shown.code, shown.err) == (0, "")
    assert "members    4" in shown.out


def test_a_missing_folder_is_refused_before_anything_is_made(here: Path, call: Call) -> None:
    for words, told in [
        (WORDS[:2], "which folder of pictures? Add data.path=FOLDER"),
        (WORDS[:3], "data.path=lamps (command line): no such folder"),
        (("model=softmax", "data=idx"), "which folder of IDX files? Add data.path=FOLDER"),
        (("model=softmax", "data=idx", "data.path=no/where"), "no such folder"),
        ((*WORDS[:2], "data.path=.", "data.test_fraction=0.9"), "add up to 1.05"),
        ((*WORDS[:2], "data.path=.", "data.folds=3"), "data.folds=3"),
        (("model=linear", *WORDS[1:2], "data.path=."), "data=images asks for classes"),
    ]:
        shown = call(*words)
        assert shown.code == 2
        assert told in shown.err
    assert list(here.iterdir()) == []


def test_idx_files_go_through_the_verbs_too(call: Call) -> None:
    write_set(Path("small"))
    words = ("model=softmax", "data=idx", "data.path=small", "trainer.epochs=2")
    assert call("data", *words[1:3]).code == 0
    shown = call(*words)
    assert (shown.code, shown.err) == (0, "")
    assert "small (small): 54 train, 6 val, 20 test" in shown.out
    own = evaluate(latest())
    shown = call("evaluate", "latest", "--data", "small/t10k-images-idx3-ubyte")
    assert (shown.code, shown.err) == (0, "")
    assert f"{own.metrics['test/accuracy']:.4g}" in shown.out
    shown = call("evaluate", "latest", "--data", "small/train-images-idx3-ubyte")
    assert "learned from" in shown.err
    assert (
        len(call("predict", "latest", "--data", "small/t10k-images-idx3-ubyte").out.split()) == 21
    )
