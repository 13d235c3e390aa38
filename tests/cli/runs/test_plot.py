"""The verb that draws: what it draws of what, where it puts it, and what it says of the rest."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dltrain.runs.find import list_runs
from dltrain.runs.run import Run, read
from tests.conftest import Call, Shown, tree, write_record

SMALL = ("data.num_train=64", "data.num_val=32", "trainer.epochs=2", "device=cpu")
SAMPLE = ("data=fashion_mnist", "data.source=sample", "trainer.epochs=1", "device=cpu")
PNG = b"\x89PNG\r\n\x1a\n"


def trained(call: Call, *words: str, code: int = 0) -> Run:
    before = {run.id for run in list_runs(Path("outputs"))}
    shown = call(*words)
    assert shown.code == code, shown
    [run] = [run for run in list_runs(Path("outputs")) if run.id not in before]
    return run


def kinds(shown: Shown) -> list[str]:
    """Return the kinds of the pictures that were drawn, each of which is there."""
    files = [Path(line) for line in shown.out.splitlines() if not line.startswith("WARNING")]
    assert all(file.read_bytes().startswith(PNG) for file in files)
    assert {file.parent for file in files} <= {Path("outputs/plots")}
    return [file.stem.rpartition("_")[2] for file in files]


def write_table(path: Path) -> None:
    rows = [f"{i % 5},{i % 3},{'yes' if i % 5 > 2 else 'no'}\n" for i in range(60)]
    path.write_text("a,b,kind\n" + "".join(rows))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (SMALL, ["curves", "weights", "predictions"]),
        (("data=house_tiny", "optimizer=least_squares"), ["curves", "weights", "predictions"]),
        (("model=mlp", "model.hidden=[4]", *SMALL), ["curves", "predictions"]),
        (("model=softmax", *SAMPLE), ["curves", "confusion", "mistakes", "weights"]),
    ],
    ids=["linear", "few rows", "mlp", "softmax"],
)
def test_all_that_makes_sense_for_a_run_is_drawn(
    words: tuple[str, ...], expected: list[str], call: Call
) -> None:
    run = trained(call, *words)
    before = tree(run.folder)
    shown = call("runs", "plot", "latest")
    assert (shown.code, shown.err) == (0, "")
    assert kinds(shown) == expected
    assert shown.out.startswith(f"outputs/plots/{run.short}_curves.png\n")
    assert tree(run.folder) == before


def test_of_tables_no_sheet_of_mistakes_is_drawn_and_that_is_said(here: Path, call: Call) -> None:
    write_table(here / "t.csv")
    words = ("data=csv", "data.path=t.csv", "data.target=kind", "trainer.epochs=2")
    trained(call, "model=softmax", *words)
    shown = call("runs", "plot", "latest")
    assert shown.code == 0
    assert kinds(shown) == ["curves", "confusion", "weights"]
    assert "WARNING: mistakes: only of images" in shown.out


@pytest.mark.usefixtures("here")
def test_all_that_makes_sense_for_a_sweep_is_drawn(call: Call) -> None:
    one = trained(call, "-m", *SMALL, "optimizer.lr=0.01,0.1", "sweep.repeat=2")
    assert kinds(call("runs", "plot", one.short)) == ["curves", "keys"]
    two = trained(call, "-m", *SMALL, "optimizer.lr=0.01,0.1", "optimizer.momentum=0,0.9")
    assert kinds(call("runs", "plot", two.short)) == ["curves", "keys", "heatmap"]
    refused = call("runs", "plot", one.short, "--kind", "heatmap")
    assert refused.code == 2
    expected = (
        f"--kind=heatmap: {one.short}, a sweep of one key, has none; it can have curves, keys"
    )
    assert refused.err == f"dltrain: error: {expected}\n"
    refused = call("runs", "plot", two.short, "--kind", "weights")
    best = two.part("result", "best", "member")
    assert f"is a sweep; its best: {two.short}/{best}\n" in refused.err
    shown = call("runs", "plot", f"{two.short}/{best}", "--kind", "weights")
    assert shown.out == f"outputs/plots/{two.short}-{best}_weights.png\n"


@pytest.mark.usefixtures("here")
def test_several_runs_share_their_curves_and_have_the_rest_each(call: Call) -> None:
    runs = [trained(call, *SMALL, f"optimizer.lr={lr}") for lr in (0.01, 0.1)]
    shown = call("runs", "plot", *(run.short for run in runs), runs[0].short)
    assert kinds(shown) == ["curves", "weights", "predictions", "weights", "predictions"]
    assert shown.out.startswith(f"outputs/plots/{runs[0].short}+{runs[1].short}_curves.png\n")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("ending", "start"), [("png", PNG), ("svg", b"<?xml"), ("pdf", b"%PDF-"), ("PNG", PNG)]
)
def test_the_ending_of_a_file_says_the_format_and_twice_drawn_is_the_same(
    ending: str, start: bytes, call: Call
) -> None:
    trained(call, *SMALL)
    file = Path(f"a picture.{ending}")
    contents = []
    for _ in range(2):
        shown = call("runs", "plot", "latest", "--kind", "curves", "--output", str(file))
        assert (shown.code, shown.out) == (0, f"{file}\n")
        contents.append(file.read_bytes())
    assert contents[0] == contents[1]
    assert contents[0].startswith(start)
    assert not Path("outputs/plots").exists()


@pytest.mark.usefixtures("here")
def test_what_cannot_be_meant_is_refused_in_a_line_and_nothing_is_written(call: Call) -> None:
    trained(call, *SMALL)
    run = trained(call, *SMALL)
    before = tree(Path())
    short = run.short
    refusals = {
        (): "runs plot: which run? An id, latest, or @1; dltrain runs lists them",
        (short, "--kind", "curvs"): "--kind=curvs: unknown; did you mean curves? (there are: "
        "curves, keys, heatmap, confusion, mistakes, weights, predictions)",
        (short, "--kind", "confusion"): f"--kind=confusion: {short}, linear for regression, has "
        "none; it can have curves, weights, predictions",
        (short, "--kind", "keys"): f"--kind=keys: {short}, linear for regression, has none; it "
        "can have curves, weights, predictions",
        (short, "--kind", "curves", "--output", "a.sgv"): "--output=a.sgv: its ending must say "
        "the format; did you mean svg? (.png, .svg, .pdf)",
        (short, "--kind", "curves", "--output", "a"): "--output=a: its ending must say the "
        "format (.png, .svg, .pdf)",
        (short, "--kind", "curves", "--output", "no/a.png"): "--output=no/a.png: there is no "
        "folder no",
        (
            short,
            "--size",
            "6",
        ): "argument --size: 6: must be inches as in 6x3.5, each from 1 to 50; "
        "see dltrain runs plot --help",
        (short, "--size", "6x99"): "argument --size: 6x99: must be inches as in 6x3.5, each from 1 "
        "to 50; see dltrain runs plot --help",
        (short, "--metric", "val/los"): "curves: --metric=val/los: no listed run has such a field; "
        "did you mean val/loss?",
        (short, "--metric", "val/mae"): "curves: --metric=val/mae: is not known every epoch, so it "
        "has no curve (loss, rmse)",
        (short, "--kind", "weights", "--top", "2"): "--top: says nothing of --kind=weights; it is "
        "for curves and sweeps",
        (short, "--output", "a.png"): "--output=a.png: holds one picture, and there are 3; "
        "choose one with --kind (curves, weights, predictions)",
        ("@1", "@2", "--kind", "weights", "--output", "a.png"): "--output=a.png: holds one "
        "picture, and there are 2; name one run",
    }
    for words, line in refusals.items():
        shown = call("runs", "plot", *words)
        assert (shown.code, shown.out, shown.err) == (2, "", f"dltrain: error: {line}\n")
    assert call("runs", "plot", "nothing").code == 2
    assert tree(Path()) == before


def words_of(file: Path) -> str:
    """Return what is written in a picture."""
    return " ".join(re.findall(r">([^<>]+)</text>", file.read_text()))


@pytest.mark.usefixtures("here")
def test_a_picture_has_the_title_size_metric_and_members_that_are_asked_for(call: Call) -> None:
    sweep = trained(call, "-m", *SMALL, "optimizer.lr=0.001,0.01,0.1")
    file = Path("a.svg")

    def drawn(kind: str, *words: str) -> str:
        shown = call("runs", "plot", sweep.short, "--kind", kind, "--output", str(file), *words)
        assert shown.code == 0, shown
        return words_of(file)

    plain = drawn("curves")
    assert "linear on synthetic, 3 members" in plain
    assert "lr=0.001" in plain
    assert "rmse" in plain
    asked = drawn(
        "curves", "--title", "Mine", "--metric", "val/loss", "--top", "2", "--size", "4x3"
    )
    assert "Mine the best 2 of 3 runs" in asked
    assert "lr=0.001" not in asked
    assert "rmse" not in asked
    assert 'width="288pt" height="216pt"' in file.read_text()
    keys = drawn("keys", "--metric", "val/rmse")
    assert "linear on synthetic, 3 members: val/rmse" in keys
    assert sweep.short not in keys + asked


def test_without_data_the_curves_are_drawn_and_the_rest_is_named(here: Path, call: Call) -> None:
    write_table(here / "t.csv")
    words = ("data=csv", "data.path=t.csv", "data.target=kind", "trainer.epochs=2")
    trained(call, "model=softmax", *words)
    (here / "t.csv").unlink()
    shown = call("runs", "plot", "latest")
    assert shown.code == 0
    assert kinds(shown) == ["curves"]
    [warning] = [line for line in shown.out.splitlines() if line.startswith("WARNING")]
    assert warning.startswith("WARNING: confusion, mistakes, weights: ")
    assert "t.csv" in warning
    alone = call("runs", "plot", "latest", "--kind", "confusion")
    assert (alone.code, alone.out) == (2, "")
    assert "t.csv" in alone.err


@pytest.mark.usefixtures("here")
def test_a_run_that_has_nothing_to_draw_is_refused(call: Call) -> None:
    run = trained(call, "optimizer.lr=100", code=3)
    shown = call("runs", "plot", run.short)
    assert (shown.code, shown.out) == (2, "")
    first, second = shown.err.splitlines()
    assert first == "dltrain: error: curves: there is no whole epoch to draw yet"
    assert second.startswith("dltrain: error: weights, predictions: ")


@pytest.mark.usefixtures("here")
def test_curves_and_sweeps_are_drawn_without_torch(call: Call) -> None:
    trained(call, "-m", *SMALL, "optimizer.lr=0.01,0.1", "optimizer.momentum=0,0.9")
    script = (
        "import sys; from dltrain.cli.main import run; "
        "assert run(['runs', 'plot', *sys.argv[1:]]) == 0; "
        "print({'torch', 'pandas', 'matplotlib.pyplot'} & set(sys.modules))"
    )
    line = [sys.executable, "-c", script, "latest"]
    shown = subprocess.run(line, capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "set()"
    assert len(shown.stdout.splitlines()) == 4
    assert not shown.stderr


def test_a_strangers_run_is_drawn_with_its_names_as_they_are_and_leads_nowhere_else(
    here: Path, call: Call
) -> None:
    folder = here / "elsewhere" / "2026_..$x$\x1b[31m"
    folder.mkdir(parents=True)
    info = {
        "status": "done\x1b[31m",
        "overrides": ["$a$=" + "x" * 500],
        "model": {"name": "$mo\ndel$"},
        "data": {"name": ["no", "text"], "task": 7, "rows": "all"},
        "config": {"model": {"kind": {}}},
        "result": {"best": {"metric": 5, "epoch": True, "value": 10**400}},
    }
    write_record(folder / "run.json", info)
    (folder / "metrics.csv").write_text(
        "epoch,train/loss,val/loss,train/accuracy\n1,1e308,-1e308,x\n2,inf,nan,\n1e300,1,2,3\n3,1,2\n"
    )
    shown = call("runs", "plot", str(folder), "--kind", "curves")
    assert shown.code == 0, shown
    [line] = shown.out.splitlines()
    assert Path(line).parent == Path("outputs/plots")
    assert Path(line).name == "-x-31m_curves.png"
    assert Path(line).read_bytes().startswith(PNG)
    assert read(folder).info["overrides"]
    rest = call("runs", "plot", str(folder), "--kind", "confusion")
    assert rest.code == 2
    assert "\x1b" not in rest.err


def test_a_strangers_sweep_is_drawn_or_refused_in_a_line(here: Path, call: Call) -> None:
    sweep = here / "outputs" / "2026-01-01_10-00-00_sweep_aaaa"
    for index, value in enumerate([0.5, 10**400, float("nan"), "text", 1e305]):
        folder = sweep / "members" / f"{index:04d}"
        folder.mkdir(parents=True)
        best = {"metric": "$m$", "value": value, "epoch": 1}
        told = {"overrides": [f"$k$={index}", "b=\x1b"], "result": {"best": best}}
        write_record(folder / "run.json", {"status": "done", **told})
    for varying in (["$k$", "b"], ["$k$"], [], 7, [{"a": 1}]):
        record = {"status": "done", "metric": "$m$", "varying": varying, "members": 5}
        write_record(sweep / "sweep.json", record)
        for kind in ("keys", "heatmap"):
            shown = call("runs", "plot", "aaaa", "--kind", kind)
            assert shown.code in (0, 2), shown
            assert "internal" not in shown.err
            assert "\x1b" not in shown.out + shown.err
