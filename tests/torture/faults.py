"""A disk on which something happens at a chosen call: a kill, a power cut, a refusal.

``Disk`` stands in the place of ``os`` in ``dltrain.system.disk``, where every change of a file is a
call of ``os``. The calls are counted; the files are real.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from dltrain.system import disk

COUNTED = ("mkdir", "open", "write", "fsync", "replace", "rename", "unlink", "ftruncate")


class Disk:
    """Passes calls on to the real ``os``, but at a chosen one does something else.

    Args:
        at: Number of the call, from 0; None: none of them.
        deed: What happens at it; called with the call's name and arguments. If it returns, the
            call is carried out.
        for_good: Whether it happens at all later calls, too.
    """

    def __init__(
        self, at: int | None, deed: Callable[[str, tuple[Any, ...]], object], *, for_good: bool
    ) -> None:
        self.count = 0
        self._at, self._deed, self._for_good = at, deed, for_good

    def __getattr__(self, name: str) -> Any:
        if name not in COUNTED:
            return getattr(os, name)

        def call(*arguments: Any, **keywords: Any) -> Any:
            number, self.count = self.count, self.count + 1
            due = self._at is not None and (
                number == self._at or (self._for_good and number > self._at)
            )
            if due:
                self._deed(name, arguments)
            return self.carry_out(name, *arguments, **keywords)

        return call

    def carry_out(self, name: str, *arguments: Any, **keywords: Any) -> Any:
        """Do what was asked for."""
        return getattr(os, name)(*arguments, **keywords)

    def install(self) -> None:
        """Take the place of ``os`` in this process's storage."""
        vars(disk)["os"] = self


def kill(name: str, arguments: tuple[Any, ...]) -> NoReturn:
    """End this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("not reached")


def half(
    then: Callable[[str, tuple[Any, ...]], object],
) -> Callable[[str, tuple[Any, ...]], object]:
    """Write half of what a write is to write, and then do something."""

    def deed(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "write":
            descriptor, content = arguments
            os.write(descriptor, content[: len(content) // 2])
        then(name, arguments)

    return deed


def refuse(number: int) -> Callable[[str, tuple[Any, ...]], object]:
    """Let the call fail with this error number."""

    def deed(name: str, arguments: tuple[Any, ...]) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return deed


@dataclass
class Inode:
    """A file: what it holds, and what of that has been made durable."""

    content: bytearray = field(default_factory=bytearray)
    durable: bytes = b""


class PowerDisk(Disk):
    """A disk whose power is cut at a call: what was not made durable is lost.

    Args:
        at: Number of the call.
        root: What lies below it is on the disk.
        variant: 0: content that was not made durable is gone, while names are there already;
            1: half of that content is there; 2: names that were not made durable are as before.
    """

    def __init__(self, at: int, *, root: Path, variant: int) -> None:
        super().__init__(at, self._cut, for_good=False)
        self._root, self._variant = root, variant
        self._names: dict[Path, Inode | None] = {}  # None: a folder
        self._open: dict[int, Path | Inode] = {}
        for path in [root, *root.rglob("*")] if root.exists() else []:
            content = None if path.is_dir() else path.read_bytes()
            self._names[path] = None if content is None else Inode(bytearray(content), content)
        self._kept = dict(self._names)

    def carry_out(self, name: str, *arguments: Any, **keywords: Any) -> Any:
        """Do what was asked for, and remember what of it is durable."""
        result = super().carry_out(name, *arguments, **keywords)
        match name:
            case "mkdir":
                self._names[self._path(arguments[0])] = None
            case "open":
                path = self._path(arguments[0])
                if not arguments[1] & os.O_DIRECTORY:
                    self._names.setdefault(path, Inode())
                self._open[result] = self._names.get(path) or path
            case "write":
                self._inode(arguments[0]).content.extend(arguments[1][:result])
            case "ftruncate":
                del self._inode(arguments[0]).content[arguments[1] :]
            case "fsync":
                self._sync(self._open[arguments[0]])
            case "replace" | "rename":
                self._names[self._path(arguments[1])] = self._names.pop(self._path(arguments[0]))
            case "unlink":
                self._names.pop(self._path(arguments[0]))
        return result

    def durable(self, path: Path) -> bytes:
        """Return what of a file there is after a cut now, if its name is."""
        inode = self._names[path]
        assert inode is not None, f"{path} is a folder"
        return inode.durable

    def _path(self, name: Any) -> Path:
        return Path(os.path.abspath(name))

    def _inode(self, descriptor: int) -> Inode:
        found = self._open[descriptor]
        assert isinstance(found, Inode)
        return found

    def _sync(self, synced: Path | Inode) -> None:
        if isinstance(synced, Inode):
            synced.durable = bytes(synced.content)
            return
        for names in (self._kept, self._names):
            for path in [path for path in names if path.parent == synced]:
                if path in self._names:
                    self._kept[path] = self._names[path]
                else:
                    del self._kept[path]

    def _cut(self, name: str, arguments: tuple[Any, ...]) -> NoReturn:
        """Leave on the real disk what would be found after the cut, and end."""
        names = self._kept if self._variant == 2 else self._names
        if self._root.exists():
            shutil.rmtree(self._root)
        for path, inode in sorted(names.items()):
            if not path.parent.is_dir():
                continue  # its folder was not durable
            if inode is None:
                path.mkdir()
            else:
                path.write_bytes(self._after(inode))
        kill(name, arguments)

    def _after(self, inode: Inode) -> bytes:
        if self._variant != 1:
            return inode.durable
        written, durable = bytes(inode.content), inode.durable
        if written.startswith(durable):
            return written[: len(durable) + (len(written) - len(durable)) // 2]
        return written[: len(written) // 2]
