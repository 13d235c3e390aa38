"""Modules that add kinds: found, refused in one line, and never imported unasked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dltrain.config import kinds
from dltrain.config.compose import CONF
from dltrain.config.plugins import PluginError, load, load_installed, needed
from tests.conftest import Call, unload

CONFIG = """
from dataclasses import dataclass
from dltrain.config.kinds import OptimizerKind, add_choices, register
from dltrain.config.knob import knob

@dataclass(frozen=True)
class Config:
    kind: str = knob("which optimizer this is")
    lr: float = knob("length of a step", ge=0, stacks=True)
"""
REGISTER = 'register("mine", OptimizerKind(Config, "nowhere:Mine"))\n'


@pytest.fixture
def folder(here: Path, no_plugins: None) -> Path:
    return here


def refused(*names: str) -> str:
    with pytest.raises(PluginError) as caught:
        load(names)
    return str(caught.value)


def test_a_module_in_the_folder_adds_its_kind_and_nothing_is_built(folder: Path) -> None:
    Path("mine.py").write_text(CONFIG + REGISTER)
    assert needed(["mine"]) == "mine is not named on this command line; add 'plugins=[mine]'"
    load(["mine"])
    assert "mine" in kinds.OPTIMIZERS
    assert needed(["mine"]) == ""
    load(["mine"])  # once is enough
    assert needed(["mine", "other", "third"]) == (
        "other and third are not named on this command line; add 'plugins=[mine,other,third]'"
    )


def test_what_is_installed_comes_before_the_folder(folder: Path) -> None:
    Path("colorsys.py").write_text(CONFIG + REGISTER)
    line = refused("colorsys")
    assert line.startswith("plugins=[colorsys]: ")
    assert line.endswith(
        "colorsys.py registers no kind; call dltrain.config.kinds.register in it, or name "
        "another module"
    )
    assert "mine" not in kinds.OPTIMIZERS


def test_a_module_that_is_not_there_is_named_with_the_folder(folder: Path) -> None:
    line = f"there is no module {{}} in {folder} or installed"
    assert refused("absent") == f"plugins=[absent]: {line.format('absent')}"
    assert refused("absent.part") == f"plugins=[absent.part]: {line.format('absent')}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 / 0", "mine.py:1: ZeroDivisionError: division by zero"),
        ("x = 1\nimport absent", "mine.py:2: ModuleNotFoundError: No module named 'absent'"),
        ("x =", "mine.py:1: SyntaxError: invalid syntax"),
        ("raise SystemExit('no\\nway')", "mine.py:1: SystemExit: no way"),
        (CONFIG + REGISTER + REGISTER, "optimizer=mine is registered already"),
        (CONFIG + REGISTER.replace("mine", "sgd"), "optimizer=sgd is registered already"),
        (
            CONFIG.replace(' = knob("which optimizer this is")', "") + REGISTER,
            "Config.kind has no knob(); declare it as kind: TYPE = knob('what it means')",
        ),
        (
            CONFIG.replace("    kind:", "    sort:") + REGISTER,
            "Config has no kind; add kind: str = knob('...')",
        ),
        (CONFIG.replace("@dataclass(frozen=True)", "") + REGISTER, "Config is no dataclass"),
        (CONFIG.replace("lr: float", "lr: complex") + REGISTER, "Config.lr: its type must be"),
        (CONFIG.replace("lr: float", "lr: 'flaot'") + REGISTER, "name 'flaot' is not defined"),
    ],
)
def test_a_module_that_fails_is_refused_with_its_own_error(
    folder: Path, text: str, reason: str
) -> None:
    Path("mine.py").write_text(text)
    line = refused("mine")
    assert line.startswith(f"plugins=[mine]: cannot be imported ({folder}/mine.py:")
    assert reason in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("plugins=mine", "plugins=mine (command line): must be a list, such as plugins=[mine]: "),
        ("plugins=[1]", "plugins=[1] (command line): must be the names of modules"),
        ("plugins=[../mine]", "must be the names of modules, such as plugins=[moons]"),
        ("plugins=[[mine]]", "must be a list of texts"),
        ("plugins={mine:1}", "must be a list"),
        ("plugins=null", "must be a list"),
        ("plugins=", "must be a list"),
    ],
)
def test_what_names_no_modules_is_refused_and_imports_nothing(
    folder: Path, call: Call, word: str, line: str
) -> None:
    Path("mine.py").write_text("raise SystemExit(7)")
    shown = call(word)
    assert shown.code == 2
    assert line in shown.err
    assert "internal" not in shown.err


def test_an_installed_package_brings_its_kinds_unasked(
    folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = folder / "site"
    (installed / "mine-1.0.dist-info").mkdir(parents=True)
    (installed / "mine.py").write_text(CONFIG + REGISTER)
    points = installed / "mine-1.0.dist-info" / "entry_points.txt"
    points.write_text("[dltrain.plugins]\nmine = mine\n")
    (installed / "mine-1.0.dist-info" / "METADATA").write_text("Name: mine-package\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(installed)
    unload()
    assert needed(["mine"]) == ""
    assert "mine" in kinds.OPTIMIZERS
    unload()
    (installed / "mine.py").write_text("1 / 0")
    with pytest.raises(PluginError, match=r"^mine, a plugin of the installed package mine-package"):
        load_installed()
    unload()
    shown = call("config", "show")
    assert shown.code == 2
    assert shown.err.count("\n") == 1
    assert "ZeroDivisionError: division by zero" in shown.err
    assert call("runs").code == 0  # which needs none


def test_a_builder_that_is_not_there_is_named_before_anything_is_written(
    folder: Path, call: Call
) -> None:
    Path("choices/optimizer").mkdir(parents=True)
    Path("choices/optimizer/mine.yaml").write_text("kind: mine\nlr: 1\n")
    adds = "from pathlib import Path\nadd_choices(Path(__file__).with_name('choices'))\n"
    Path("mine.py").write_text(CONFIG + REGISTER + adds)
    shown = call("plugins=[mine]", "optimizer=mine")
    assert shown.code == 2
    assert shown.err == (
        "dltrain: error: Config is built by nowhere:Mine, which cannot be imported: "
        "No module named 'nowhere'\n"
    )
    assert not Path("outputs").exists()


def test_its_choices_may_not_stand_for_those_of_dltrain(folder: Path, call: Call) -> None:
    Path("choices/optimizer").mkdir(parents=True)
    Path("choices/optimizer/sgd.yaml").write_text("kind: mine\nlr: 1\n")
    adds = "from pathlib import Path\nadd_choices(Path(__file__).with_name('choices'))\n"
    Path("mine.py").write_text(CONFIG + REGISTER + adds)
    [line] = call("plugins=[mine]").err.splitlines()
    assert f"{folder}/choices/optimizer/sgd.yaml: {CONF}/optimizer/sgd.yaml has that name" in line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("kind: mine\nlr: 1\nrate: 2\n", "optimizer.rate=2 ({file}:3): unknown key"),
        ("kind: mine\n", "optimizer.lr: has no value: length of a step"),
        ("kind: yours\nlr: 1\n", "optimizer.kind=yours ({file}:1): must be one of sgd, "),
        ("kind: mine\nlr: fast\n", "optimizer.lr=fast ({file}:2): must be a number: length"),
    ],
)
def test_values_that_are_not_those_of_the_class_are_refused(
    folder: Path, call: Call, text: str, line: str
) -> None:
    file = Path("choices/optimizer/mine.yaml").absolute()
    file.parent.mkdir(parents=True)
    file.write_text(text)
    adds = "from pathlib import Path\nadd_choices(Path(__file__).with_name('choices'))\n"
    Path("mine.py").write_text(CONFIG + REGISTER + adds)
    shown = call("plugins=[mine]", "optimizer=mine")
    assert shown.code == 2
    assert line.format(file=file) in shown.err


def test_no_module_is_loaded_twice_or_left_on_the_path_of_what_is_installed(folder: Path) -> None:
    Path("mine.py").write_text(CONFIG + REGISTER)
    load(["mine"])
    assert sys.path[-1] == str(folder)
