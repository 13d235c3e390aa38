"""What runs and sweeps were told: of a sweep as one config, with lists of its members' values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from dltrain.config.diff import defaults_of, differences
from dltrain.config.plain import Fields, flat
from dltrain.runs.run import Run
from dltrain.sweep.folder import planned

Changes = list[tuple[str, Any, Any]]  # as ``differences`` lists them


def changes_from_defaults(run: Run) -> Changes:
    """List what differs from the defaults of a run's choices, or of those of a sweep's member 0.

    Raises:
        ValueError: If the record holds no config, or a sweep's plan is gone.
    """
    configs = _configs(run)
    first = _config_of(run) if not run.is_sweep else planned(run)[0].config
    return differences(flat(defaults_of(first)), _in_one(configs))


def changes_between(before: Run, after: Run) -> Changes:
    """List what differs between two runs, or between two sweeps with their settings.

    Raises:
        ValueError: If one is a sweep and the other is not, a record holds no config, or a sweep's
            plan is gone.
    """
    for sweep, run in ((before, after), (after, before)):
        if sweep.is_sweep and not run.is_sweep:
            raise ValueError(
                f"{sweep.short}: is a sweep, and {run.short} a single run; name a member of the "
                f"sweep, such as {sweep.short}/0, or another sweep"
            )
    ours, theirs = _configs(before), _configs(after)
    changed = differences(
        _settings(before, len(ours)) | _in_one(ours),
        _settings(after, len(theirs)) | _in_one(theirs),
    )
    if changed:
        return changed
    # The same values may be combined in other ways, as in pairs.
    one, other = (Counter(map(_text, configs)) for configs in (ours, theirs))
    alone = [(one - other).total(), (other - one).total()]
    ours_alone, theirs_alone = (f"{count:,} that the other has not" for count in alone)
    return [("combinations", ours_alone, theirs_alone)] if any(alone) else []


def _configs(run: Run) -> Sequence[Fields]:
    """Return the config of a run, or of each member of a sweep, by dotted keys."""
    if not run.is_sweep:
        return [flat(_config_of(run))]
    return [flat(entry.config) for entry in planned(run)]


def _config_of(run: Run) -> dict[str, Any]:
    """Return the recorded config of a run, whoever wrote it."""
    config = run.part("config")
    if not isinstance(config, dict):
        raise ValueError(f"{run.short}: its record holds no config")
    return config


def _settings(run: Run, count: int) -> Fields:
    return {"members": count} | flat({"sweep": run.mapping("settings")}) if run.is_sweep else {}


def _in_one(configs: Sequence[Fields]) -> Fields:
    """Write several configs as one: where they differ, a key has the list of its values."""
    whole: Fields = {}
    for key in dict.fromkeys(key for config in configs for key in config):
        texts = dict.fromkeys(json.dumps(config[key]) for config in configs if key in config)
        values = [json.loads(text) for text in texts]
        whole[key] = values if len(values) > 1 else values[0]
    return whole


def _text(config: Fields) -> str:
    """Write a config such that those which do not differ are equal."""
    return json.dumps([[key, value] for key, _, value in differences({}, config)])
