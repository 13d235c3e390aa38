"""A sweep by another engine: Hydra's own multirun, with dltrain as the job.

    dltrain -m hydra/launcher=joblib model=softmax data=fashion_mnist optimizer.lr=0.03,0.1
    dltrain -m hydra/sweeper=optuna 'optimizer.lr=tag(log, interval(0.001, 1))'

Each job is a single run, kept as such; what it returns to the sweeper is the metric that
chooses, of its kept epoch. Hydra's own files go to output_dir/multirun; jobs.jsonl there tells what
became of each job, errors.log what the engine said of errors.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dltrain.cli.arguments import EndedError, Parser, UsageError, refusing
from dltrain.cli.hydra.jobs import JobError, ending, job, read_jobs
from dltrain.cli.hydra.search import Search, searched
from dltrain.cli.main import crash_file
from dltrain.cli.terminal.console import output, pairs, show
from dltrain.config.compose import Sources, multirun
from dltrain.metrics import higher_is_better
from dltrain.runs.layout import short_id
from dltrain.system import disk
from dltrain.system.signals import Interruption, hear
from dltrain.text import figure

USAGE = "dltrain -m hydra/launcher=NAME [hydra/sweeper=NAME] [OVERRIDE ...]"
# What belongs to dltrain's own sweeps, and what to do instead.
REFUSED = {
    "--dry-run": "another engine makes its plan as it goes; without hydra/launcher and "
    "hydra/sweeper, -m --dry-run prints dltrain's own",
    "--resume": "another engine's sweep cannot go on; dltrain resume RUN goes on with one "
    "run of it",
    "--allow-changed": "belongs to --resume of dltrain's own sweeps; leave it out",
    "--cfg": "prints one run's config; leave out -m, hydra/launcher and hydra/sweeper",
    "-c": "prints one run's config; leave out -m, hydra/launcher and hydra/sweeper",
}
# How long jobs that were asked to stop may take to keep their runs.
PATIENCE_SECONDS = 10.0


def main(words: Sequence[str]) -> None:
    """Check what can be checked before Hydra takes over, then let it sweep."""
    for word in words:
        flag = word.partition("=")[0]
        if flag in REFUSED:
            raise UsageError([f"{flag}: {REFUSED[flag]}"])
    parser = Parser("-m", __doc__ or "", USAGE).composing()
    parser.add_argument("--multirun", "-m", action="store_true", help="sweep")
    arguments = parser.read(words)
    with refusing():
        sources = Sources.of(arguments.config_dir, arguments.config_name)
        search = searched(arguments.overrides, sources)
    if search.is_local:  # its import is over before a signal has a run to stop
        import dltrain.train.session  # noqa: F401
    folder, is_new = _folder(search)
    if search.direction:
        which = "higher" if search.direction == "maximize" else "lower"
        output().print(pairs([("searches", f"{search.metric}, {which} is better")]))
    error = _carry_out(search, sources, folder)
    jobs = read_jobs(folder)
    if error is not None and not jobs and is_new and not isinstance(error, KeyboardInterrupt):
        disk.remove_tree(folder)
        for parent in (search.output_dir / "multirun", search.output_dir):
            if parent.is_dir() and not any(parent.iterdir()):
                disk.remove_tree(parent)
    _conclude(jobs, error, search=search, folder=folder)


def _folder(search: Search) -> tuple[Path, bool]:
    """Make the folder for Hydra's files; return it, and whether it is new."""
    moment = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    folder = search.folder or search.output_dir / "multirun" / moment
    is_new = disk.make_folder(folder)
    if not folder.is_dir():
        raise UsageError([f"hydra.sweep.dir={folder}: is a file; name a folder"])
    if read_jobs(folder):
        raise UsageError([f"hydra.sweep.dir={folder}: holds a sweep already; name another folder"])
    return folder, is_new


