"""The house: folders import one way, only one place writes, names say what is in a room."""

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

# Which folders a folder may import, besides itself and its version: the ground, and what is named.
GROUND = {"text", "metrics", "system"}
ARROWS = {
    **dict.fromkeys(GROUND, ""),
    "config": "system text metrics",
    "data": "system text",
    "nn": "data metrics",
    "runs": "config system text metrics",
    "plots": "runs metrics text",
    "train": "plots runs nn data config system text metrics",
    "inference": "train plots runs nn data config system text metrics",
    "sweep": "train runs nn data config system text metrics",
    "report": "inference runs nn data config system text metrics",
}
# What is planned, listed and read needs none of these; they are imported where they are called.
HEAVY = {"torch", "torchvision", "pandas", "pyarrow", "scipy", "matplotlib"}
LIGHT = [
    *("text", "metrics", "system", "config", "data", "nn.plan", "nn.graph", "runs", "sweep"),
    *("cli.entry", "cli.main", "cli.train", "cli.sweep", "cli.live", "cli.terminal", "cli.tables"),
]
PARSING = "dltrain.data.table"
TRAINS = "dltrain.sweep.worker"
# Modules without a test file of their name, and whose tests see them instead.
ELSEWHERE = {
    "cli.live.training": "cli/test_train.py",  # all it says is said of a training
    "cli.run_argument": "cli/test_evaluate.py",  # words of two verbs
    "cli.tables.results": "cli/test_sweep.py",  # tables are judged where they are printed
    "cli.tables.runs": "cli/runs/test_ls.py",
    "config.choices": "test_conf.py",  # lists of words
    "config.schema": "test_conf.py",  # dataclasses, each held against its YAML file
    "inference.prediction": "cli/test_predict.py",  # what it writes is a verb's output
    "inference.row_writers": "cli/test_predict.py",  # likewise
    "report.effects": "report/test_contents.py",  # what it draws is decided in runs.compare
    "runs.provenance": "train/test_resume.py",  # what of a run may change when it goes on
    "runs.tracker": "train/tracking/test_trackers.py",  # a protocol
    "sweep.processes": "sweep/test_engine.py",  # which kills them
    "train.build": "train/test_trainer.py",  # every training is built by it
    "train.builders": "config/test_kinds.py",  # each is bound to the knobs of its class
    "train.job": "train/test_session.py",  # a record of what is trained
    "cli.live.summary": "cli/test_train.py",
    "config.data_schema": "test_conf.py",  # likewise
    "data.table.csv_lines": "data/table/test_csv_file.py",
    "data.images.splitting": "data/images/test_folder.py",  # whose images it draws
    "data.table.strays": "data/table/test_sentences.py",  # which says what it finds
    "data.table.table_files": "data/table/test_several_files.py",
    "data.table.options": "data/table/test_dataset.py",  # what every table is prepared with
    "nn.amount_scores": "nn/test_scores.py",  # which collects what these compute
    "nn.class_scores": "nn/test_scores.py",
    "nn.ranks": "nn/test_scores.py",
    "nn.row_weights": "nn/test_losses.py",  # which weigh by it
    "nn.ratios": "nn/test_scores.py",
    "runs.compare.repeats": "runs/compare/test_settings.py",  # which puts them together
    "train.run_info": "train/test_session.py",  # a record as it begins
    "cli.runs.drawing": "cli/runs/test_plot.py",
    "runs.compare.digits": "runs/compare/test_best_table.py",  # digits of its columns
    "runs.compare.sweeps": "cli/runs/test_diff.py",  # how two sweeps differ
    "sweep.definition": "cli/runs/test_diff.py",
}
BANNED = {"utils", "util", "helpers", "common", "core", "base", "manager", "misc"}
MAX_FILE, MAX_FUNCTION = 300, 60


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


def imports_at_once(name: str) -> set[str]:
    """List what importing a module imports: not what its functions do, or what types alone need."""
    found: set[str] = set()
    for node in TREES[name].body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    # A module's packages are imported before it.
    parts = [found_name.split(".") for found_name in [*found, name]]
    return {".".join(part[:count]) for part in parts for count in range(1, len(part) + 1)} - {name}


