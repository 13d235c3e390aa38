"""The command line as a user meets it: what is shown, what is left behind, which exit code."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dltrain import __version__
from dltrain.cli.main import VERBS
from dltrain.cli.runs import ACTIONS
from dltrain.config.compose import CONF
from dltrain.config.load import load
from dltrain.config.plain import to_yaml
from dltrain.runs.find import list_runs
from tests.cli.conftest import record
from tests.conftest import Call, Shown, command, tree, whole_command
from tests.torture.forks import program

pytestmark = pytest.mark.usefixtures("here")
FILES = {
    "checkpoints",
    "coefficients.csv",
    "config.yaml",
    "metrics.csv",
    "run.json",
    "timing.csv",
    "train.log",
}


def others_may_read(folder: Path) -> bool:
    """Tell whether any user may enter and list a folder."""
    return all(path.stat().st_mode & 0o005 == 0o005 for path in [folder, *folder.parents])


def closed_pipe(*words: str) -> Shown:
    """Carry out a command line whose output nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        line = [*shlex.split(program()), *words]
        result = subprocess.run(line, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writer)
    return Shown(result.returncode, "", result.stderr)


# Training with nothing said, as a script and as a module: two processes for many claims.


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Shown]:
    folder = tmp_path_factory.mktemp("bare")
    script = Path(sys.executable).with_name("dltrain")
    result = subprocess.run([script], cwd=folder, capture_output=True, text=True, check=False)
    return folder, Shown(result.returncode, result.stdout, result.stderr)


@pytest.fixture(scope="module")
def as_module(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Shown]:
    folder = tmp_path_factory.mktemp("module")
    return folder, whole_command(folder=folder)


def test_bare_dltrain_trains_and_says_so(bare: tuple[Path, Shown]) -> None:
    _, shown = bare
    assert (shown.code, shown.err) == (0, "")
    assert "model      linear 2 -> 1, 3 parameters" in shown.out
    assert "data       synthetic (generated): 1,000 train, 1,000 val" in shown.out
    assert re.search(r"^ +10/10 ", shown.out, re.MULTILINE)
    assert "learned w = [" in shown.out


def test_bare_dltrain_leaves_one_folder_named_by_time_and_content(bare: tuple[Path, Shown]) -> None:
    folder, shown = bare
    [run] = (folder / "outputs").iterdir()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_linear-synthetic_[2-9a-hjkmnp-z]{4}", run.name
    )
    assert {entry.name for entry in run.iterdir()} >= FILES
    assert f"run        {run.name}" in shown.out
    assert f"dltrain runs show {run.name[-4:]}" in shown.out


def test_the_folder_says_what_the_run_was(bare: tuple[Path, Shown]) -> None:
    folder, _ = bare
    info = record(folder / "outputs")
    assert (info["status"], info["exit_code"], info["overrides"]) == ("done", 0, [])
    assert info["config"] == yaml.safe_load(to_yaml(load()))
    assert info["data"]["rows"] == {"train": 1000, "val": 1000, "test": 0}
    assert info["model"] == {"name": "linear", "parameters": 3}
    assert {"torch", "python", "dltrain"} <= set(info["versions"])


def test_config_yaml_holds_the_composed_config(bare: tuple[Path, Shown]) -> None:
    [run] = (bare[0] / "outputs").iterdir()
    assert (run / "config.yaml").read_text() == to_yaml(load())


def test_metrics_hold_a_row_per_epoch_and_no_clock(bare: tuple[Path, Shown]) -> None:
    [run] = (bare[0] / "outputs").iterdir()
    header, *rows = (run / "metrics.csv").read_text().splitlines()
    assert header.startswith("epoch,step,lr,train/loss,")
    assert "val/loss" in header.split(",")
    assert not {"time", "seconds"} & set(header.split(","))
    assert [row.split(",")[0] for row in rows] == [str(epoch) for epoch in range(1, 11)]


def test_a_pipe_gets_no_control_characters(bare: tuple[Path, Shown]) -> None:
    assert not re.search(r"[^\n\x20-\x7e]", bare[1].out)


