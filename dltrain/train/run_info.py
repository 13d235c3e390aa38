"""The first content of a run's ``run.json``: what it was told, and what it is trained with."""

from __future__ import annotations

from typing import Any

from dltrain.config.plain import as_dict
from dltrain.runs.record import first_info
from dltrain.train.device import processor
from dltrain.train.job import Job


def run_info(job: Job, run_id: str, *, device: str, threads: int) -> dict[str, Any]:
    """Return what is known of a run when it begins.

    Args:
        job: What is trained.
        run_id: Name of its folder; a member's comes after its sweep's.
        device: Where it is trained.
        threads: Most processor threads.
    """
    rules = job.rules
    return first_info(
        id=run_id,
        **job.line.record(),
        seed=job.config.seed,
        device=device,
        threads=threads,
        cpu=processor(),
        identity=job.identity,
        epochs=rules.epochs,  # to be trained
        metric=rules.metric,  # what chooses the best epoch
        keep=rules.keep,  # whose weights count in the end: last or best
        data=job.data.record(),
        model={"name": job.config.model.kind, "parameters": job.num_parameters},
        config=as_dict(job.config),
        **({"sweep": dict(job.sweep)} if job.sweep else {}),
    )