def reached(name: str) -> set[str]:
    """List all that importing a module imports, through whatever modules of the house."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = imports_at_once(waiting.pop()) - found
        found |= new
        waiting += [module for module in new if module in FILES]
    return found


def folder(name: str) -> str:
    return short(name).partition(".")[0]


def is_light(name: str) -> bool:
    listed = any(f"{short(name)}.".startswith(f"{room}.") for room in LIGHT)
    return listed and name != TRAINS and not name.startswith(PARSING)


def public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Yield public classes and functions, methods included; not what lies inside functions."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def test_folders_import_one_way() -> None:
    for name in sorted(FILES):
        if folder(name) not in ("", "__main__", "cli"):
            found = {folder(module) for module in imports(name) if module in FILES}
            allowed = {"", folder(name), *ARROWS[folder(name)].split()}
            assert found <= allowed, name


def test_the_tree_shows_the_architecture() -> None:
    beside = {path.stem for path in ROOT.glob("*.py")} - {"__init__", "__main__"}
    assert len(beside) <= 3
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert beside | folders == {*ARROWS, "cli"}


def test_there_are_no_cycles() -> None:
    seen: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"a cycle: {' -> '.join([*path, name])}"
        if name not in seen:
            for other in sorted(imports(name) & set(FILES)):
                visit(other, (*path, name))
            seen.add(name)

    # main imports a verb when it is called, by name, so the way back is no cycle of imports.
    for name in FILES:
        visit(name, ())


def test_what_plans_lists_and_reads_reaches_nothing_heavy() -> None:
    for name in filter(is_light, FILES):
        assert not {module.partition(".")[0] for module in reached(name)} & HEAVY, name


def test_importing_it_brings_in_nothing_heavy() -> None:
    script = f"import sys, {', '.join(filter(is_light, FILES))}; print(*sys.modules)"
    line = [sys.executable, "-c", script]
    loaded = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & set(loaded)


def test_a_sweeps_worker_has_all_it_needs_once_it_is_imported() -> None:
    """It is forked from a server that has imported this one module; nothing else imports it."""
    assert {"torch", "dltrain.train.session", "dltrain.train.trainer"} <= reached(TRAINS)
    users = {name for name in FILES if TRAINS in imports(name)}
    assert users == {"dltrain.sweep.processes"}
    assert TRAINS not in reached("dltrain.sweep.engine")


def test_only_the_terminal_imports_rich() -> None:
    users = {short(name) for name in FILES if any(m.split(".")[0] == "rich" for m in imports(name))}
    assert {room.rpartition(".")[0] for room in users} == {"cli.terminal"}


def test_only_pictures_import_matplotlib_and_never_pyplot() -> None:
    """Pyplot keeps figures, looks for a display, and obeys what the user set for it."""
    found = {name: {m for m in imports(name) if m.startswith("matplotlib")} for name in FILES}
    assert {folder(name) for name, modules in found.items() if modules} == {"plots"}
    assert not any("pyplot" in module for modules in found.values() for module in modules)


def exits(tree: ast.Module) -> bool:
    """Whether it ends the process: sys.exit, os._exit, exit, quit, or a SystemExit it raises."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            *("sys.exit", "os._exit", "os.abort", "exit", "quit", "_exit"),
        ):
            return True
        if isinstance(node, ast.Raise) and "SystemExit" in ast.unparse(node):
            return True
    return False


def test_only_the_command_line_exits() -> None:
    assert {short(name) for name, tree in TREES.items() if exits(tree)} == {
        *("cli.entry", "cli.main")
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import sys\nsys.exit(1)", True),
        ("def f():\n    raise SystemExit(2)", True),
        ("def f():\n    raise SystemExit", True),
        ("exit()", True),
        ("import os\nos._exit(0)", True),
        ("parser.exit(0)", False),
        ("'sys.exit(1)'", False),
        ("try:\n    f()\nexcept SystemExit:\n    pass", False),
    ],
)
def test_the_search_for_exits_finds_them(text: str, found: bool) -> None:
    assert exits(ast.parse(text)) is found


