"""Finished runs that a sweep can take over instead of training them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dltrain import __version__
from dltrain.config.plain import as_dict
from dltrain.runs.find import list_all
from dltrain.runs.layout import member_name
from dltrain.runs.record import write_info
from dltrain.sweep.folder import SweepFolder
from dltrain.sweep.plan import Plan, identity
from dltrain.system import disk


def take_over(folder: SweepFolder, plan: Plan, output_dir: Path) -> dict[int, str]:
    """Copy finished runs of the same config, data and version of dltrain into a sweep.

    Args:
        folder: Of the sweep; its members' folders do not exist yet.
        plan: What it is to train.
        output_dir: Where runs are looked for, members of other sweeps among them.

    Returns:
        Member -> id of the run it was.
    """
    wanted = {
        _key(as_dict(plan.members[index].config), group.workload.data.sha256): index
        for group in plan.groups
        for index in group.members
    }
    taken: dict[int, str] = {}
    for run in list_all(output_dir):
        config = run.part("config")
        if run.status != "done" or run.part("versions", "dltrain") != __version__:
            continue
        if not isinstance(config, dict):
            continue
        index = wanted.get(_key(config, run.part("data", "sha256")))
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


def _key(config: Mapping[str, Any], sha256: object) -> str:
    return json.dumps([identity(config), sha256])
