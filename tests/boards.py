"""Event files read back with TensorBoard itself, as its own pages do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tensorboard import context
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, list_session_groups
from tensorboard.plugins.hparams.backend_context import Context
from tensorboard.util import tensor_util

from dltrain.runs.layout import EVENTS

Point = tuple[int, float]  # step, value


def points(run: Path) -> dict[str, list[Point]]:
    """Read every scalar in a run's event file, in the order they stand in it."""
    found: dict[str, list[Point]] = {}
    for event in EventFileLoader(str(run / EVENTS)).Load():
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == "scalars":
                number = float(tensor_util.make_ndarray(value.tensor).item())
                found.setdefault(value.tag, []).append((event.step, number))
    return found


def moments(run: Path) -> list[float]:
    """Read when the scalars of a run's event file were taken."""
    events = EventFileLoader(str(run / EVENTS)).Load()
    return [event.wall_time for event in events if "lr" in [v.tag for v in event.summary.value]]


class HParams:
    """What the HParams tab shows of a folder.

    Attributes:
        keys: Of the settings, those that differ first.
        metrics: Their names.
        groups: Name -> (settings, last metrics, status).
    """

    def __init__(self, folder: Path) -> None:
        runs = EventMultiplexer().AddRunsFromDirectory(str(folder)).Reload()
        provider = MultiplexerDataProvider(runs, str(folder))
        tab = Context(base_plugin.TBContext(data_provider=provider, logdir=str(folder)))
        request = context.RequestContext()
        found = tab.hparams_metadata(request, "")
        experiment = tab.experiment_from_metadata(request, "", True, found, [])
        self.keys = [info.name for info in experiment.hparam_infos]
        self.differing = {info.name for info in experiment.hparam_infos if info.differs}
        self.metrics = [info.name.tag for info in experiment.metric_infos]
        statuses = list(api_pb2.Status.values())
        asked = api_pb2.ListSessionGroupsRequest(slice_size=100, allowed_statuses=statuses)
        answer = list_session_groups.Handler(request, tab, "", asked).run()
        self.groups: dict[str, tuple[dict[str, Any], dict[str, float], str]] = {}
        for group in answer.session_groups:
            [session] = group.sessions
            settings = {
                key: getattr(value, value.WhichOneof("kind"))
                for key, value in group.hparams.items()
            }
            metrics = {value.name.tag: value.value for value in session.metric_values}
            status = api_pb2.Status.Name(session.status)
            self.groups[group.name] = (settings, metrics, status)
