"""Paths as people type them, and what a folder or a file is named after something."""

from __future__ import annotations

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
