"""A YAML file read with a bound on everything: bytes, depth, values that aliases multiply.

What a file comes to is counted from its events, before any reader builds it: 212 bytes of aliases
are worth seconds of work, and a thousand brackets exhaust the interpreter's stack.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dltrain.config.grammar.scalars import BOOL, FLOAT, INT, NULL, quoted, read_scalar

MAX_BYTES = 2**20
# A config has some dozens; composing takes about 0.1 ms for each.
MAX_VALUES = 10_000
# None of ours goes deeper than 4; readers recurse.
MAX_DEPTH = 20

# What a config file may end in.
ENDINGS = (".yaml", ".yml")

EXAMPLES = {"mapping": "lr: 0.1", "list": "- optimizer.lr: [0.1, 0.3]"}

# libyaml reads twenty times faster, and without recursion.
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_STR, _MERGE, _KEY = f"{_TAG}str", f"{_TAG}merge", "key"


class ConfigFileError(ValueError):
    """A file that is not fit to be read as a config."""

    def __init__(self, path: Path, reason: str, line: int | None = None) -> None:
        super().__init__(path, reason, line)
        self._message = f"{path}:{line}: {reason}" if line else f"{path}: {reason}"
        # what is wrong with it, and on which line
        self.reason = f"line {line}: {reason}" if line else reason

    def __str__(self) -> str:
        return self._message


class _Loader(_FAST):  # type: ignore[misc]
    """Reads a value as the command line does, where YAML 1.1 makes 8 of 010 and false of no."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        """Build a mapping; its keys are text, and each stands there once."""
        seen: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                key.tag = _KEY
                if key.value in seen and seen[key.value] is not value:
                    raise _stands_twice(key, seen[key.value], value)
                seen[key.value] = value
        return super().construct_mapping(node, deep=deep)

    def scalar(self, node: yaml.ScalarNode) -> Any:
        """Build a number, true, false or null."""
        return read_scalar(node.value) if node.value else None


def _stands_twice(key: yaml.ScalarNode, first: yaml.Node, second: yaml.Node) -> yaml.YAMLError:
    texts = [text_of(node) for node in (first, second)]
    line = first.start_mark.line + 1
    reason = f"{key.value} is set twice, to {texts[0]} (line {line}) and {texts[1]}; keep one"
    return yaml.constructor.ConstructorError(None, None, reason, key.start_mark)


def text_of(node: yaml.Node) -> str:
    """Return how a value is written in a file, in few words."""
    if not isinstance(node, yaml.ScalarNode):
        return "[...]" if isinstance(node, yaml.SequenceNode) else "{...}"
    return quoted(node.value) if node.style else str(node.value)


@dataclass(frozen=True)
class Written:
    """A value in a file: its text, as one would type it, and what it is."""

    text: str
    parsed: Any


class _WrittenLoader(_Loader):
    """Keeps how each value is written."""

    def scalar(self, node: yaml.ScalarNode) -> Written:
        """Build any value that is no list or mapping."""
        if not node.style:  # no quotes, and no block of lines
            return Written(node.value or "null", read_scalar(node.value or "null"))
        return Written(quoted(node.value), node.value)


def _teach(loader: Any) -> None:
    """Let a loader tell numbers, true, false and null by the rules of the command line."""
    loader.yaml_implicit_resolvers = {"<": [(_MERGE, re.compile(r"<<\Z"))]}
    kinds = {"int": INT, "float": FLOAT, "bool": BOOL, "null": NULL}
    for name, pattern in kinds.items():
        loader.add_implicit_resolver(f"{_TAG}{name}", re.compile(rf"(?:{pattern.pattern})\Z"), None)
        loader.add_constructor(f"{_TAG}{name}", loader.scalar)
    loader.add_implicit_resolver(f"{_TAG}null", re.compile(r"\Z"), [""])
    loader.add_constructor(_KEY, loader.construct_scalar)


_teach(_Loader)
_teach(_WrittenLoader)
_WrittenLoader.add_constructor(_STR, _WrittenLoader.scalar)


def build(text: str, path: Path, *, written: bool = False) -> Any:
    """Make plain values of a text that ``read_yaml`` returned.

    Raises:
        ConfigFileError: If a key stands twice in a mapping, or is none.
    """
    try:
        return yaml.load(text, _WrittenLoader if written else _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ConfigFileError(path, str(error.problem), line=line) from None


def composed(text: str) -> yaml.Node | None:
    """Return the nodes of a text that ``read_yaml`` returned."""
    node: yaml.Node | None = yaml.compose(text, _Loader)
    return node


def file_of(folder: Path, name: str) -> Path | None:
    """Find the file of a config in a folder, which may end in .yaml or in .yml.

    Raises:
        ConfigFileError: If there are both.
    """
    stem = name.removesuffix(".yaml").removesuffix(".yml")
    files = [folder / f"{stem}{ending}" for ending in ENDINGS]
    files = [file for file in files if file.is_file()]
    if len(files) > 1:
        raise ConfigFileError(files[0], f"stands beside {files[1].name}; remove one of the two")
    return files[0] if files else None


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
        tag = getattr(event, "tag", None)
        if tag is not None:
            reason = (
                f"has a tag, {tag.replace(_TAG, '!!')}; leave it out: numbers stand bare, text in "
                "quotes"
            )
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
        return not event.style and event.value in ("", "null")
    return isinstance(event, yaml.MappingStartEvent) == (holds == "mapping")


def _events(text: str, path: Path) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=_FAST)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"is no YAML ({error.problem or error.context})"
        raise ConfigFileError(path, reason, line=mark.line + 1 if mark else None) from None
    except yaml.reader.ReaderError as error:  # a character that YAML does not have
        line = text.count("\n", 0, error.position) + 1
        raise ConfigFileError(path, f"is no YAML ({error.reason})", line=line) from None
