"""Finished runs that a sweep can take over instead of training them again."""

from __future__ import annotations

from pathlib import Path

from dltrain.config.plain import as_dict
from dltrain.runs.find import list_all
from dltrain.runs.identity import result_identity
from dltrain.runs.layout import member_name
from dltrain.runs.record import write_info
from dltrain.runs.run import Run
from dltrain.sweep.folder import SweepFolder
from dltrain.sweep.plan import Plan
from dltrain.system import disk
from dltrain.system.environment import DECIDING, versions


def take_over(folder: SweepFolder, plan: Plan, output_dir: Path) -> dict[int, str]:
    """Copy finished runs of the same config, data and versions into a sweep.

    Returns:
        Member -> id of the run it was.
    """
    wanted = {
        result_identity(
            as_dict(plan.members[index].config), sha256=group.workload.data.sha256
        ): index
        for group in plan.groups
        for index in group.members
    }
    taken: dict[int, str] = {}
    for run in list_all(output_dir):
        config = run.part("config")
        if run.status != "done" or not isinstance(config, dict) or not _is_of_today(run):
            continue
        index = wanted.get(result_identity(config, sha256=run.part("data", "sha256")))
        if index is None or index in taken:
            continue
        disk.copy_tree(run.folder, folder.member(index))
        info = run.info | {
            "id": f"{folder.id}/{member_name(index)}",
            "sweep": {"id": folder.id, "member": index, "taken_from": run.id},
        }
        write_info(folder.member(index), info)
        taken[index] = run.id
    return taken


def _is_of_today(run: Run) -> bool:
    """Whether all of a run was trained on the same data, with what decides the bits today."""
    resumed, now = run.part("resumed"), versions()
    last = {"versions": run.part("versions"), "sha256": run.part("data", "sha256")}
    return all(
        isinstance(part, dict)
        and part.get("sha256") == last["sha256"]
        and isinstance(part.get("versions"), dict)
        and all(part["versions"].get(name) == now[name] for name in DECIDING)
        for part in [last, *(resumed if isinstance(resumed, list) else [])]
    )
