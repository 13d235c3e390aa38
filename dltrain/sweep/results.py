"""What came out of a sweep: a row per member, the best, and what is within noise of it.

Everything is read back from the members' run folders.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from dltrain import storage
from dltrain.recorder import number
from dltrain.results import Result, as_number, best_result, result_of
from dltrain.sweep.folder import FINISHED, SweepFolder
from dltrain.sweep.plan import Member, Plan


def read_result(folder: SweepFolder, member: Member, metric: str) -> Result:
    """Read how a member came out from its run folder."""
    run = folder.run(member.index)
    setting = member.setting
    if run is None:
        return Result(member.index, setting, member.words, "missing")
    return result_of(run, index=member.index, setting=setting, metric=metric)


def read_results(folder: SweepFolder, plan: Plan) -> list[Result]:
    """Read how all members came out, in order of their numbers."""
    return [read_result(folder, member, plan.metric) for member in plan.members]


def unfinished(results: Sequence[Result]) -> set[int]:
    """Return the numbers of the members that still have to be trained."""
    return {result.index for result in results if result.status not in FINISHED}


def best_record(plan: Plan, results: Sequence[Result]) -> dict[str, object] | None:
    """Return what ``sweep.json`` says of the best member."""
    best = best_result(results, plan.metric)
    if best is None:
        return None
    return {"metric": plan.metric, "value": best.value, "member": best.index}


def write_csv(folder: SweepFolder, plan: Plan, results: Sequence[Result]) -> None:
    """Write ``results.csv``: a row per member, no clock, so equal sweeps write equal bytes."""
    names = dict.fromkeys(name for result in results for name in result.metrics)
    header = ["member", "status", *plan.varying, "best/metric", "best/epoch", "best/value", *names]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*header, "message"])
    for result in results:
        best = result.best
        cells = [best.get("metric", ""), best.get("epoch", ""), _cell(best.get("value"))]
        writer.writerow(
            [
                result.index,
                result.status,
                *result.setting.values(),
                *cells,
                *(_cell(result.metrics.get(name)) for name in names),
                result.message,
            ]
        )
    content = text.getvalue().encode()
    storage.replace(folder.path / "results.csv", content)
    folder.list_file("results.csv", content)


def _cell(value: object) -> str:
    found = as_number(value)
    return "" if found is None else number(found)