def _carry_out(search: Search, sources: Sources, folder: Path) -> BaseException | None:
    """Let Hydra sweep; return what ended it, if it did not come to its end."""
    text = str(folder.absolute()).replace("\\", "\\\\").replace("'", "\\'")
    words = [*search.words, f"hydra.sweep.dir='{text}'", "hydra.mode=MULTIRUN"]
    ending.pid = os.getpid()
    hear(ending)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # a database's, of which we tell nothing
    with _errors_to(folder / "errors.log"):
        try:
            multirun(job, words, sources)
        except KeyboardInterrupt as end:
            _wait_for_jobs(folder)
            return end
        except JobError:
            return None  # the file of the jobs tells
        except disk.StorageError:
            raise
        except (Exception, SystemExit) as error:
            return _EngineError(error, crash_file())
    return None


class _EngineError(Exception):
    """The engine itself failed."""

    def __init__(self, cause: BaseException, details: str) -> None:
        text = " ".join(str(cause).split())[:300]
        super().__init__(cause, details)
        self.details = details
        self._message = f"{type(cause).__name__}: {text}" if text else type(cause).__name__

    def __str__(self) -> str:
        return self._message


@contextlib.contextmanager
def _errors_to(file: Path) -> Iterator[None]:
    """Let standard error, and that of the processes begun meanwhile, go to a file."""
    sys.stderr.flush()
    before = os.dup(2)
    disk.redirect(file, [2])
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)
        if file.exists() and not file.stat().st_size:
            disk.remove(file)


def _wait_for_jobs(folder: Path) -> None:
    """Let jobs in other processes, which the terminal has interrupted as well, keep their runs."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and any(j["status"] == "running" for j in read_jobs(folder)):
        time.sleep(0.05)


def _conclude(
    jobs: Sequence[dict[str, Any]], error: BaseException | None, *, search: Search, folder: Path
) -> None:
    """Say what came out.

    Raises:
        EndedError: With the exit code, if not every job came to a good end.
        UsageError: If the engine could not begin.
    """
    if isinstance(error, _EngineError) and not jobs:
        disk.remove(Path(error.details))
        raise UsageError([f"{search.engine}: cannot begin ({error})"])
    counts = Counter(sorted(j["status"] for j in jobs))
    share = ", ".join(f"{count:,} {status}" for status, count in counts.items()) or "none begun"
    facts = [("jobs", f"{len(jobs):,}: {share}"), *_best(jobs), ("folder", str(folder))]
    show(output(), ["", pairs(facts)])
    failed = [j for j in jobs if j["status"] not in ("done", "diverged")]
    if isinstance(error, KeyboardInterrupt):
        number = error.number if isinstance(error, Interruption) else 2
        raise EndedError(128 + number, f"interrupted; {share}; dltrain runs lists their runs")
    if isinstance(error, _EngineError):
        raise EndedError(
            1, f"{search.engine}: {error}; {share}; the details are in {error.details}"
        )
    if failed:
        first = failed[0]
        reason = first.get("message") or f"{first['status']}; {folder / 'errors.log'} may say more"
        line = f"{len(failed):,} of {len(jobs):,} jobs failed; job {first['job']}: {reason}"
        raise EndedError(max(j.get("code", 1) for j in failed), line)
    if jobs and set(counts) == {"diverged"}:
        which = "the only job" if len(jobs) == 1 else f"all {len(jobs):,} jobs"
        line = f"{which} diverged, so none is best; try smaller values of optimizer.lr"
        raise EndedError(3, line)


def _best(jobs: Sequence[dict[str, Any]]) -> list[tuple[str, object]]:
    """Return the best job, of those that can be compared."""
    done = [entry for entry in jobs if entry["status"] == "done"]
    metrics = sorted({entry["metric"] for entry in done})
    if len(metrics) > 1:
        return [("best", f"not known: jobs were judged by {' and by '.join(metrics)}")]
    if not done:
        return []
    sign = -1 if higher_is_better(metrics[0]) else 1
    best = min(done, key=lambda entry: sign * entry["value"])
    words = " ".join(best["words"])
    return [("best", f"{short_id(best['run'])}: {metrics[0]} {figure(best['value'])}  {words}")]
