"""The house: imports run one way, only storage writes, names say what is in a room."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dltrain

ROOT = Path(dltrain.__file__).parent
FILES = {
    ".".join(["dltrain", *file.relative_to(ROOT).with_suffix("").parts]).removesuffix(
        ".__init__"
    ): file
    for file in sorted(ROOT.rglob("*.py"))
}
TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in FILES.items()}

# What each room may import of the house. A component knows neither configs nor the command line.
ALLOWED: dict[str, set[str]] = {
    "": set(),
    "schema": set(),
    "suggest": set(),
    "storage": set(),
    "console": set(),
    "problem": set(),
    "paths": set(),
    "combinations": {"paths", "problem", "schema", "suggest"},
    "check": {"combinations", "problem", "schema", "suggest"},
    "words": {"check", "suggest"},
    "config": {"check", "problem", "schema", "words"},
    "recorder": {"", "storage"},
    "runs": {"recorder", "suggest"},
    "architecture": set(),
    "memory": set(),
    "device": set(),
    "pictures": set(),
    "losses": set(),
    "layers": {"memory"},
    "models": {"architecture", "layers"},
    "optim": {"layers"},
    "coefficients": {"data", "optim"},
    "checkpoint": {"storage"},
    "trainer": {"checkpoint", "data.loader", "losses", "models", "optim"},
    "data": set(),
    "data.idx": set(),
    "data.loader": {"memory"},
    "data.synthetic": {"data"},
    "data.table": set(),
    "data.target": {"data.table"},
    "data.tabular": {"data", "data.table", "data.target", "paths", "suggest"},
    "data.fashion_mnist": {"data", "data.idx", "paths", "storage"},
}
CONFIGS = {"schema", "problem", "combinations", "check", "words", "config"}
PLAIN = {"", "paths", "suggest", "storage", "console", "recorder", "runs"}
COMPONENTS = set(ALLOWED) - CONFIGS - PLAIN
LIGHT = sorted(CONFIGS | PLAIN - {""})
HEAVY = {"torch", "torchvision", "pandas"}
# Parts of the command line that verbs share.
SHARED = {"cli.arguments", "cli.main", "cli.hydra_flags", "cli.summary"}
BANNED = {"utils", "util", "helpers", "common", "core", "base", "manager", "misc"}

MAX_FILE, MAX_FUNCTION = 300, 60
# Lines of what is longer; each is to shrink, none to grow.
LONG_FILES = {"data.tabular": 347, "schema": 330, "trainer": 355}
LONG_FUNCTIONS: dict[str, int] = {}


def short(name: str) -> str:
    return name.removeprefix("dltrain").removeprefix(".")


def imports(name: str) -> set[str]:
    """List every module that a module imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are absolute"
            assert node.module is not None
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {module for module in inner if module in FILES}
            found |= {node.module} if inner - set(FILES) else set()
    return found


def own_imports(name: str) -> set[str]:
    return {short(module) for module in imports(name) if module in FILES}


def public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Yield public classes and functions, methods included; not what lies inside functions."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


@pytest.mark.parametrize("room", sorted({short(name) for name in FILES} | set(ALLOWED)))
def test_imports_run_one_way(room: str) -> None:
    own = own_imports(f"dltrain.{room}".rstrip("."))
    if room in ALLOWED:
        assert own <= ALLOWED[room]
    elif room == "build":
        assert not {other for other in own if other.startswith("cli")}
        assert not own & {"storage", "recorder", "runs", "console", "config", "words"}
    else:
        assert room == "__main__" or room.startswith("cli"), f"{room} is missing from the table"


@pytest.mark.parametrize("room", sorted(short(name) for name in FILES if ".cli." in name))
def test_a_verb_imports_no_other_verb(room: str) -> None:
    verbs = {other for other in own_imports(f"dltrain.{room}") if other.startswith("cli.")}
    assert verbs - SHARED <= {room}


@pytest.mark.parametrize("room", sorted(COMPONENTS))
def test_a_component_knows_no_config(room: str) -> None:
    assert not own_imports(f"dltrain.{room}") & CONFIGS


