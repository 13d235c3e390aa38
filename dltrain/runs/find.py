"""Finds runs: lists, names, ids, members of sweeps. Plain files only; no torch."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dltrain.runs.layout import MEMBERS, RECORD, SWEEP_RECORD, member_folder, short_id
from dltrain.runs.record import FormatError
from dltrain.runs.run import Run, read
from dltrain.system.shell import below, command
from dltrain.text import closest

OTHER_FORMAT = "other_format"  # what a list says of a run whose record this dltrain does not read


def distinct(runs: Iterable[Run]) -> list[Run]:
    """Drop repeated runs; equal names in two folders are two runs."""
    return list({run.folder.absolute(): run for run in runs}.values())


def list_runs(output_dir: Path) -> list[Run]:
    """Read every run and sweep under a folder, newest first; other folders are passed over."""
    return [_read_or_not(output_dir / run_id) for run_id in _ids(output_dir)]


def members(sweep: Run) -> list[Run]:
    """Read the members of a sweep that have begun, in order of their numbers."""
    return [_read_or_not(sweep.folder / MEMBERS / name) for name in _numbers(sweep.folder)]


def list_all(output_dir: Path) -> Iterator[Run]:
    """Read every run under a folder, members of sweeps among them, newest first."""
    for run in list_runs(output_dir):
        if run.is_sweep:
            yield from members(run)
        else:
            yield run


def _read_or_not(folder: Path) -> Run:
    try:
        return read(folder)
    except ValueError as error:
        # Listing goes on; `runs show` of that folder says what is wrong with it.
        status = OTHER_FORMAT if isinstance(error, FormatError) else "unreadable"
        return Run(folder, {"status": status})


def _numbers(sweep: Path) -> list[str]:
    """List the names of the members' folders."""
    names = [] if (sweep / MEMBERS).is_symlink() else _ids(sweep / MEMBERS)
    return sorted(names, key=lambda name: (len(name), name))


def _ids(output_dir: Path) -> list[str]:
    """List the ids of the runs under a folder, newest first, without reading them."""
    if not os.path.isdir(output_dir):
        return []
    ids = [
        entry.name
        for entry in os.scandir(output_dir)
        if entry.is_dir(follow_symlinks=False) and _is_run(entry.path)
    ]
    same_second = Counter(map(_second, ids))

    def order(run_id: str) -> tuple[str, str, str]:
        tied = same_second[_second(run_id)] > 1
        started = _read_or_not(Path(output_dir, run_id)).info.get("started") if tied else ""
        return _second(run_id), str(started), run_id

    return sorted(ids, key=order, reverse=True)


def _second(run_id: str) -> str:
    return run_id[: len("2026-11-23_14-03-22")]


def _is_run(folder: str) -> bool:
    return any(os.path.isfile(f"{folder}/{record}") for record in (RECORD, SWEEP_RECORD))


def find(name: str, output_dir: Path, *, readable: bool = True) -> Run:
    """Find a run by id, unique prefix, the last four characters, path, ``latest`` or ``@1``.

    A member is found by its sweep's name and its number, as in ``k3f9/12``.

    Raises:
        ValueError: If none or several fit.
    """
    read_one = read if readable else _read_or_not
    if not name:
        raise ValueError(f"a run's name must not be empty; {_lister(output_dir)} lists them")
    if ("/" in name or name in (".", "..")) and os.path.isdir(name):
        return read_one(Path(name))
    if "/" in name:
        sweep, _, number = name.rpartition("/")
        return _member(find(sweep, output_dir), number, name, output_dir)
    ids = _ids(output_dir)
    if name == "latest" and ids:
        return read_one(output_dir / ids[0])
    if re.fullmatch(r"@[0-9]{1,9}", name) and ids:
        row = int(name[1:])
        if not 1 <= row <= len(ids):
            raise ValueError(f"{name}: the list has rows @1 to @{len(ids):,}")
        return read_one(output_dir / ids[row - 1])
    fits = [i for i in ids if i == name] or [
        i for i in ids if i.startswith(name) or short_id(i).startswith(name)
    ]
    if len(fits) == 1:
        return read_one(output_dir / fits[0])
    if fits:
        raise ValueError(f"{name}: fits {len(fits):,} runs, {_some(fits)}; give more characters")
    if _is_run(name):  # a folder of that name beside us, as in one that holds runs
        return read_one(Path(name))
    if not ids:
        train = command(*below(output_dir))
        raise ValueError(f"{name}: there are no runs in {output_dir}; train one with: {train}")
    hint = closest(name, [*ids, *map(short_id, ids)])
    lister = _lister(output_dir)
    raise ValueError(f"{name}: no such run in {output_dir}{hint} ({lister} lists them)")


def _lister(output_dir: Path) -> str:
    return command("runs", *below(output_dir))


def _member(sweep: Run, number: str, name: str, output_dir: Path) -> Run:
    if not sweep.is_sweep:
        raise ValueError(f"{name}: {sweep.id} is no sweep and has no members")
    if not re.fullmatch(r"[0-9]{1,9}", number):
        raise ValueError(f"{name}: a member is named by its number, as in {sweep.short}/0")
    folder = member_folder(sweep.folder, int(number))
    linked = folder.is_symlink() or folder.parent.is_symlink()
    if linked or not folder.is_dir():
        raise ValueError(
            f"{name}: {sweep.short} has no member {int(number)} that has begun "
            f"({command('runs', 'ls', name.rpartition('/')[0], *below(output_dir))} lists them)"
        )
    return read(folder)


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
