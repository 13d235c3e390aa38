"""Pictures by the folders they lie in: one for each class, or such folders for each split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dltrain.data.images.picture_files import ENDINGS, pictures_in
from dltrain.data.splits import SPLIT_NAMES


@dataclass(frozen=True)
class Labelled:
    """A picture and what the folders above it say."""

    path: Path
    name: str  # from the folder on
    label: str  # its class
    split: str  # ``train``, ``val`` or ``test``; empty if no folder says it


def labelled_pictures(folder: Path) -> tuple[list[Labelled], list[str]]:
    """List the pictures of a folder that holds one for each class, or such folders for each split.

    Returns:
        Those pictures by name; and all other files.

    Raises:
        ValueError: If it holds anything else.
    """
    names, others = pictures_in(folder)
    parts = {name: Path(name).parts for name in names}
    tops = {part[0] for part in parts.values() if len(part) > 1}
    if not tops:
        held = "pictures, but no folder" if names else f"no files that end in {', '.join(ENDINGS)}"
        raise ValueError(f"{folder}: has {held}; put them in a folder for each class")
    others += [name for name, part in parts.items() if len(part) == 1]
    splits = _split_folders(folder, tops)
    depth = 1 if splits else 0
    pictures = [
        Labelled(folder / name, name, _as_text(part[depth]), splits.get(part[0], ""))
        for name, part in parts.items()
        if len(part) > depth + 1
    ]
    others += [name for name, part in parts.items() if depth and len(part) == 2]
    _refuse_empty(folder, pictures, depth)
    return pictures, sorted(others)


def _split_folders(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Tell folders that stand for splits from those of classes: name -> split."""
    known = {text: split for split, texts in SPLIT_NAMES.items() for text in texts}
    splits = {name: known[name.lower()] for name in names if name.lower() in known}
    if "train" not in splits.values():
        return {}
    for name in sorted(set(names) - set(splits)):
        raise ValueError(
            f"{folder / name}: stands beside folders for train, val and test and is none of them; "
            "move it away"
        )
    return splits


def _refuse_empty(folder: Path, pictures: Sequence[Labelled], depth: int) -> None:
    """Refuse a folder of a class without a picture: whoever made it wanted the class."""
    held = {Path(*Path(each.name).parts[: depth + 1]) for each in pictures}
    pattern = "*/*" if depth else "*"
    for path in sorted(folder.glob(pattern)):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_dir() and not hidden and path.relative_to(folder) not in held:
            why = "is a link, and none is followed" if path.is_symlink() else "has no pictures"
            raise ValueError(f"{path}: {why}; put pictures there, or take it away")


def _as_text(name: str) -> str:
    """Write out what of a file's name is no text."""
    return name.encode(errors="backslashreplace").decode()
