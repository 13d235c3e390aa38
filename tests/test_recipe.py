"""The recipe: kinds from outside dltrain are taken through every verb; see ``recipe/waves.py``."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Call, Shown, unload

RECIPE = Path(__file__).with_name("recipe")
PLUGIN = "plugins=[waves]"
KINDS = ("data=waves", "model=narrow", "loss=huber", "optimizer=sign")
LINE = (PLUGIN, *KINDS, "device.threads=1")


@pytest.fixture
def folder(here: Path, no_plugins: None) -> Path:
    """Stand in a folder with the module of kinds."""
    shutil.copytree(RECIPE, here, dirs_exist_ok=True)
    return here


def done(shown: Shown) -> str:
    assert shown.code == 0, shown.err
    return shown.out


def newest(name: str = "*_narrow-waves_*") -> Path:
    return max(Path("outputs").glob(name), key=lambda path: path.stat().st_mtime_ns)


def kept(run: Path) -> dict[str, bytes]:
    """Return what came of a run: its metrics, and the tensors of its last checkpoint."""
    state = max((run / "checkpoints").glob("*.safetensors"))
    content = state.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    return {"metrics.csv": (run / "metrics.csv").read_bytes(), state.name: content[header:]}


def test_kinds_from_outside_go_through_the_verbs_on_a_run(folder: Path, call: Call) -> None:
    out = done(call(*LINE, "trainer.epochs=2"))
    assert "narrow 1 -> 8 -> 8 -> 1, 97 parameters" in out
    run = newest()
    assert "huber" in done(call("model", "show", *LINE))
    assert "model=linear, mlp, narrow" in done(call("data", *LINE[:2]))
    done(call("resume", run.name, PLUGIN, "trainer.epochs=4"))
    done(call("rerun", run.name, PLUGIN))
    assert newest() != run
    assert kept(newest()) == kept(run)  # 2 + 2 epochs are 4
    assert "r2" in done(call("evaluate", run.name, PLUGIN))
    Path("new.csv").write_text("x\n-0.5\n0.5\n")
    out = done(call("predict", run.name, PLUGIN, "--data", "new.csv"))
    low, high = (float(line.split(",")[1]) for line in out.splitlines()[1:])
    assert low < high  # as the sine does
    out = done(call("runs", "show", run.name))
    assert "command    dltrain 'plugins=[waves]' data=waves model=narrow" in out
    done(call("report", run.name, PLUGIN, "--output", "page.html"))
    assert "train/rmse" in Path("page.html").read_text()


def test_members_that_differ_in_numbers_of_such_kinds_are_the_single_runs(
    folder: Path, call: Call
) -> None:
    pairs = ("loss.delta=0.1,1", "model.leak=0.01,0.5", "sweep.zip=[loss.delta,model.leak]")
    values = ("optimizer.beta=0.5,0.9", *pairs)
    out = done(call("-m", *LINE, *values, "--dry-run"))
    assert "4 members in 1 stack: narrow 1-8-8-1 on waves, sign" in out
    assert not Path("outputs").exists()
    done(call("-m", *LINE, *values))
    sweep = newest("*_sweep_*")
    paired = ("loss.delta=0.1 model.leak=0.01", "loss.delta=1 model.leak=0.5")
    alone = [f"optimizer.beta={beta} {pair}" for beta in (0.5, 0.9) for pair in paired]
    for index, words in enumerate(alone):
        done(call(*LINE, *words.split()))
        assert kept(sweep / "members" / f"{index:04d}") == kept(newest())
    results = {run.read_text() for run in sweep.glob("members/*/metrics.csv")}
    assert len(results) == 4
    assert "4 members" in done(call("-m", "--resume", sweep.name, PLUGIN))
    assert "in 1 stack" in done(call("rerun", sweep.name, PLUGIN, "--dry-run"))
    done(call("report", sweep.name, PLUGIN))


def test_thirty_lines_are_an_optimizer(folder: Path, call: Call) -> None:
    """The example of the recipe, as it stands in the documentation."""
    assert len(Path("signs.py").read_text().splitlines()) <= 30
    words = ("plugins=[signs]", "optimizer=signs", "device.threads=1", "trainer.epochs=3")
    done(call("-m", *words, "optimizer.lr=0.003,0.03"))
    slow, fast = sorted(newest("*_sweep_*").glob("members/*"))
    done(call(*words, "optimizer.lr=0.03"))
    run = newest("*_linear-synthetic_*")
    assert kept(fast) == kept(run) != kept(slow)
    done(call("resume", run.name, "plugins=[signs]", "trainer.epochs=4"))


def test_config_tells_of_every_key_of_such_kinds(folder: Path, call: Call) -> None:
    for words in (LINE, [PLUGIN]):  # chosen, or only to be chosen
        out = done(call("config", "show", "--describe", *words))
        assert "share of the mean gradient that is kept" in out
        assert "error from which it is linear" in out
        assert "slope of the nonlinearity below 0" in out
    out = done(call("config", "why", "optimizer.beta", PLUGIN, *KINDS))
    assert "waves_choices/optimizer/sign.yaml:4" in out
    assert "members that differ in it alone are trained together" in out
    assert "model/narrow" in done(call("--info", "defaults", PLUGIN, *KINDS))  # Hydra's own
    [line] = call(*LINE, "optimizer.bta=1").err.splitlines()
    assert "did you mean optimizer.beta?" in line
    [line] = call(*LINE, "optimizer.beta=1").err.splitlines()
    assert "must be at least 0 and less than 1: share of the mean gradient" in line
    [line] = call(*LINE[:-2], "optimizer=sgn").err.splitlines()
    assert "did you mean sign?" in line


def test_a_kind_from_outside_stands_beside_those_of_dltrain(folder: Path, call: Call) -> None:
    [line] = call(PLUGIN, "loss=huber", "data=fashion_mnist", "model=softmax").err.splitlines()
    assert line.endswith(
        "loss=huber judges numbers, but data=fashion_mnist asks for classes; "
        "use loss=auto or loss=cross_entropy"
    )
    done(call(PLUGIN, "loss=huber", "trainer.epochs=1"))
    out = done(call("runs", "show", "latest"))
    assert "least squares" not in out  # which is no solution of another loss


def test_a_loss_that_does_not_weigh_rows_goes_without_weights(folder: Path, call: Call) -> None:
    Path("t.csv").write_text("x,w,y\n" + "".join(f"{i},1,{i}.5\n" for i in range(20)))
    table = ["data=csv", "data.path=t.csv", "data.target=y"]
    [line] = call(PLUGIN, "loss=huber", *table, "data.weight=w").err.splitlines()
    assert "loss=huber does not weigh rows; leave out one of the two" in line
    done(call(PLUGIN, "loss=huber", *table, "data.drop=[w]", "trainer.epochs=1"))


@pytest.mark.parametrize("verb", ["evaluate", "resume", "rerun"])
def test_a_run_is_refused_where_its_module_is_not_named(
    folder: Path, call: Call, verb: str
) -> None:
    done(call(*LINE, "trainer.epochs=1"))
    unload()
    before = sorted(Path("outputs").rglob("*"))
    shown = call(verb, "latest")
    [line] = shown.err.splitlines()
    assert shown.code == 2
    assert line.endswith("waves is not named on this command line; add 'plugins=[waves]'")
    assert newest().name in line
    (folder / "waves.py").unlink()
    shown = call(verb, "latest", PLUGIN)
    [line] = shown.err.splitlines()
    assert shown.code == 2
    assert line.endswith(f"plugins=[waves]: there is no module waves in {folder} or installed")
    assert sorted(Path("outputs").rglob("*")) == before


def test_what_reads_a_run_needs_none_of_its_modules(folder: Path, call: Call) -> None:
    done(call(*LINE, "trainer.epochs=1"))
    unload()
    (folder / "waves.py").unlink()
    assert "narrow" in done(call("runs"))
    out = done(call("runs", "show", "latest"))
    assert f"dltrain rerun {newest().name[-4:]} 'plugins=[waves]'" in out
    done(call("report", "latest", "--output", "page.html"))
    assert "waves is not named on this command line" in Path("page.html").read_text()


def test_neither_a_record_nor_a_config_file_can_load_a_module(folder: Path, call: Call) -> None:
    Path("configs/experiment").mkdir(parents=True)
    file = Path("configs/experiment/mine.yaml")
    file.write_text("# @package _global_\nplugins: [waves]\n")
    for words in (["experiment=mine"], ["-m", "experiment=mine", "seed=0,1"]):
        shown = call("--config-dir=configs", *words)
        assert shown.code == 2
        assert f"plugins=[waves] ({file}:2): waves is not named" in shown.err
    done(call("--config-dir=configs", "experiment=mine", PLUGIN, "trainer.epochs=1"))


@pytest.mark.parametrize(
    ("slip", "reason"),
    [
        (
            ("(self, model, *, lr)", "(self, model)"),
            "TypeError: Signs.__init__() got",
        ),
        (("self.parameters = model", "self.parameters = mdel"), "NameError: name 'mdel' is not"),
    ],
)
def test_a_builder_that_fails_is_told_by_name(
    here: Path, call: Call, no_plugins: None, slip: tuple[str, str], reason: str
) -> None:
    text = (RECIPE / "signs.py").read_text()
    assert slip[0] in text
    (here / "signs.py").write_text(text.replace(*slip, 1))
    shutil.copytree(RECIPE / "choices", here / "choices")
    shown = call("plugins=[signs]", "optimizer=signs", "trainer.epochs=1")
    assert shown.code == 2
    start = f"dltrain: error: optimizer=signs: its builder fails (plugin signs): {reason}"
    assert shown.err.startswith(start)
    assert not (here / "outputs").exists()


def test_results_of_plugins_are_trained_again_since_their_code_may_have_changed(
    here: Path, call: Call, no_plugins: None
) -> None:
    shutil.copy(RECIPE / "signs.py", here)
    shutil.copytree(RECIPE / "choices", here / "choices")
    words = ("plugins=[signs]", "optimizer=signs", "trainer.epochs=1", "device.threads=1")
    done(call(*words))
    shown = done(call("-m", *words, "seed=0,1", "sweep.skip_done=true"))
    assert "finished already" not in shown
