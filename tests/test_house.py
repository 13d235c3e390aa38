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
    "knob": set(),
    "choices": set(),
    "schema": {"choices", "knob"},
    "suggest": set(),
    "storage": set(),
    "seal": set(),
    "reading": {"seal"},
    "verification": {"reading", "seal"},
    "lines": {"storage"},
    "environment": {""},
    "differences": {"check", "compose"},
    "origin": {
        "command_line",
        "shell",
        "check",
        "compose",
        "config",
        "environment",
        "paths",
        "problem",
        "runs",
        "schema",
    },
    "signals": set(),
    "escapes": set(),
    "console": {"console.stream", "escapes"},
    "console.stream": set(),
    "console.curves": {"console"},
    "console.training": {"console"},
    "console.sweep": {"console"},
    "problem": set(),
    "paths": set(),
    "machine": set(),
    "gpu": {"choices", "schema"},
    "combinations": {"choices", "paths", "problem", "schema", "suggest"},
    "check": {"combinations", "knob", "problem", "scalars", "schema", "suggest"},
    "scalars": set(),
    "casts": {"scalars", "suggest"},
    "sweep_functions": {"casts", "scalars", "suggest"},
    "grammar": {"casts", "scalars", "sweep_functions"},
    "words": {"casts", "check", "grammar", "suggest", "sweep_functions"},
    "yaml_file": {"scalars"},
    "config_source": {"yaml_file"},
    "defaults": {"yaml_file"},
    "compose": {"config_source", "defaults", "yaml_file"},
    "metrics_file": {"reading"},
    "runs": {
        "shell",
        "verification",
        "environment",
        "metrics_file",
        "reading",
        "recorder",
        "suggest",
    },
    "places": {"compose", "yaml_file"},
    "config": {"check", "compose", "escapes", "places", "problem", "schema", "suggest", "words"}
    | {"knob", "scalars"},
    "event_file": {"reading", "storage"},
    "progress_board": {"plots", "plots.curves", "plots.style", "reading", "storage"},
    "tracking": {"event_file", "progress_board"},
    "folder_names": set(),
    "recorder": {"environment", "escapes", "folder_names", "lines", "seal", "storage", "tracking"},
    "field_names": set(),
    "run_time": {"field_names", "metrics_file", "runs"},
    "fields": {"field_names", "metrics_file", "results", "run_time", "runs"},
    "where": {"field_names", "suggest"},
    "listing": {"field_names", "fields", "runs", "suggest", "where"},
    "results": {"field_names", "metrics_file", "runs"},
    "plots": set(),
    "plots.style": {"escapes"},
    "plots.curves": {"plots", "plots.style"},
    "plots.courses": {"fields", "listing", "plots", "plots.curves", "runs"},
    "plots.scales": {"plots", "plots.style", "results", "runs"},
    "plots.keys": {"plots", "plots.scales", "plots.style", "results", "runs"},
    "plots.heatmap": {"plots", "plots.scales", "plots.style", "results", "runs"},
    "plots.confusion": {"confusion", "plots", "plots.style"},
    "plots.mistakes": {"plots", "plots.style"},
    "plots.weights": {"plots", "plots.style"},
    "plots.predictions": {"bins", "plots", "plots.style"},
    "plots.evaluated": {
        *("confusion", "evaluation", "plots", "plots.confusion", "plots.mistakes"),
        *("plots.predictions", "plots.style", "plots.weights"),
    },
    "trash": {"runs", "storage"},
    "architecture": set(),
    "memory": set(),
    "device": set(),
    "pictures": set(),
    "losses": {"memory"},
    "layers": {"memory"},
    "activations": {"memory"},
    "models": {"activations", "architecture", "layers", "memory"},
    "least_squares": set(),
    "optim": {"layers", "least_squares"},
    "graphs": set(),
    "steps": {"data.loader", "graphs", "losses", "models", "optim"},
    "coefficients": {"data", "least_squares"},
    "checkpoint": {"reading", "seal", "storage", "verification"},
    "outcomes": set(),
    "saving": {"checkpoint", "outcomes", "steps", "storage"},
    "resumption": {
        *("checkpoint", "reading", "recorder", "run_time", "runs", "saving", "steps"),
    },
    "trainer": {"outcomes", "saving", "steps"},
    "data": set(),
    "data.idx": set(),
    "data.loader": {"data", "memory"},
    "data.synthetic": {"data"},
    "data.csv_file": set(),
    "data.cells": set(),
    "data.table": {"data.blocks", "data.cells", "data.csv_file"},
    "data.target": {"data.table"},
    "data.preparation": {"data", "data.cells", "data.table"},
    "data.tabular": {
        *("data", "data.cells", "data.preparation", "data.table", "data.target"),
        *("paths", "suggest"),
    },
    "data.fashion_mnist": {"data", "data.idx", "paths", "storage"},
    "data.prepared": {"data"},
    "data.blocks": {"data.csv_file"},
    "data.pictures": set(),
    "data.other_rows": {
        *("data", "data.blocks", "data.cells", "data.preparation", "data.table", "suggest"),
    },
    "confusion": set(),
    "trained": {
        *("architecture", "build", "checkpoint", "data", "data.prepared", "device", "models"),
        *("origin", "reading", "runs", "schema"),
    },
    "job": {"command_line", "architecture", "check", "data", "fields", "schema"},
    "given": set(),
    "csv_text": set(),
    "evaluation": {
        *("build", "data", "data.blocks", "data.idx", "data.other_rows", "given", "origin"),
        *("runs", "suggest", "trained"),
    },
    "prediction": {
        *("csv_text", "data", "data.blocks", "data.idx", "data.other_rows", "data.pictures"),
        *("evaluation", "given", "trained"),
    },
    "report": {
        *("console", "results", "runs", "verification"),
        *("report.blocks", "report.comparison", "report.curves", "report.effects"),
        *("report.model", "report.ranking", "report.record"),
        *(
            "field_names",
            "run_time",
        ),
    },
    "shell": {"paths"},
    "command_line": {"runs", "shell"},
    "address": {"runs", "shell"},
    "repetition": {
        *("address", "command_line", "compose", "config", "fields", "runs", "schema", "shell"),
        "words",
    },
    "bins": set(),
    "report.blocks": {"field_names"},
    "report.comparison": {"check", "fields", "listing", "results", "runs", "field_names"},
    "report.curves": {"metrics_file", "report.blocks", "runs"},
    "report.effects": {"report.blocks", "report.comparison", "report.curves", "results"},
    "report.images": set(),
    "report.model": {
        *("bins", "confusion", "data", "evaluation", "runs"),
        *("report.blocks", "report.images", "report.weights"),
    },
    "report.page": {"", "escapes", "report.blocks", "suggest"},
    "report.ranking": {
        "report.blocks",
        "report.comparison",
        "results",
        "runs",
        "field_names",
        "run_time",
    },
    "report.record": {
        *("address", "repetition", "schema"),
        "check",
        "console",
        "differences",
        "fields",
        "report.blocks",
        "runs",
        "field_names",
        "results",
        "run_time",
    },
    "report.weights": {"coefficients", "data", "evaluation", "report.blocks", "report.images"},
    "training": {
        *(
            "build",
            "coefficients",
            "config",
            "device",
            "job",
            "least_squares",
            "outcomes",
            "recorder",
            "resumption",
            "saving",
        ),
        *("schema", "storage", "tracking", "trainer"),
    },
    "bench": {
        "architecture",
        "choices",
        "job",
        "outcomes",
        "schema",
        "steps",
        "training",
        "variants",
    },
    "variants": {
        *("build", "choices", "device", "job", "machine", "schema", "training"),
        *("sweep.facts", "sweep.plan", "sweep.stacks"),
    },
    "sweep": set(),
    "sweep.grid": {"compose", "config", "paths", "schema", "words"}
    | {"sweep_functions", "yaml_file"},
    "sweep.facts": {"choices", "data", "schema"},
    "sweep.plan": {
        *("architecture", "build", "check", "compose", "config", "data", "fields", "schema"),
        *("gpu", "suggest", "sweep.facts", "sweep.grid"),
    },
    "sweep.assignment": {"command_line", "sweep.plan"},
    "sweep.plan_file": {"check", "paths", "schema", "shell", "suggest", "sweep.plan"},
    "sweep.repeat": {
        *("command_line", "compose", "repetition", "schema", "shell", "sweep.plan_file"),
    },
    "sweep.stacks": {"architecture", "choices", "data", "schema", "sweep.plan"},
    "sweep.folder": {
        *("check", "escapes", "origin", "reading", "recorder", "runs", "schema", "storage"),
        *("command_line", "field_names", "run_time", "shell", "sweep.plan", "sweep.plan_file"),
    },
    "sweep.results": {
        "recorder",
        "results",
        "storage",
        "sweep.folder",
        "sweep.plan",
        "field_names",
    },
    "sweep.reuse": {"", "recorder", "runs", "schema", "storage", "sweep.folder", "sweep.plan"},
    "sweep.child": {
        *("build", "data", "device", "job", "outcomes", "signals", "storage"),
        *("trainer", "training"),
        *("sweep.assignment", "sweep.plan"),
    },
    "sweep.process": {"reading", "signals", "sweep.assignment", "sweep.child"},
    "sweep.engine": {
        *("choices", "machine", "schema", "signals", "storage", "sweep.assignment", "sweep.folder"),
        *("sweep.plan", "sweep.process", "sweep.results", "sweep.stacks"),
        *("results",),
    },
}
CONFIGS = {
    *("choices", "knob", "schema", "problem", "combinations", "check", "words"),
    *("scalars", "casts", "sweep_functions", "grammar", "gpu", "defaults"),
    *("yaml_file", "config_source", "compose", "places", "config"),
}
PLAIN = {"", "escapes", "paths", "machine", "signals", "suggest", "storage", "recorder", "runs"}
PLAIN |= {
    "environment",
    "field_names",
    "fields",
    "lines",
    "listing",
    "metrics_file",
    "reading",
    "run_time",
    "seal",
    "shell",
    "trash",
    "verification",
    "where",
} | {room for room in ALLOWED if room.partition(".")[0] == "console"}
PLAIN |= {"environment", "fields", "lines", "listing", "reading", "seal", "trash", "where"} | {
    room for room in ALLOWED if room.partition(".")[0] == "console"
}
PLAIN |= {"event_file", "folder_names", "progress_board", "tracking"}
# Flows that train or compute, and so need torch.
COMPUTING = {"training", "bench", "variants", "trained", "evaluation", "prediction"}
COMPUTING |= {"report.model", "report.weights"}
# What brings configs and components together.
FLOWS = {"job", "origin", "results", "differences", "repetition"} | COMPUTING
FLOWS |= {room for room in ALLOWED if room.partition(".")[0] in ("sweep", "plots")}
FLOWS |= {room for room in ALLOWED if room.partition(".")[0] in ("sweep", "report")}
COMPONENTS = set(ALLOWED) - CONFIGS - PLAIN - FLOWS
LIGHT = sorted(CONFIGS | PLAIN - {""})
# The one room of a sweep that trains; the others plan, start it, and read what it left.
TRAINS = "sweep.child"
PARENT = sorted(FLOWS - COMPUTING - {TRAINS})
HEAVY = {"torch", "torchvision", "pandas", "pyarrow", "scipy"}
# Parts of the command line that verbs share, or that one keeps apart.
SHARED = {
    "cli.arguments",
    "cli.entry",
    "cli.main",
    "cli.hydra_flags",
    "cli.summary",
    "cli.sweep_summary",
}
SHARED |= {
    "cli.results_summary",
    "cli.runs.as_json",
    "cli.runs.cells",
    "cli.runs.curves",
    "cli.runs.table",
}
SHARED |= {
    "cli.hydra_jobs",
    "cli.hydra_search",
    "cli.course",
    "cli.sweep_course",
    "cli.sweep_resume",
    "cli.chosen",
}
BANNED = {"utils", "util", "helpers", "common", "core", "base", "manager", "misc"}