@pytest.mark.proof
def test_as_a_module_it_is_the_same(
    bare: tuple[Path, Shown], as_module: tuple[Path, Shown]
) -> None:
    def lasting(text: str) -> str:
        return re.sub(r"\d{4}-\S+| +[\d.]+ m?s\b|(show|report) \w{4}|\S+ min.*", "", text)

    assert as_module[1].code == 0
    assert lasting(as_module[1].out) == lasting(bare[1].out)


@pytest.mark.proof
def test_the_same_command_gives_the_same_bytes(
    bare: tuple[Path, Shown], as_module: tuple[Path, Shown]
) -> None:
    def content(folder: Path) -> dict[str, bytes]:
        [run] = (folder / "outputs").iterdir()
        files = [run / "metrics.csv", run / "config.yaml", *(run / "checkpoints").iterdir()]
        return {file.name: file.read_bytes() for file in files}

    assert content(bare[0]) == content(as_module[0])
    assert len(content(bare[0])) >= 3


# What is refused: one line, exit 2, nothing left, no torch.


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["model=mpl"],
            "model=mpl: no such choice; did you mean mlp? (there are: linear, mlp, softmax)",
        ),
        (
            ["optimizer.lr=fast"],
            "optimizer.lr=fast (command line): must be a number: learning rate",
        ),
        (["train", "sed=1"], "sed (command line): unknown key; did you mean seed?"),
        (["--dry-run"], "--dry-run: belongs to a sweep; add -m"),
        (["--resume", "latest"], "--resume: belongs to a sweep; add -m"),
        (["seed=1,2"], "seed=1,2: this is a list of values, and one run takes one value; add -m"),
        (["sweep.repeat=2"], "sweep.repeat (command line): has an effect in a sweep only; add -m"),
        (["--cfg-job"], "--cfg-job: unknown flag; did you mean --cfg?"),
        (
            ["trian"],
            f"trian: unknown verb; did you mean train? (there are: {', '.join(VERBS)})",
        ),
        (
            ["config", "shwo"],
            "config shwo: unknown; did you mean show? (there are: show, why, diff)",
        ),
        (["model", "shwo"], "model shwo: unknown; did you mean show? (there is: model show)"),
        (
            ["runs", "shwo"],
            f"runs shwo: unknown; did you mean show? (there are: {', '.join(ACTIONS)})",
        ),
        (["runs", "show"], "runs show: which run? An id, latest, or @1; dltrain runs lists them"),
        (["runs", "ls", "x", "y"], "runs ls: y is one argument too many"),
        (["runs", "show", "x", "y"], "runs show: y is one argument too many"),
        (["runs", "ls", "x"], "x: there are no runs in outputs; train one with: dltrain"),
        (["runs", "seed=1"], "seed=1: only output_dir=FOLDER can be set here"),
        (
            ["runs", "show", "latest"],
            "latest: there are no runs in outputs; train one with: dltrain",
        ),
        (["--config-dir", "/nowhere"], "--config-dir=/nowhere: no such folder"),
        (
            ["--cfg", "job", "--package", "optimizr"],
            "--package=optimizr: no such part; did you mean optimizer?",
        ),
        (
            ["data", "--rows", "few"],
            "argument --rows: invalid int value: 'few'; see dltrain data --help",
        ),
        (["device=cuda", "device.type=tpu"], "must be one of auto, cpu, cuda"),
    ],
)
def test_a_mistake_costs_one_line_and_nothing_else(
    here: Path, call: Call, words: list[str], line: str
) -> None:
    shown = call(*words)
    assert shown.code == 2
    assert shown.out == ""
    assert shown.err.startswith("dltrain: error: ")
    assert shown.err.count("\n") == 1
    assert line in shown.err
    assert tree(here) == []


def test_all_mistakes_are_told_at_once(call: Call) -> None:
    shown = call("model=mlp", "model.dropout=2", "optimizer.lr=-1", "sed=1")
    assert shown.code == 2
    assert [line.split()[2].partition("=")[0] for line in shown.err.splitlines()] == [
        "sed",
        "model.dropout",
        "optimizer.lr",
    ]


