"""Errors of ours come through a pipe between processes as they were raised."""

from __future__ import annotations

import importlib
import pickle
from pathlib import Path

import pytest

from tests.test_house import FILES, TREES

ARGUMENTS: dict[str, tuple[object, ...]] = {
    "ConfigError": (["seed=x: must be a whole number", "lr: unknown key"],),
    "UsageError": (["seed=x: must be a whole number", "lr: unknown key"],),
    "PlanError": ([f"problem {number}" for number in range(30)],),
    "ChangedError": (["torch was 1 and is 2"],),
    "ConfigFileError": (Path("a.yaml"), "is no YAML", 3),
    "EndedError": (3, "diverged"),
    "CellError": (3, "correct it"),
    "PictureError": ("a.png", "is none"),
    "Interruption": (15,),
    "_EngineError": (ValueError("text"), "crash.txt"),
}


def errors() -> list[type[BaseException]]:
    """List every class of errors in the package."""
    found = []
    for name in sorted(FILES):
        if name == "dltrain.__main__" or "Error" not in ast_names(name):
            continue
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, BaseException):
                found += [value] if value.__module__ == name else []
    return found


def ast_names(name: str) -> str:
    import ast

    classes = [node for node in TREES[name].body if isinstance(node, ast.ClassDef)]
    return " ".join(ast.unparse(base) + " Error" for own in classes for base in own.bases)


@pytest.mark.parametrize("kind", errors(), ids=lambda kind: str(kind.__name__))
def test_an_error_survives_a_pipe(kind: type[BaseException]) -> None:
    error = kind(*ARGUMENTS.get(kind.__name__, ("a message",)))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert str(error)
    own = {name: value for name, value in vars(again).items() if not isinstance(value, Exception)}
    assert own == {k: v for k, v in vars(error).items() if not isinstance(v, Exception)}


def test_all_errors_are_looked_at() -> None:
    names = {kind.__name__ for kind in errors()}
    assert {"ConfigError", "UsageError", "EndedError", "PlanError", "StorageError"} <= names
