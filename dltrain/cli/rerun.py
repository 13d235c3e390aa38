"""Train again what a run or a sweep was told, with changes: rerun RUN [OVERRIDE ...].

  dltrain rerun k3f9                            the same again: equal bytes on the same machine
  dltrain rerun k3f9 seed=1 trainer.epochs=20   the same but for these
  dltrain rerun k3f9 -m optimizer.lr=0.1,0.3    a sweep around it
  dltrain rerun 9xq2/12                         a member of a sweep, alone

What the run was told counts, whatever config files say today; where they say something else by
now, that is shown. Nothing of the old run is changed; resume goes on with one.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dltrain.check import shown
from dltrain.cli.arguments import Parser, UsageError, output_dir_of, refusing
from dltrain.cli.main import SWEEP_FLAGS, dispatch
from dltrain.compose import ConfigError, Sources
from dltrain.config import compose_run
from dltrain.console import dim, output
from dltrain.fields import flat
from dltrain.runs import Run, find
from dltrain.schema import as_dict
from dltrain.words import read_words

USAGE = "dltrain rerun RUN [OVERRIDE ...] [-m] [--dry-run] [output_dir=FOLDER]"
# What decides no number, or is told by the place where the run was found.
_APART = ("output_dir", "expect")


def main(words: Sequence[str]) -> None:
    """Find the run, and train again what it was told."""
    parser = Parser("rerun", __doc__ or "", USAGE).composing()
    parser.add_argument("--multirun", "-m", action="store_true", help="a sweep around the run")
    parser.add_argument("--dry-run", action="store_true", help="print a sweep's plan only")
    arguments = parser.read(words)
    names = [word for word in arguments.overrides if "=" not in word]
    if len(names) != 1:
        raise UsageError(["rerun: which run? Give one id, latest, or @1; dltrain runs lists them"])
    changes = [word for word in arguments.overrides if "=" in word]
    folders = [word for word in changes if word.startswith("output_dir=")]
    with refusing():
        sources = Sources.of(arguments.config_dir, arguments.config_name)
        run = find(names[0], output_dir_of(folders))
        told = recorded_words(run, sources, changes)
    flags = ["-m"] if arguments.multirun or run.is_sweep else []
    flags += ["--dry-run"] if arguments.dry_run else []
    for name, value in (("dir", arguments.config_dir), ("name", arguments.config_name)):
        if value is not None and value != "config":
            flags.append(f"--config-{name}={value}")
    where = folders or _where(run)
    line = [*flags, *told, *(word for word in changes if word not in folders), *where]
    output().print(dim(f"dltrain {shlex.join(line)}"))
    dispatch(line if set(line) & set(SWEEP_FLAGS) else ["train", *line])


def _where(run: Run) -> list[str]:
    """Return where new runs go: beside the one that is repeated."""
    own = run.folder.parent
    folder = own.parent.parent if run.sweep else own
    return [] if folder == Path("outputs") else [f"output_dir={folder}"]


def recorded_words(run: Run, sources: Sources, changes: Sequence[str]) -> list[str]:
    """Return the words that say what a run was told, but for what is told anew.

    Args:
        run: As its record tells it.
        sources: Config files as they are today.
        changes: Words that are to hold instead.

    Raises:
        ValueError: If the record cannot be told in words any more.
    """
    recorded = run.part("overrides")
    if not isinstance(recorded, list):
        raise ValueError(f"{run.id}: its record does not say what it was told")
    words = [word for word in map(str, recorded) if not word.startswith("output_dir=")]
    told_anew = {word.partition("=")[0] for word in changes}
    if not run.is_sweep:
        words += _pins(run, words, sources)
    return [word for word in words if not _is_replaced(word.partition("=")[0], told_anew)]


def _is_replaced(key: str, told_anew: set[str]) -> bool:
    """Whether a key is told anew, or belongs to a group of which another file is chosen."""
    if {key, *told_anew} >= {"sweep.repeat", "seed"}:  # the one says the seeds, or the other
        return True
    return key in told_anew or key.partition(".")[0] in told_anew


def _pins(run: Run, words: Sequence[str], sources: Sources) -> list[str]:
    """Return words for what config files say otherwise today than they did then."""
    config, lines = compose_run(read_words(words, sources.groups), sources)
    if config is None:
        more = "its config files are not those of then; --config-dir names a folder of your own"
        raise ConfigError([*lines, f"{run.id} cannot be composed again: {more}"])
    now, then = flat(as_dict(config)), _then(run)
    changed = {
        key: value
        for key, value in then.items()
        if key in now and now[key] != value and key not in _APART
    }
    strange = [key for key in changed if key.endswith(".kind")]
    if strange or not then:
        raise ValueError(
            f"{run.id}: its config files choose another {strange[0].partition('.')[0]} today; "
            "name it, as in model=mlp"
            if strange
            else f"{run.id}: its record holds no config"
        )
    for key, value in changed.items():
        text = f"note: {key} was {_exact(value)} and is {_exact(now[key])} in the config files now"
        output().print(dim(text))
    return [f"{key}={_exact(value)}" for key, value in changed.items()]


def _exact(value: Any) -> str:
    """Write a value as one would type it, all digits of it."""
    if isinstance(value, list):
        return f"[{','.join(map(_exact, value))}]"
    return repr(value) if isinstance(value, float) else shown(value)


def _then(run: Run) -> Mapping[str, Any]:
    config = run.part("config")
    return flat(config) if isinstance(config, dict) else {}
