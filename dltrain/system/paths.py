"""Paths as people type them, and what a folder or a file is named after something."""

from __future__ import annotations

import glob
import itertools
import os
import re
import sys
import unicodedata
from pathlib import Path

# What a table that dltrain ships is named with, in place of a path.
PACKAGED = "package:"
SHIPPED = Path(__file__).parents[1] / "data" / "files"  # where those lie


def expanded(text: str) -> Path:
    """Return a typed path with ``~`` replaced; a ``~`` that names no one is part of the name."""
    return Path(os.path.expanduser(text))


def table_path(text: str) -> Path:
    """Return where a table lies: at a typed path, or among those that dltrain ships."""
    packaged = text.startswith(PACKAGED)
    return SHIPPED / text.removeprefix(PACKAGED) if packaged else expanded(text)


MAX_FILES = 10_000  # of one table


def table_files(knob: str, text: str) -> dict[str, Path]:
    """Return the files that make one table, by what they are to it.

    Args:
        knob: The key that names them, such as ``path``.
        text: One path; or several in brackets, as in ``[a.csv,b.csv]``; or a pattern with ``*``,
            ``?`` or ``[...]``, whose files are taken in the order of their names. A file of just
            this name comes first.

    Returns:
        ``path`` for one file; ``path[0]``, ``path[1]``, ... for several; nothing if no file has a
        name like the pattern, and at most ``MAX_FILES + 1``.
    """
    paths = [table_path(part) for part in _parts(text)]
    roles = [knob] if len(paths) == 1 else [f"{knob}[{number}]" for number in range(len(paths))]
    return dict(zip(roles, paths, strict=True))


def _parts(text: str) -> list[str]:
    if problem_with(table_path(text)) or table_path(text).exists():
        return [text]
    inner = in_brackets(text)
    if inner is not None:
        return [name for part in inner for name in _parts(part)]
    if not glob.has_magic(text):
        return [text]
    names = (name for name in glob.iglob(str(expanded(text))) if os.path.isfile(name))
    return sorted(itertools.islice(names, MAX_FILES + 1))


def in_brackets(text: str) -> list[str] | None:
    """Split a list as it is typed, as in ``[a.csv,b.csv]``; None if it is none."""
    is_list = text.startswith("[") and text.endswith("]") and len(text) > 2
    return [part.strip() for part in text[1:-1].split(",")] if is_list else None


def problem_with(path: Path) -> str | None:
    """Say why a path can name nothing on this system, or return None."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None


# Of a run's name, what it is: characters, and bytes of UTF-8.
MAX_LABEL, MAX_LABEL_BYTES = 60, 200
# Letters and marks that nobody sees: fillers of Hangul, joiners, choices between forms.
_UNSEEN = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u3164", "\uffa0"}
_UNSEEN |= {chr(code) for code in (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10))}
_UNSEEN |= {chr(code) for code in range(0xE0100, 0xE01F0)}


def label(text: str) -> str:
    """Make a text fit for a file's name; letters and digits of any script stay.

    Example:
        >>> label("../my table (1)"), label("李明 (1)"), label("..")
        ('my-table-1', '李明-1', 'unnamed')
    """
    kept = "".join(each if _is_name(each) else " " for each in unicodedata.normalize("NFC", text))
    name = _encodable(re.sub(r"(-? +-?)+", "-", kept).strip(".-"))[:MAX_LABEL]
    while len(name.encode()) > MAX_LABEL_BYTES:
        name = name[:-1]
    return name.strip(".-") or "unnamed"


def _is_name(character: str) -> bool:
    """Whether a character is seen and means nothing to a shell, a terminal or a file system."""
    if character.isascii():
        return character.isalnum() or character in "_.-"
    return unicodedata.category(character)[0] in "LNM" and character not in _UNSEEN


def _encodable(name: str) -> str:
    """Write out what this system's file names cannot hold, such as é where they are ASCII."""
    try:
        name.encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        plain = unicodedata.normalize("NFKD", name)
        seen = (each for each in plain if not unicodedata.combining(each))
        return "".join(each if each.isascii() else f"u{ord(each):04x}" for each in seen)
    return name
