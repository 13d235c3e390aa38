"""What another engine is to search, checked before it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, IntervalSweep, RangeSweep
from hydra.core.override_parser.types import Override as HydraOverride
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf import OmegaConf

from dltrain.cli.arguments import UsageError
from dltrain.config.compose import ConfigError, Sources, engine_settings
from dltrain.config.grammar.scalars import as_text
from dltrain.config.load import compose_run
from dltrain.config.overrides import Override, Overrides
from dltrain.config.resolve import resolve
from dltrain.data.dataset import DataSummary
from dltrain.metrics import higher_is_better
from dltrain.system.paths import expanded
from dltrain.text import clipped
from dltrain.train import build
from dltrain.train.job import chosen_metric

ENGINES = ("hydra/launcher", "hydra/sweeper")
# Where each engine that was tried comes from.
PACKAGES = {
    "joblib": "hydra-joblib-launcher",
    "submitit_local": "hydra-submitit-launcher",
    "submitit_slurm": "hydra-submitit-launcher",
    "ray": "hydra-ray-launcher",
    "optuna": "hydra-optuna-sweeper",
}
# Numbers of engines that hang or fail in other words if they are smaller.
LEAST = {"sweeper.n_trials": 1, "sweeper.n_jobs": 1, "sweeper.max_batch_size": 1}
# Functions that an engine which searches takes for a space.
SEARCHED = ("choice(", "range(", "interval(", "tag(", "glob(")
EXAMPLE = "'optimizer.lr=tag(log, interval(0.001, 1))'"


@dataclass(frozen=True)
class Search:
    """A search as an engine is to carry it out."""

    words: tuple[str, ...]  # for Hydra
    engine: str  # which it is, as typed
    is_local: bool  # whether jobs run in this process
    metric: str  # what chooses
    direction: str  # ``maximize`` or ``minimize`` where the engine wants to know, else empty
    folder: Path | None  # for Hydra's files, if one was named
    output_dir: Path  # where runs go


def searched(overrides: Overrides, sources: Sources) -> Search:
    """Check the overrides of a search, and complete them.

    Raises:
        UsageError: With one line for each problem.
        ValueError: If the config, its data or the engine's settings cannot be used.
    """
    engine, others = overrides.split("hydra.", "hydra/")
    chosen = engine.only(*ENGINES).entries
    of_sweep, of_runs = others.split("sweep.")
    lines = [line for entry in chosen for line in _missing(entry)]
    lines += [f"{word}: belongs to dltrain's own sweeps, not to Hydra's" for word in of_sweep.words]
    read = {entry.key: _values(entry) for entry in of_runs.entries}
    lines += [line for line in read.values() if isinstance(line, str)]
    if lines:
        raise UsageError(list(dict.fromkeys(lines)))
    values = {key: tried for key, tried in read.items() if not isinstance(tried, str)}
    settings = engine_settings(engine.words, sources)
    if "direction" not in settings.sweeper:  # such a one takes lists only
        lines += [
            f"{clipped(word)}: an interval has no list of values; write choice(A,B), or let a "
            "sweeper choose: hydra/sweeper=optuna"
            for word in others.words
            if "interval(" in word
        ]
    name = str(chosen[0])
    lines += _unusable(settings, values, name)
    if lines:
        raise UsageError(lines)
    run = _checked(values, sources)
    data = build.dataset(run)
    build.layer_plans(run, data)
    metric = chosen_metric(run, DataSummary.of(data))
    direction = ""
    if "direction" in settings.sweeper:
        best = "maximize" if higher_is_better(metric) else "minimize"
        asked = engine.get("hydra.sweeper.direction")
        direction = best if asked is None else asked
        if direction not in ("maximize", "minimize"):
            raise UsageError([f"hydra.sweeper.direction={direction}: must be maximize or minimize"])
        if asked is None:
            engine = engine.updated(Overrides.of({"hydra.sweeper.direction": direction}))
    lists_only = "direction" not in settings.sweeper
    written = [_written(entry, sources, lists_only=lists_only) for entry in others.entries]
    return Search(
        words=(*engine.without("hydra.sweep.dir").words, *written),
        engine=name,
        is_local=str(settings.launcher.get("_target_", "")).endswith("BasicLauncher"),
        metric=metric,
        direction=direction,
        folder=Path(OmegaConf.select(settings, "sweep.dir"))
        if engine.get("hydra.sweep.dir")
        else None,
        output_dir=expanded(run.output_dir),
    )


def _written(entry: Override, sources: Sources, *, lists_only: bool) -> str:
    """Write a list as its values: Hydra's sort() and casts of ranges change their bounds instead.

    An engine that does not run through lists makes more of a range, which it gets as it is.
    """
    text = entry.text or ""
    if not lists_only and ("(" not in text or text.startswith(SEARCHED)):
        return str(entry)
    values = resolve(Overrides((entry,)), sources.groups, sweeping=True).lists.get(entry.key, ())
    return f"{entry.key}={','.join(value.text for value in values)}" if values else str(entry)


def _values(entry: Override) -> list[Override] | str:
    """Return what to try for a key, the ends of a range or an interval; or what is wrong."""
    try:
        read = OverridesParser.create().parse_override(str(entry))
        if not read.is_sweep_override():
            return [entry]
        return [Override(entry.key, text) for text in _texts(read)]
    except (HydraException, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        return f"{clipped(str(entry))}: Hydra cannot read it ({reason})"


def _texts(override: HydraOverride) -> list[str]:
    sweep: Any = override.value()
    if isinstance(sweep, IntervalSweep):
        return [as_text(sweep.start), as_text(sweep.end)]
    if isinstance(sweep, RangeSweep):
        return [as_text(sweep.start)]
    if isinstance(sweep, Glob):
        return []
    assert isinstance(sweep, ChoiceSweep)
    return [as_text(element) for element in sweep.list if not isinstance(element, Glob)]


def _checked(values: Mapping[str, Sequence[Override]], sources: Sources) -> Any:
    """Try each value beside the first of each other key; return the config of all the first."""
    first = Overrides(tuple(tried[0] for tried in values.values() if tried))
    lines: list[str] = []
    for key, tried in values.items():
        for entry in tried if len(tried) > 1 else []:
            words = Overrides((*first.without(key).entries, entry))
            lines += compose_run(resolve(words, sources.groups), sources)[1]
    run, problems = compose_run(resolve(first, sources.groups), sources)
    lines = list(dict.fromkeys([*problems, *lines]))
    if lines or run is None:
        raise ConfigError(lines)
    return run


def _unusable(settings: Any, values: Mapping[str, Sequence[Override]], engine: str) -> list[str]:
    """Say which of the engine's settings would end badly."""
    lines = []
    for key, least in LEAST.items():
        value = OmegaConf.select(settings, key)
        if isinstance(value, int) and value < least:
            lines.append(f"hydra.{key}={value}: must be at least {least}")
    if OmegaConf.select(settings, "launcher.n_jobs") == 0:
        lines.append("hydra.launcher.n_jobs=0: must not be 0; -1 takes all processors")
    rate = OmegaConf.select(settings, "sweeper.max_failure_rate")
    if isinstance(rate, int | float) and not 0 <= rate <= 1:
        lines.append(f"hydra.sweeper.max_failure_rate={rate:g}: must be from 0 to 1")
    if OmegaConf.is_list(OmegaConf.select(settings, "sweeper.direction")):
        lines.append("hydra.sweeper.direction: a run is judged by one metric; give one direction")
    empty = not OmegaConf.select(settings, "sweeper.params")
    empty = empty and not OmegaConf.select(settings, "sweeper.search_space")
    empty = empty and not OmegaConf.select(settings, "sweeper.custom_search_space")
    swept = any(len(tried) != 1 for tried in values.values())
    if "n_trials" in settings.sweeper and empty and not swept:
        lines.append(f"{engine}: there is nothing to search; give a key values, such as {EXAMPLE}")
    return lines


def _missing(entry: Override) -> list[str]:
    """Say what to install if Hydra does not know an engine."""
    Plugins.instance()  # looks for the plugins that are installed
    from hydra.core.config_store import ConfigStore

    group, name = entry.key.removeprefix("hydra/"), entry.text
    repository = ConfigStore.instance().repo
    known = [str(file).removesuffix(".yaml") for file in repository["hydra"].get(group, {})]
    if name in known:
        return []
    package = PACKAGES.get(name or "")
    advice = f"pip install {package}" if package else f"there are: {', '.join(sorted(known))}"
    return [f"{clipped(str(entry))}: is not installed ({advice})"]
