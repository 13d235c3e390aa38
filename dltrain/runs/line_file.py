"""Text files that grow by whole lines, and their length at a given moment."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from dltrain.system import disk

# How long a file was, and the digest of that: {"bytes": ..., "sha256": ...}.
Mark = dict[str, Any]


class Lines:
    """A file of lines; lines may wait a moment before they are written.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[str] = []
        self._digest = hashlib.sha256()
        self._size = 0

    def take(self, line: str) -> None:
        """Add a line."""
        self._waiting.append(line)
        content = f"{line}\n".encode(errors="backslashreplace")
        self._digest.update(content)
        self._size += len(content)

    def flush(self) -> None:
        """Write the waiting lines; a line that may have been written is not written again."""
        if self._waiting:
            lines, self._waiting = self._waiting, []
            disk.append(self._path, lines)

    def mark(self) -> Mark:
        """Return the length of the file with all lines taken, and its digest."""
        return {"bytes": self._size, "sha256": self._digest.hexdigest()}

    def go_on(self, content: bytes) -> None:
        """Continue after this content, which the file holds."""
        self._digest.update(content)
        self._size = len(content)
