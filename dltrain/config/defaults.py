"""Config files that choose each other in their defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dltrain.config.yaml_file import ENDINGS, build, file_of, read_yaml


def cycle(folders: Sequence[Path]) -> list[Path]:
    """Find files whose defaults lead from one to the next and back; empty if there are none.

    Args:
        folders: Of configs; ones that come first win.
    """
    for folder in folders:
        for file in sorted(file for file in folder.rglob("*") if file.suffix in ENDINGS):
            way = _way_back(str(file.relative_to(folder).with_suffix("")), folders, [])
            if way:
                return way
    return []


def _way_back(name: str, folders: Sequence[Path], way: list[tuple[str, Path]]) -> list[Path]:
    """Follow the defaults of a config until one comes again."""
    names = [before for before, _ in way]
    if name in names:
        return [file for _, file in [*way[names.index(name) :], way[names.index(name)]]]
    file = next((file for folder in folders if (file := file_of(folder, name))), None)
    if file is None:
        return []
    for chosen in _chosen(name, file):
        cycle_files = _way_back(chosen, folders, [*way, (name, file)])
        if cycle_files:
            return cycle_files
    return []


def _chosen(name: str, file: Path) -> Iterator[str]:
    """Yield the names of the configs that a file's defaults ask for."""
    group = name.rpartition("/")[0]
    content = build(read_yaml(file, holds="mapping"), file)
    for entry in (content or {}).get("defaults") or []:
        pairs = entry.items() if isinstance(entry, Mapping) else [("", entry)]
        for key, choices in pairs:
            inner = key.removeprefix("optional ").partition("@")[0].strip()
            if key.startswith("override "):
                continue  # what overrides a choice asks for nothing by itself
            for choice in choices if isinstance(choices, list) else [choices]:
                if isinstance(choice, str) and choice != "_self_":
                    path = f"{inner}/{choice.partition('@')[0]}" if inner else choice
                    yield (
                        path.lstrip("/") if path.startswith("/") else f"{group}/{path}".lstrip("/")
                    )
