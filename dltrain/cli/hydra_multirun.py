"""A sweep by another engine: Hydra's own multirun, with dltrain as the job.

    dltrain -m hydra/launcher=joblib model=softmax data=fashion_mnist optimizer.lr=0.03,0.1
    dltrain -m hydra/sweeper=optuna 'optimizer.lr=tag(log, interval(0.001, 1))'

Each job is a single run, kept as such; what it returns to the sweeper is its best value of the
metric that chooses. Hydra's own files go to output_dir/multirun.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf import OmegaConf

from dltrain import build, recorder
from dltrain.check import known_keys, run_config, unknown_key
from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.hydra_flags import config_flags
from dltrain.command_line import CommandLine
from dltrain.compose import CONF, ConfigError, Sources, check_engine, compose_groups
from dltrain.config import compose_run
from dltrain.console import lasting, output, safe, show
from dltrain.job import Job
from dltrain.paths import expanded
from dltrain.runs import higher_is_better
from dltrain.suggest import clipped
from dltrain.words import read_words

if TYPE_CHECKING:
    from dltrain.outcomes import Outcome, Row

USAGE = "dltrain -m hydra/launcher=NAME [hydra/sweeper=NAME] [OVERRIDE ...]"
ENGINES = ("hydra/launcher=", "hydra/sweeper=")
# Where each engine that was tried comes from.
PACKAGES = {
    "joblib": "hydra-joblib-launcher",
    "submitit_local": "hydra-submitit-launcher",
    "submitit_slurm": "hydra-submitit-launcher",
    "ray": "hydra-ray-launcher",
    "optuna": "hydra-optuna-sweeper",
}


def main(words: Sequence[str]) -> None:
    """Check what can be checked before Hydra takes over, then hand the command line to it."""
    parser = Parser("-m", __doc__ or "", USAGE).composing()
    parser.add_argument("--multirun", "-m", action="store_true", help="sweep")
    arguments = parser.read(words)
    overrides = arguments.overrides
    with refusing():
        _check(overrides, Sources.of(arguments.config_dir, arguments.config_name))
    output_dir = next(
        (w.partition("=")[2] for w in overrides if w.startswith("output_dir=")), "outputs"
    )
    folder = f"hydra.sweep.dir={output_dir}/multirun/${{now:%Y-%m-%d_%H-%M-%S}}"
    given = any(word.startswith("hydra.sweep.dir=") for word in overrides)
    flags = ["--multirun", *config_flags(arguments)]  # Hydra wants them first
    sys.argv = ["dltrain", *flags, *overrides, *([] if given else [folder])]
    hydra.main(config_path=str(CONF.resolve()), config_name="config", version_base="1.3")(job)()


def _check(words: Sequence[str], sources: Sources) -> None:
    """Refuse what no job could do anything with.

    Raises:
        UsageError: With one line for each problem.
    """
    parser = OverridesParser.create()
    plain: list[str] = []
    engine: list[str] = []
    swept: list[str] = []
    lines: list[str] = []
    for word in words:
        key, _, text = word.partition("=")
        if word.startswith(ENGINES):
            lines += _missing(key.partition("/")[2], text)
        if key.partition(".")[0].partition("/")[0] == "hydra":
            engine.append(word)
            continue
        if key.startswith("sweep."):
            lines.append(f"{word}: belongs to dltrain's own sweeps, not to Hydra's")
            continue
        try:
            is_list = parser.parse_override(word).is_sweep_override()
        except (HydraException, ValueError) as error:
            lines.append(f"{clipped(word)}: {' '.join(str(error).split())[:200]}")
            continue
        (swept if is_list else plain).append(key if is_list else word)
    words_read = read_words(plain, sources.groups)
    config = compose_groups(words_read.groups, sources.folders, sources.config_name)
    # A group that is swept may have keys that its default has not.
    open_keys = {*known_keys(config), *sources.groups}
    lines += [
        f"{key}: {unknown_key(key, config).message}"
        for key in swept
        if key not in open_keys and key.partition(".")[0] not in swept
    ]
    _, problems = compose_run(words_read, sources, fitting=False)
    # Of a value that is swept, the default need not be fit to be used.
    lines += [line for line in problems if "(command line)" in line or line in words_read.problems]
    if lines:
        raise UsageError(lines)
    check_engine(engine, sources)


def _missing(group: str, name: str) -> list[str]:
    """Say what to install if Hydra does not know an engine."""
    Plugins.instance()  # looks for the plugins that are installed
    from hydra.core.config_store import ConfigStore

    repository = ConfigStore.instance().repo
    known = [str(entry).removesuffix(".yaml") for entry in repository["hydra"].get(group, {})]
    if name in known:
        return []
    package = PACKAGES.get(name)
    advice = f"pip install {package}" if package else f"there are: {', '.join(sorted(known))}"
    return [f"hydra/{group}={name}: is not installed ({advice})"]


def job(config: Any) -> float:
    """Train one job of Hydra's; return its best value of the metric that chooses.

    A run that diverges is worse than any other: infinitely bad, rather than nan, which sweepers
    do not take.
    """
    values = OmegaConf.to_container(config, resolve=False)
    assert isinstance(values, dict)
    values.pop("sweep", None)
    run, problems = run_config({str(key): value for key, value in values.items()})
    if run is None:
        raise ConfigError([f"{problem.key}: {problem.message}" for problem in problems])
    from dltrain.training import Training

    words = list(HydraConfig.get().overrides.task)
    data = build.dataset(run)
    task = Job(CommandLine(words, words), run, data, build.plan(run.model, data))
    training = Training([task])
    folder = recorder.new_folder(expanded(run.output_dir), task.name)
    training.record([folder])
    [ended] = training.run(_Silent())
    metric = training.trainer.rules.metric
    sign = -1 if higher_is_better(metric) else 1
    value = float(ended.outcome.best.get("value", sign * math.inf))
    value = value if ended.outcome.status == "done" else sign * math.inf
    console = output()
    lasting(console)  # the other jobs go on where the terminal does not
    line = f"{folder.name} {ended.outcome.status} {metric} {value:.6g} {' '.join(words)}"
    show(console, [safe(line, limit=1000)])
    return value


class _Silent:
    """A view that shows nothing: several jobs may share the terminal."""

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """See ``View``."""

    def early(self, rows: Sequence[Row]) -> None:
        """See ``View``."""