def test_a_model_that_does_not_fit_the_table_is_refused(here: Path, call: Call) -> None:
    (here / "t.csv").write_text("a,y\n" + "".join(f"{i},{i}.5\n" for i in range(30)))
    shown = call("data=csv", "data.path=t.csv", "data.target=y", "model=softmax")
    assert shown.code == 2
    assert "model=softmax predicts classes, but data=t asks for numbers" in shown.err
    assert tree(here) == ["t.csv"]


def test_a_gpu_that_is_not_there_is_refused(here: Path, call: Call) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is one")
    shown = call("device=cuda")
    assert shown.code == 2
    assert shown.err.startswith("dltrain: error: device=cuda: ")
    assert tree(here) == []


@pytest.mark.parametrize(
    "word",
    [
        f"output_dir={'a' * 300}",
        f"data.path={'a' * 300}",
        "data.path=~backup.csv",
        "data.root=~nobody-of-this-name",
    ],
)
def test_a_path_that_cannot_be_is_the_users_to_mend(call: Call, word: str) -> None:
    data = ["data=csv", "data.target=y"] if word.startswith("data.path") else []
    data += ["data=fashion_mnist", "model=softmax"] if word.startswith("data.root") else []
    assert call("config", "show", *data, word).code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["config", "show", "output_dir={}/x"],
        ["config", "show", "data=csv", "data.target=y", "data.path={}/t.csv"],
        ["runs", "output_dir={}/x"],
    ],
)
def test_a_folder_that_may_not_be_entered_is_the_users_to_mend(
    here: Path, words: list[str]
) -> None:
    if os.getuid() == 0 and not all(map(others_may_read, [Path(sys.prefix), CONF])):
        pytest.skip("root may enter every folder, and only root may enter this installation")
    (here / "closed").mkdir(mode=0)
    script = """
import json, os, sys
from dltrain.cli.main import run
from dltrain.config.load import load
import dltrain.cli.config, dltrain.cli.runs.ls
load()
if os.getuid() == 0:  # root may enter every folder
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
sys.exit(run(json.loads(sys.argv[1])))
"""
    asked = json.dumps([word.format(here / "closed") for word in words])
    line = [sys.executable, "-c", script, asked]
    result = subprocess.run(line, cwd="/", capture_output=True, text=True)
    assert result.returncode == 2
    assert "internal error" not in result.stderr


