"""The jobs of a sweep by another engine: each trains a single run, in whatever process it is put.

What becomes of them is recorded in a file of the sweep's folder, which any process can add to:
engines pass results on to sweepers, not to us.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from dltrain.cli.arguments import UsageError, load_plugins, refusing
from dltrain.cli.main import crash_file
from dltrain.cli.terminal.console import lasting, output, safe, show
from dltrain.config.compose import ConfigError
from dltrain.config.validate import run_config
from dltrain.metrics import higher_is_better
from dltrain.runs.command_line import CommandLine
from dltrain.runs.layout import new_folder
from dltrain.system import disk, libraries
from dltrain.system.foreign_files import read_text
from dltrain.system.paths import expanded
from dltrain.system.signals import Interruption, hear
from dltrain.train import build
from dltrain.train.job import Job

if TYPE_CHECKING:
    from dltrain.train.outcome import Outcome, Row
    from dltrain.train.session import Ended, Training

JOBS = "jobs.jsonl"


class JobError(Exception):
    """A job has no result; the file of the jobs says why."""


class Ending:
    """What a signal does in a process that trains one run after the other."""

    def __init__(self) -> None:
        # the run under way, which the first signal stops and keeps
        self.training: Training | None = None
        self.number: int | None = None  # of that signal
        # of the command's own process; other processes leave it to that one to end the sweep
        self.pid: int | None = None

    def __call__(self, number: int, _: object) -> None:
        """Stop the run under way; where there is none, or at the second signal, end at once."""
        if self.training is None or self.number is not None:
            raise Interruption(number)
        self.number = number
        self.training.stop(number)


ending = Ending()


def job(config: Any) -> float:
    """Train one job of Hydra's; return the metric that chooses, of its kept epoch.

    A run that diverges is worse than any other: infinitely bad, rather than nan, which sweepers
    do not take.

    Raises:
        JobError: If it has no result.
        Interruption: If the sweep was asked to end.
    """
    hear(ending)
    words = [str(word) for word in HydraConfig.get().overrides.task]
    record: dict[str, Any] = {"job": int(HydraConfig.get().job.num), "words": words}
    file = Path(HydraConfig.get().runtime.cwd, HydraConfig.get().sweep.dir, JOBS)
    disk.append(file, [json.dumps({**record, "status": "running"})])
    try:
        if ending.number is not None:
            raise Interruption(ending.number)
        record |= _trained(config, words)
    except KeyboardInterrupt:
        record |= {"status": "interrupted"}
    except (UsageError, disk.StorageError, disk.InUseError) as error:
        message = "; ".join(getattr(error, "lines", [str(error)]))
        code = 4 if isinstance(error, disk.StorageError) else 1
        record |= {"status": "failed", "message": message, "code": code}
    except Exception as error:
        message = f"internal error: {error!r}; the details are in {crash_file()}"
        record |= {"status": "failed", "message": message, "code": 1}
    disk.append(file, [json.dumps(record)])
    _print_job(record)
    if record["status"] == "interrupted" and ending.pid == os.getpid():
        raise Interruption(ending.number or 2)
    if record["status"] not in ("done", "diverged"):
        raise JobError(f"job {record['job']}: {record.get('message') or record['status']}")
    if record["value"] is None:
        return -math.inf if higher_is_better(record["metric"]) else math.inf
    return float(record["value"])


def _trained(config: Any, words: Sequence[str]) -> dict[str, Any]:
    """Train a run and return what there is to say of it."""
    values = OmegaConf.to_container(config, resolve=False)
    assert isinstance(values, dict)
    values.pop("sweep", None)
    load_plugins(words)  # this may be another process than the one they were typed in
    with refusing():
        run, problems = run_config({str(key): value for key, value in values.items()})
        if run is None:
            raise ConfigError([f"{problem.key}: {problem.message}" for problem in problems])
        libraries.settle(portable=run.device.portable)
        from dltrain.train.session import Training

        data = build.dataset(run)
        task = Job(CommandLine.parse(words), run, data, build.layer_plans(run, data))
        training = Training([task])
    ending.training = training
    try:
        folder = new_folder(expanded(run.output_dir), task.name)
        with disk.locked(folder):
            training.record([folder])
            [ended] = training.run(_Silent())
    finally:
        ending.training = None
    return {"run": folder.name, **_facts(ended, training.trainer.rules.metric)}


def _facts(ended: Ended, metric: str) -> dict[str, Any]:
    outcome = ended.outcome
    value = outcome.kept.get(metric) if outcome.status == "done" else None
    return {
        "status": outcome.status,
        "metric": metric,
        "value": None if value is None else float(value),
        "message": outcome.message,
    }


def _print_job(record: dict[str, Any]) -> None:
    """Print a line on a job that has ended."""
    console = output()
    lasting(console)  # the other jobs go on where the terminal does not
    name = record.get("run") or f"job {record['job']}"
    value = f"{record['metric']} {record['value']:.6g} " if record.get("value") is not None else ""
    line = f"{name} {record['status']} {value}{' '.join(record['words'])}"
    if record["status"] == "failed":
        line += f": {record['message']}"
    show(console, [safe(line, limit=1000)])


def read_jobs(folder: Path) -> list[dict[str, Any]]:
    """Read what became of the jobs of a sweep, in order of their numbers."""
    if not (folder / JOBS).exists():
        return []
    records = [json.loads(line) for line in read_text(folder / JOBS).splitlines()]
    return sorted({entry["job"]: entry for entry in records}.values(), key=lambda e: e["job"])


class _Silent:
    """A view that shows nothing: several jobs may share the terminal."""

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """See ``View``."""

    def early(self, rows: Sequence[Row]) -> None:
        """See ``View``."""