@pytest.mark.parametrize("room", LIGHT)
def test_what_reads_configs_and_runs_imports_nothing_heavy(room: str) -> None:
    tops = {module.partition(".")[0] for module in imports(f"dltrain.{room}")}
    assert not tops & HEAVY
    assert not own_imports(f"dltrain.{room}") & COMPONENTS


def test_importing_them_brings_in_nothing_heavy() -> None:
    modules = [f"dltrain.{room}" for room in [*LIGHT, "cli.main", "cli.train", "build"]]
    script = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    line = [sys.executable, "-c", script]
    loaded = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & set(loaded)


def test_there_are_no_cycles() -> None:
    seen: set[str] = set()

    def visit(room: str, path: tuple[str, ...]) -> None:
        assert room not in path, f"a cycle: {' -> '.join([*path, room])}"
        if room not in seen:
            for other in own_imports(f"dltrain.{room}".rstrip(".")):
                visit(other, (*path, room))
            seen.add(room)

    # main imports a verb when it is called, by name, so the way back is no cycle of imports.
    for name in FILES:
        visit(short(name), ())


def test_only_console_imports_rich() -> None:
    users = {
        short(name)
        for name in FILES
        if {module.partition(".")[0] for module in imports(name)} & {"rich"}
    }
    assert users == {"console"}


def test_only_the_command_line_exits() -> None:
    exits = re.compile(r"\bsys\.exit\(|\bos\._exit\(|\braise SystemExit\b|(?<![\w.])exit\(")
    users = {short(name) for name, file in FILES.items() if exits.search(file.read_text())}
    assert users == {"cli.main"}


def writes(tree: ast.Module) -> Iterator[str]:
    """Yield calls that write to disk: open for writing, write_text, mkdir and their kin."""
    writers = {"write_text", "write_bytes", "mkdir", "makedirs", "touch", "unlink", "rmtree"}
    openers = {"open", "fdopen", "NamedTemporaryFile"}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        keywords = [k.value for k in node.keywords if k.arg == "mode"]
        modes = [a.value for a in [*node.args, *keywords] if isinstance(a, ast.Constant)]
        to_write = any(
            isinstance(mode, str) and re.fullmatch(r"[rwaxbt+]*[wax+][rwaxbt+]*", mode)
            for mode in modes
        )
        if name in writers or (name in openers and to_write):
            yield name


@pytest.mark.parametrize("room", sorted({short(name) for name in FILES} - {"storage"}))
def test_only_storage_writes(room: str) -> None:
    # The crash file must be written even where the house is not to be trusted any more.
    excused = ["NamedTemporaryFile"] if room == "cli.main" else []
    assert list(writes(TREES[f"dltrain.{room}".rstrip(".")])) == excused


def test_the_search_for_writers_finds_storage() -> None:
    assert {"open", "mkdir", "unlink"} <= set(writes(TREES["dltrain.storage"]))


@pytest.mark.parametrize("name", sorted(FILES))
def test_rooms_are_named_by_what_they_are(name: str) -> None:
    assert not BANNED & set(name.split("."))


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_public_name_is_explained(name: str) -> None:
    assert ast.get_docstring(TREES[name]) or name == "dltrain.cli"
    unexplained = [node.name for node in public(TREES[name]) if not ast.get_docstring(node)]
    assert unexplained == []


def test_files_stay_short() -> None:
    sizes = {short(name): len(file.read_text().splitlines()) for name, file in FILES.items()}
    assert {name for name, size in sizes.items() if size > MAX_FILE} == set(LONG_FILES)
    assert all(sizes[name] <= size for name, size in LONG_FILES.items())


def test_functions_stay_short() -> None:
    sizes = {
        f"{short(name)}.{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert {name for name, size in sizes.items() if size > MAX_FUNCTION} == set(LONG_FUNCTIONS)
    assert all(sizes[name] <= size for name, size in LONG_FUNCTIONS.items())