def test_what_only_reads_never_imports_torch(here: Path) -> None:
    script = """
import json, os, sys
from dltrain.cli.main import run
heavy = {}
for words in json.loads(sys.argv[1]):
    try:
        run(words)
    except SystemExit:
        pass
    rooms = ("torch", "torchvision", "pandas", "pyarrow")
    heavy[" ".join(words)] = [name for name in rooms if name in sys.modules]
print(json.dumps(heavy), file=sys.stderr)
"""
    light = [
        ["model=mpl"],
        ["optimizer.lr=nan"],
        ["model=softmax"],
        ["--help"],
        ["--version"],
        ["train", "--help"],
        ["runs"],
        ["runs", "show", "latest"],
        ["runs", "--help"],
        ["config", "show"],
        ["config", "show", "--describe"],
        ["--cfg", "job"],
        ["data"],
        ["data", "data=fashion_mnist", "data.source=sample"],
        ["model", "show"],
    ]
    tables = [["data", "data=house_tiny"], ["model", "show", "data=house_tiny"]]
    result = subprocess.run(
        [sys.executable, "-c", script, json.dumps(light + tables)],
        cwd=here,
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = json.loads(result.stderr.splitlines()[-1])
    assert heavy == {" ".join(words): [] for words in light} | {
        " ".join(words): ["pyarrow"] for words in tables
    }


# What only informs.


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(here: Path, call: Call, verb: str) -> None:
    shown = call(verb, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("usage: dltrain")
    assert tree(here) == []


def test_help_lists_verbs_and_choices(call: Call) -> None:
    shown = call("--help")
    assert shown.code == 0
    assert all(f"  {verb}" in shown.out for verb in VERBS)
    assert re.search(r"^  model +linear, mlp, softmax$", shown.out, re.MULTILINE)
    assert call("-h") == shown


def test_version_is_one_line(call: Call) -> None:
    assert call("--version") == Shown(0, f"dltrain {__version__}\n", "")


def test_cfg_job_prints_what_would_be_trained_with(here: Path, call: Call) -> None:
    words = ["model=mlp", "model.hidden=[8]", "seed=3"]
    shown = call("--cfg", "job", *words)
    assert shown == Shown(0, to_yaml(load(words)), "")
    assert call("config", "show", *words) == shown
    assert call("config", *words) == shown
    assert tree(here) == []


def test_cfg_job_can_print_one_part(call: Call) -> None:
    shown = call("--cfg", "job", "--package", "optimizer", "optimizer.lr=0.5")
    assert shown.out.splitlines()[:3] == ["# @package optimizer", "kind: sgd", "lr: 0.5"]


def test_what_is_left_to_hydra_leaves_nothing_behind(here: Path) -> None:
    for words in (["--info", "defaults-tree"], ["--cfg", "hydra"]):
        shown = command(*words, folder=here)
        assert (shown.code, shown.err) == (0, "")
        assert "hydra" in shown.out
    assert tree(here) == []


@pytest.mark.parametrize(
    "words",
    [
        ["config", "show"],
        ["--help"],
        ["--version"],
        ["runs"],
        ["data"],
        ["config", "show", "--describe"],
        ["model", "show"],
    ],
)
def test_a_reader_who_went_away_is_no_error(words: list[str]) -> None:
    assert closed_pipe(*words) == Shown(0, "", "")


def test_head_ends_without_a_traceback(here: Path) -> None:
    line = f"set -o pipefail; {sys.executable} -m dltrain config show | head -1"
    result = subprocess.run(["bash", "-c", line], cwd=here, capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("data:\n", "")


def test_a_reader_who_went_away_does_not_stop_the_training(here: Path) -> None:
    shown = closed_pipe()
    assert record(here / "outputs")["status"] == "done"
    assert (shown.code, shown.err) == (0, "")


def test_a_full_standard_output_is_a_storage_error(here: Path) -> None:
    with open("/dev/full", "w") as full:
        line = [sys.executable, "-m", "dltrain", "config", "show"]
        result = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 4
    assert "internal error" not in result.stderr


def test_what_nobody_thought_of_is_one_line_and_a_file(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(words: list[str]) -> None:
        raise ZeroDivisionError("by \x1b[31mnothing")

    monkeypatch.setattr("dltrain.cli.runs.main", fail)
    shown = call("runs")
    assert (shown.code, shown.out) == (1, "")
    found = re.fullmatch(
        r"dltrain: error: internal error: ZeroDivisionError\('by \\x1b\[31mnothing'\); "
        r"the details are in (\S+)\n",
        shown.err,
    )
    assert found is not None, shown.err
    details = Path(found[1]).read_text()
    assert details.startswith("Traceback")
    assert "\x1b" not in details


def test_a_disk_that_refuses_ends_with_four(call: Call) -> None:
    shown = call("output_dir=/proc/dltrain")
    assert shown.code == 4
    assert shown.err.startswith("dltrain: error: cannot create /proc/dltrain:")
    assert shown.err.count("\n") == 1


def test_runs_lists_and_shows_what_was_trained(here: Path, call: Call) -> None:
    call("seed=5", "trainer.epochs=2")
    [run] = list_runs(here / "outputs")
    line = call("runs").out.splitlines()[1]
    assert line.split()[:3] == ["@1", run.short, "done"]
    assert " 5     2               val/loss " in line
    for name in ("latest", "@1", run.short, run.id, f"outputs/{run.id}"):
        assert call("runs", "show", name).out.splitlines()[0].split() == ["run", run.id]