MAX_FILE, MAX_FUNCTION = 300, 60
# Lines of what is longer; each is to shrink, none to grow.
LONG_FILES: dict[str, int] = {}
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


def test_nothing_but_the_command_line_imports_the_command_line() -> None:
    for name in FILES:
        if not short(name).startswith("cli") and name != "dltrain.__main__":
            assert not {other for other in own_imports(name) if other.startswith("cli")}, name


@pytest.mark.parametrize("room", [*PARENT, *LIGHT, "outcomes", "build", "cli.sweep", "cli.train"])
def test_a_sweeps_parent_reaches_no_torch(room: str) -> None:
    assert not {module.partition(".")[0] for module in reached(f"dltrain.{room}")} & HEAVY


def test_a_sweeps_child_has_all_it_needs_once_it_is_imported() -> None:
    """It is forked from a server that has imported this one room."""
    found = reached(f"dltrain.{TRAINS}")
    assert {"torch", "dltrain.train.session", "dltrain.train.trainer"} <= found


def test_only_a_sweeps_child_knows_the_training() -> None:
    trains = {
        "training",
        "trainer",
        "steps",
        "graphs",
        "device",
        "checkpoint",
        "saving",
        "resumption",
    }
    trains |= {"models", "optim", "losses", "layers", "activations"}
    users = {room for room in FLOWS - COMPUTING if own_imports(f"dltrain.{room}") & trains}
    assert users == {TRAINS}
    assert {room for room in ALLOWED if TRAINS in own_imports(f"dltrain.{room}".rstrip("."))} == {
        "sweep.process"
    }
    assert f"dltrain.{TRAINS}" not in reached("dltrain.sweep.engine")


