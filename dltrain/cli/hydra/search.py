"""What another engine is to search, checked before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, IntervalSweep, Override, RangeSweep
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf import OmegaConf

from dltrain.cli.arguments import UsageError
from dltrain.config.compose import ConfigError, Sources, engine_settings
from dltrain.config.grammar.scalars import as_text
from dltrain.config.load import compose_run
from dltrain.config.overrides import read_words
from dltrain.data.summary import DataSummary
from dltrain.metrics import choosing, higher_is_better, names_of
from dltrain.system.paths import expanded
from dltrain.text import clipped
from dltrain.train import build

ENGINES = ("hydra/launcher=", "hydra/sweeper=")
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
    """What an engine is told.

    Attributes:
        words: For Hydra.
        engine: Which it is, as typed.
        is_local: Whether jobs run in this process.
        metric: What chooses.
        direction: ``maximize`` or ``minimize`` where the engine wants to know, else empty.
        folder: For Hydra's files, if one was named.
        output_dir: Where runs go.
    """

    words: tuple[str, ...]
    engine: str
    is_local: bool
    metric: str
    direction: str
    folder: Path | None
    output_dir: Path


def searched(words: Sequence[str], sources: Sources) -> Search:
    """Check what an engine is told, and complete it.

    Raises:
        UsageError: With one line for each problem.
        ValueError: If the config, its data or the engine's settings cannot be used.
    """
    engine = [word for word in words if _is_engines(word)]
    others = [word for word in words if not _is_engines(word)]
    lines = [line for word in engine if word.startswith(ENGINES) for line in _missing(word)]
    lines += [
        f"{word}: belongs to dltrain's own sweeps, not to Hydra's"
        for word in others
        if word.startswith("sweep.")
    ]
    values = dict(_values(word) for word in others if not word.startswith("sweep."))
    lines += [line for own in values.values() for line in own if isinstance(line, _Complaint)]
    if lines:
        raise UsageError(list(dict.fromkeys(lines)))
    settings = engine_settings(engine, sources)
    if "direction" not in settings.sweeper:  # such a one takes lists only
        lines += [
            f"{clipped(word)}: an interval has no list of values; write choice(A,B), or let a "
            "sweeper choose: hydra/sweeper=optuna"
            for word in others
            if "interval(" in word
        ]
    name = next(word for word in engine if word.startswith(ENGINES))
    lines += _unusable(settings, values, name)
    if lines:
        raise UsageError(lines)
    run = _checked(values, sources)
    data = build.dataset(run)
    build.plan(run, data)
    metric = choosing(names_of(data.task, rows=DataSummary.of(data).rows))
    direction = ""
    if "direction" in settings.sweeper:
        best = "maximize" if higher_is_better(metric) else "minimize"
        asked = [w.partition("=")[2] for w in engine if w.startswith("hydra.sweeper.direction=")]
        direction = asked[-1] if asked else best
        if direction not in ("maximize", "minimize"):
            raise UsageError([f"hydra.sweeper.direction={direction}: must be maximize or minimize"])
        engine += [] if asked else [f"hydra.sweeper.direction={direction}"]
    lists_only = "direction" not in settings.sweeper
    written = [_written(word, sources, lists_only=lists_only) for word in others]
    folder = [w.partition("=")[2] for w in engine if w.startswith("hydra.sweep.dir=")]
    return Search(
        words=(*(w for w in engine if not w.startswith("hydra.sweep.dir=")), *written),
        engine=name,
        is_local=str(settings.launcher.get("_target_", "")).endswith("BasicLauncher"),
        metric=metric,
        direction=direction,
        folder=Path(OmegaConf.select(settings, "sweep.dir")) if folder else None,
        output_dir=expanded(run.output_dir),
    )


def _written(word: str, sources: Sources, *, lists_only: bool) -> str:
    """Write a list as its values: Hydra's sort() and casts of ranges change their bounds instead.

    Args:
        word: Whose value may be a list.
        sources: Where groups are found.
        lists_only: Whether the engine runs through lists; one that searches makes more of a range.
    """
    key, _, text = word.partition("=")
    if not lists_only and ("(" not in text or text.startswith(SEARCHED)):
        return word
    values = read_words([word], sources.groups, sweeping=True).lists.get(key)
    return word if values is None else f"{key}={','.join(value.text for value in values)}"


def _is_engines(word: str) -> bool:
    return word.partition("=")[0].partition(".")[0].partition("/")[0] == "hydra"


class _Complaint(str):
    """A line that says what is wrong with a word."""


def _values(word: str) -> tuple[str, list[str]]:
    """Return the words to try for a word: of a list each value, of a range or an interval ends."""
    key = word.partition("=")[0]
    try:
        override = OverridesParser.create().parse_override(word)
        if not override.is_sweep_override():
            return key, [word]
        return key, [f"{key}={text}" for text in _texts(override)]
    except (HydraException, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        return key, [_Complaint(f"{clipped(word)}: Hydra cannot read it ({said})")]


def _texts(override: Override) -> list[str]:
    sweep: Any = override.value()
    if isinstance(sweep, IntervalSweep):
        return [as_text(sweep.start), as_text(sweep.end)]
    if isinstance(sweep, RangeSweep):
        return [as_text(sweep.start)]
    if isinstance(sweep, Glob):
        return []
    assert isinstance(sweep, ChoiceSweep)
    return [as_text(element) for element in sweep.list if not isinstance(element, Glob)]


def _checked(values: dict[str, list[str]], sources: Sources) -> Any:
    """Try each value beside the first ones of the other keys; return the config of all the first.

    Raises:
        ConfigError: With one line for each problem.
    """
    first = [own[0] for own in values.values() if own]
    lines: list[str] = []
    runs = []
    for key, own in values.items() or [("", [])]:
        rest = [word for word in first if word.partition("=")[0] != key]
        for word in own if len(own) > 1 else own[:0]:
            run, problems = compose_run(read_words([*rest, word], sources.groups), sources)
            runs.append(run)
            lines += problems
    run, problems = compose_run(read_words(first, sources.groups), sources)
    lines = list(dict.fromkeys([*problems, *lines]))
    if lines or run is None:
        raise ConfigError(lines)
    return run


def _unusable(settings: Any, values: dict[str, list[str]], engine: str) -> list[str]:
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
    swept = any(len(own) != 1 for own in values.values())
    if "n_trials" in settings.sweeper and empty and not swept:
        lines.append(f"{engine}: there is nothing to search; give a key values, such as {EXAMPLE}")
    return lines


def _missing(word: str) -> list[str]:
    """Say what to install if Hydra does not know an engine."""
    Plugins.instance()  # looks for the plugins that are installed
    from hydra.core.config_store import ConfigStore

    group, _, name = word.removeprefix("hydra/").partition("=")
    repository = ConfigStore.instance().repo
    known = [str(entry).removesuffix(".yaml") for entry in repository["hydra"].get(group, {})]
    if name in known:
        return []
    package = PACKAGES.get(name)
    advice = f"pip install {package}" if package else f"there are: {', '.join(sorted(known))}"
    return [f"{clipped(word)}: is not installed ({advice})"]
