"""``key=value`` as it was typed: split once, kept in order, and recorded with the run.

What the texts mean, and which of them are lists, is for ``resolve`` to say; no Hydra here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dltrain.system.shell import as_value
from dltrain.text import clipped

if TYPE_CHECKING:
    from dltrain.config.grammar.functions import Value


@dataclass(frozen=True)
class Override:
    """One ``key=value``."""

    key: str  # a group or a dotted key
    text: str | None = None  # the value as typed; None: no equals sign was
    # what the text means, or the values of a list, where that is known already
    value: Value | list[Value] | None = field(default=None, compare=False)
    # where it stands, if that is not the command line
    location: str = field(default="", compare=False)

    @classmethod
    def parse(cls, word: str) -> Override:
        """Split a word at its first equals sign."""
        key, equals, text = word.partition("=")
        return cls(key, text if equals else None)

    def __str__(self) -> str:
        return self.key if self.text is None else f"{self.key}={self.text}"

    @property
    def names_run(self) -> bool:
        """Whether it may be the name of a run, which may be a path with an equals sign."""
        is_path = self.key.startswith(("./", "../", "/"))
        return is_path or (self.text is None and not self.key.startswith(("+", "~")))


@dataclass(frozen=True)
class Overrides:
    """What a command line sets, in order."""

    entries: tuple[Override, ...] = ()  # one for each word

    @classmethod
    def parse(cls, words: Iterable[str]) -> Overrides:
        """Split words, those of a command line or of a record.

        Example:
            >>> Overrides.parse(["model=mlp", "seed=1"]).get("seed")
            '1'
        """
        return cls(tuple(map(Override.parse, words)))

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Overrides:
        """Write plain values so that they are read back: key -> value."""
        return cls(tuple(Override(key, as_value(value)) for key, value in values.items()))

    def __bool__(self) -> bool:
        return bool(self.entries)

    def __contains__(self, key: object) -> bool:
        return any(entry.key == key for entry in self.entries)

    def get(self, key: str) -> str | None:
        """Return the text of a key, or None if it is not set."""
        return self.texts.get(key)

    @property
    def texts(self) -> dict[str, str]:
        """Key -> text of all that is set."""
        return {e.key: e.text for e in self.entries if e.key and e.text is not None}

    @property
    def words(self) -> list[str]:
        """All of them, as they are typed."""
        return list(map(str, self.entries))

    def only(self, *keys: str) -> Overrides:
        """Return those of some keys."""
        return Overrides(tuple(entry for entry in self.entries if entry.key in keys))

    def without(self, *keys: str) -> Overrides:
        """Leave some keys out."""
        return Overrides(tuple(entry for entry in self.entries if entry.key not in keys))

    def split(self, *prefixes: str) -> tuple[Overrides, Overrides]:
        """Return those whose keys begin so, such as ``sweep.``, and the others."""
        keys = [entry.key for entry in self.entries if entry.key.startswith(prefixes)]
        return self.only(*keys), self.without(*keys)

    def updated(self, changes: Overrides) -> Overrides:
        """Return them with changes at the end, in place of what the changes replace.

        Example:
            >>> old = Overrides.parse(["optimizer=adam", "optimizer.lr=1", "seed=1"])
            >>> old.updated(Overrides.parse(["optimizer=sgd"])).words
            ['seed=1', 'optimizer=sgd']
        """
        keys = {entry.key for entry in changes.entries}
        kept = [entry for entry in self.entries if not is_replaced(entry.key, keys)]
        return Overrides((*kept, *changes.entries))

    def with_values(self, values: Mapping[str, Value]) -> Overrides:
        """Let keys have these values, where the keys stand; new keys come at the end."""
        entries = {entry.key: entry for entry in self.entries}
        for key, value in values.items():
            before = entries.get(key, Override(key))
            entries[key] = replace(before, text=value.text, value=value)
        return Overrides(tuple(entries.values()))

    def repeated(self, *, sweeping: bool = False) -> list[str]:
        """Say of each key that is set more than once which values it is given."""
        texts: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.key and entry.text is not None:
                texts.setdefault(entry.key, []).append(entry.text)
        return [_set_twice(key, each, sweeping) for key, each in texts.items() if len(each) > 1]

    def split_names(self) -> tuple[list[str], Overrides]:
        """Return the names of runs among the words, and the overrides among them."""
        names = [str(entry) for entry in self.entries if entry.names_run]
        return names, Overrides(tuple(entry for entry in self.entries if not entry.names_run))


def is_replaced(key: str, changed: Collection[str]) -> bool:
    """Whether a key is set anew, or belongs to a group of which another choice is made."""
    if {key, *changed} >= {"sweep.repeat", "seed"}:  # the one says the seeds, or the other
        return True
    return key in changed or key.partition(".")[0] in changed


def _set_twice(key: str, texts: Sequence[str], sweeping: bool) -> str:
    key, unique = clipped(key), list(dict.fromkeys(texts))
    times = "twice" if len(texts) == 2 else f"{len(texts):,} times"
    if len(unique) == 1:
        return f"{key}={clipped(unique[0])}: is set {times}; leave out the others"
    shown_texts = [clipped(text, most=30) or "''" for text in unique]
    listed = f"{', '.join(shown_texts[:-1])} and {shown_texts[-1]}"
    several = f"{key}={clipped(','.join(unique))}"
    plain = all(text.strip() == text != "" and not set(text) & set(" ()") for text in unique)
    if key.startswith("sweep.") or key == "output_dir" or not plain:
        return f"{key}: is set {times}, to {listed}; keep one"
    flag = "" if sweeping else "-m "
    return (
        f"{key}: is set {times}, to {listed}; keep one, or train them all: {flag}{several} "
        "(a shell makes several words of braces, {A,B})"
    )