def test_importing_them_brings_in_nothing_heavy() -> None:
    verbs = ["cli.main", "cli.train", "cli.sweep", "cli.runs", "cli.summary"]
    modules = [f"dltrain.{room}" for room in [*LIGHT, *PARENT, *verbs, "outcomes", "build"]]
    needed = {"sweep.engine", "sweep.results", "sweep.reuse", "cli.sweep"}
    assert needed <= {short(module) for module in modules}
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


def test_only_rooms_of_the_console_import_rich() -> None:
    users = {
        short(name)
        for name in FILES
        if {module.partition(".")[0] for module in imports(name)} & {"rich"}
    }
    assert "console" in users
    assert {room.partition(".")[0] for room in users} == {"console"}


def test_only_pictures_import_matplotlib_and_never_pyplot() -> None:
    """Pyplot keeps figures, looks for a display, and obeys what the user set for it."""
    found = {name: {m for m in imports(name) if m.startswith("matplotlib")} for name in FILES}
    users = {short(name).partition(".")[0] for name, modules in found.items() if modules}
    assert users == {"plots"}
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


@pytest.mark.parametrize("name", sorted(FILES))
def test_text_is_printed_as_text_alone(name: str) -> None:
    assert list(obeys_text(TREES[name])) == []


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


@pytest.mark.parametrize("room", sorted({short(name) for name in FILES} - {"storage"}))
def test_only_storage_writes(room: str) -> None:
    # The crash file must be written even where the house is not to be trusted any more.
    # Output that nobody can take goes to /dev/null.
    excused = {
        "cli.entry": ["write", "write"],
        "cli.main": ["NamedTemporaryFile", "open"],
        "console.stream": ["open"],
    }
    assert sorted(writes(TREES[f"dltrain.{room}".rstrip(".")])) == excused.get(room, [])


def test_the_search_for_writers_finds_storage() -> None:
    assert {"open", "mkdir", "unlink", "rmtree", "copytree"} <= set(
        writes(TREES["dltrain.system.disk"])
    )


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
