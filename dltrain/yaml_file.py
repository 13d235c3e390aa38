"""A YAML file read with a bound on everything: bytes, depth, values that aliases multiply.

What a file comes to is counted from its events, before any reader builds it: 212 bytes of aliases
are worth seconds of work, and a thousand brackets exhaust the interpreter's stack.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import yaml

MAX_BYTES = 2**20
# A config has some dozens; composing takes about 0.1 ms for each.
MAX_VALUES = 10_000
# None of ours goes deeper than 4; readers recurse.
MAX_DEPTH = 20

EXAMPLES = {"mapping": "lr: 0.1", "list": "- optimizer.lr: [0.1, 0.3]"}

# libyaml reads twenty times faster, and without recursion.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ConfigFileError(ValueError):
    """A file that is not fit to be read as a config.

    Attributes:
        reason: What is wrong with it, and on which line.
    """

    def __init__(self, path: Path, reason: str, *, line: int | None = None) -> None:
        place = f"{path}:{line}" if line else str(path)
        super().__init__(f"{place}: {reason}")
        self.reason = f"line {line}: {reason}" if line else reason


def read_yaml(path: Path, *, holds: str | None = None, most_values: int = MAX_VALUES) -> str:
    """Return the text of a YAML file that is safe to build.

    Args:
        path: The file.
        holds: ``mapping`` or ``list``, if it must be one; a file may be empty all the same.
        most_values: More than this, and it is taken for a slip.

    Raises:
        ConfigFileError: If it is no plain file, no text, no YAML, or too large in any way.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe or a device may never end
            raise ConfigFileError(path, "is no plain file; give a file of text")
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigFileError(path, f"cannot be read ({error.strerror})") from None
    if len(content) > MAX_BYTES:
        raise ConfigFileError(path, f"is larger than {MAX_BYTES:,} bytes; is it a config?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = "is not UTF-8 text; convert it, for example with iconv"
        raise ConfigFileError(path, reason, line=line) from None
    _check(text, path, holds, most_values)
    return text


def _check(text: str, path: Path, holds: str | None, most_values: int) -> None:
    """Refuse a text that is no YAML, too deep, holds too many values or something else."""
    values = 0
    sizes: dict[str, int] = {}  # anchor -> values below it, aliases counted in full
    began: list[tuple[str | None, int]] = []  # of what is open: its anchor, values before it
    for event in _events(text, path):
        reason = ""
        if holds and not values and isinstance(event, yaml.NodeEvent) and not _is(event, holds):
            reason = f"must hold a {holds}, as in `{EXAMPLES[holds]}`"
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:  # an anchor that is still open is no name yet
                reason = f"*{event.anchor} stands for nothing before it"
            values += sizes.get(event.anchor or "", 0)
        elif isinstance(event, yaml.ScalarEvent):
            size = 1 + len(event.value) // 100  # a long text counts as several
            values += size
            if event.anchor:
                sizes[event.anchor] = size
        elif isinstance(event, yaml.CollectionStartEvent):
            began.append((event.anchor, values))
            values += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = began.pop()
            if anchor:
                sizes[anchor] = values - before
        if len(began) > MAX_DEPTH:
            reason = f"is nested more than {MAX_DEPTH} deep; is it a config?"
        if values > most_values:
            reason = f"comes to more than {most_values:,} values, aliases counted; is it a config?"
        if reason:
            mark = event.start_mark
            raise ConfigFileError(path, reason, line=mark.line + 1 if mark else None)


def _is(event: yaml.NodeEvent, holds: str) -> bool:
    """Tell whether a node begins what a file must hold, or is nothing at all."""
    if isinstance(event, yaml.ScalarEvent):
        return event.value in ("", "~", "null")
    return isinstance(event, yaml.MappingStartEvent) == (holds == "mapping")


def _events(text: str, path: Path) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"is no YAML ({error.problem or error.context})"
        raise ConfigFileError(path, reason, line=mark.line + 1 if mark else None) from None
    except yaml.reader.ReaderError as error:  # a character that YAML does not have
        line = text.count("\n", 0, error.position) + 1
        raise ConfigFileError(path, f"is no YAML ({error.reason})", line=line) from None
