"""Results of a sweep: a row per member, the best, and ``results.csv``.

Everything is read back from the members' run folders.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from dltrain.runs.compare.repeats import is_split
from dltrain.runs.compare.results import Result, result_of
from dltrain.runs.compare.settings import best_setting, leader, mean_numbers
from dltrain.runs.layout import RESULTS
from dltrain.runs.recorder import number
from dltrain.sweep.folder import FINISHED, SweepFolder
from dltrain.sweep.plan import Member, Plan
from dltrain.system import disk


def read_result(folder: SweepFolder, member: Member, metric: str) -> Result:
    """Read how a member came out from its run folder."""
    run = folder.run(member.index)
    setting = member.setting
    if run is None:
        return Result(member.index, setting, tuple(member.overrides.words), "missing")
    return result_of(run, index=member.index, setting=setting, metric=metric)


def read_results(folder: SweepFolder, plan: Plan) -> list[Result]:
    """Read how all members came out, in order of their numbers."""
    return [read_result(folder, member, plan.metric) for member in plan.members]


def unfinished(results: Sequence[Result]) -> set[int]:
    """Return the numbers of the members that still have to be trained."""
    return {result.index for result in results if result.status not in FINISHED}


def sweep_result(plan: Plan, results: Sequence[Result]) -> dict[str, object]:
    """Return what ``sweep.json`` says of the best member, or of the one that leads so far.

    Of members that learned from different splits none is the best; it says the means of the best
    setting.
    """
    if is_split(results):
        setting = best_setting(results, plan.metric)
        if setting is None:
            return {"best": None, "metrics": {}}
        mean = {"metric": plan.metric, "value": setting.mean, "count": len(setting.results)}
        return {"best": None, "mean": mean, "metrics": mean_numbers(setting)}
    best = leader(results, plan.metric)
    if best is None:
        return {"best": None, "metrics": {}}
    value = best.metrics[plan.metric]
    record = {"metric": plan.metric, "value": value, "epoch": best.epoch, "member": best.index}
    return {"best": record, "metrics": dict(best.metrics)}


def write_csv(folder: SweepFolder, plan: Plan, results: Sequence[Result]) -> None:
    """Write ``results.csv``: a row per member, no clock, so equal sweeps write equal bytes."""
    every = dict.fromkeys(name for result in results for name in result.metrics)
    names = sorted(every, key=lambda name: name != plan.metric)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["member", "status", *plan.varying, *names, "message"])
    for result in results:
        numbers = result.metrics
        cells = [number(numbers[name]) if name in numbers else "" for name in names]
        setting = result.setting.values()
        writer.writerow([result.index, result.status, *setting, *cells, result.message])
    content = text.getvalue().encode()
    disk.replace(folder.path / RESULTS, content)
    folder.list_file(RESULTS, content)