def obeys_text(tree: ast.Module) -> Iterator[str]:
    """Yield what would print text as it is, or read it as markup."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if ast.unparse(node.func) in ("print", "input", "pprint.pprint", "Text.from_ansi"):
                yield ast.unparse(node.func)
            for keyword in node.keywords:
                on = ast.unparse(keyword.value) != "False"
                if keyword.arg in ("markup", "emoji", "highlight") and on:
                    yield f"{keyword.arg}="
            named = ast.unparse(node.func).rpartition(".")[2]
            told = {keyword.arg for keyword in node.keywords}
            if named in ("from_markup", "render_markup"):
                yield named
            if named in ("Console", "_Console", "TextColumn") and "markup" not in told:
                yield f"{named} without markup=False"  # rich reads markup if it is not told


def test_text_is_printed_as_text_alone() -> None:
    assert {name: found for name, tree in TREES.items() if (found := list(obeys_text(tree)))} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("print('x')", ["print"]),
        ("console.print('x')", []),
        ("Console(markup=True, file=f)", ["markup="]),
        ("rich.console.Console(file=f)", ["Console without markup=False"]),
        ("Console(markup=False, emoji=True)", ["emoji="]),
        ("TextColumn('{task.fields[x]}')", ["TextColumn without markup=False"]),
        ("Text.from_markup(x)", ["from_markup"]),
        ("'print(x, markup=True)'", []),
    ],
)
def test_the_search_for_text_that_is_obeyed_finds_it(text: str, found: list[str]) -> None:
    assert list(obeys_text(ast.parse(text))) == found


def writes(tree: ast.Module) -> Iterator[str]:
    """Yield calls that write to disk: open for writing, write_text, mkdir and their kin."""
    writers = {"write_text", "write_bytes", "mkdir", "makedirs", "touch", "unlink", "rmtree"}
    writers |= {"copytree", "copyfile", "copy2", "rmdir", "symlink_to", "ftruncate", "truncate"}
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
        flags = {n.attr for a in node.args for n in ast.walk(a) if isinstance(n, ast.Attribute)}
        to_write |= bool(flags & {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"})
        moved = ast.unparse(function) in ("os.replace", "os.rename", "os.write", "os.link")
        if moved or name in writers or (name in openers and to_write):
            yield name


def test_only_disk_writes() -> None:
    found = {short(name): sorted(writes(tree)) for name, tree in TREES.items()}
    del found["system.disk"]
    # The crash file must be written even where the house is not to be trusted any more.
    # Output that nobody can take goes to /dev/null.
    excused = {
        "cli.entry": ["write", "write"],
        "cli.main": ["NamedTemporaryFile", "open"],
        "cli.terminal.stream": ["open"],
    }
    assert {room: calls for room, calls in found.items() if calls} == excused


def test_the_search_for_writers_finds_disk() -> None:
    assert {"open", "mkdir", "unlink", "rmtree", "copytree"} <= set(
        writes(TREES["dltrain.system.disk"])
    )


def test_nobody_replaces_a_method_from_outside() -> None:
    """Mypy lets it pass only where it is told so."""
    assert [name for name, file in FILES.items() if "method-assign" in file.read_text()] == []


def test_rooms_are_named_by_what_they_are() -> None:
    assert not [name for name in FILES if BANNED & set(name.split("."))]


def test_every_module_and_public_name_is_explained() -> None:
    for name, tree in TREES.items():
        assert ast.get_docstring(tree), name
        unexplained = [node.name for node in public(tree) if not ast.get_docstring(node)]
        assert not unexplained, name


def test_tests_mirror_the_package() -> None:
    tests = Path(__file__).parent
    modules = {short(name) for name, file in FILES.items() if not file.stem.startswith("__")}
    missing = {
        name
        for name in modules
        if not (tests / name.replace(".", "/")).with_name(f"test_{name.split('.')[-1]}.py").exists()
    }
    assert missing == set(ELSEWHERE)
    assert all((tests / file).exists() for file in ELSEWHERE.values())


def test_files_stay_short() -> None:
    sizes = {short(name): len(file.read_text().splitlines()) for name, file in FILES.items()}
    assert {name: size for name, size in sizes.items() if size > MAX_FILE} == {}


def test_functions_stay_short() -> None:
    sizes = {
        f"{short(name)}.{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert {name: size for name, size in sizes.items() if size > MAX_FUNCTION} == {}
