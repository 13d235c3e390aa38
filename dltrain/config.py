"""``load(overrides)``: from the command line and ``conf/`` to a checked ``RunConfig``.

Composition and grammar are Hydra's. Only the group choices (``model=mlp``) are composed; plain
values (``optimizer.lr=0.1``) are set on the composed mapping afterwards, which is what lets all
problems be reported at once and lets many variants share one composition. No torch is imported.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hydra import compose
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dltrain.check import known_keys, run_config, shown, unknown_key
from dltrain.problem import Problem
from dltrain.schema import RunConfig, as_dict
from dltrain.words import read_words

_HERE = Path(__file__).parent
# A wheel carries conf/ inside the package; a checkout has it beside the package.
CONF = _HERE / "conf" if (_HERE / "conf").is_dir() else _HERE.parent / "conf"
COMMAND_LINE = "command line"


class ConfigError(ValueError):
    """What the user has to mend: one line per problem."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = list(lines)


def load(
    overrides: Sequence[str] = (),
    *,
    config_dir: Path | None = None,
    config_name: str = "config",
    fitting: bool = True,
) -> RunConfig:
    """Compose and check one run.

    Args:
        overrides: ``group=choice`` and ``key=value`` words, as typed.
        config_dir: A folder whose files join ``conf/`` (Hydra's ``--config-dir``).
        config_name: The primary config (Hydra's ``--config-name``).
        fitting: Refuse a model that does not fit the data; who only looks at data need not mind.

    Returns:
        The checked config; every file it names exists, every value is within its bounds.

    Raises:
        ConfigError: With one line for each problem found.

    Example:
        >>> load(["model=mlp", "trainer.epochs=3"]).trainer.epochs
        3
    """
    folders = [CONF] if config_dir is None else [config_dir, CONF]
    words = read_words(overrides, groups(folders))
    config = copy.deepcopy(compose_groups(words.groups, folders, config_name))
    keys = known_keys(config)
    lines = list(words.problems)
    for key, value in words.values.items():
        if key.split(".")[0] in words.broken:
            continue
        if key in keys:
            set_value(config, key, value.read(raw=keys[key][1].raw))
        else:
            problem = unknown_key(key, config)
            lines.append(_line(problem, config, {key: COMMAND_LINE}))
    run, problems = run_config(config, fitting=fitting)
    if problems:
        places = dict.fromkeys(words.values, COMMAND_LINE)
        for problem in problems:  # expect[0].low is placed where expect is
            if problem.key.partition("[")[0] in places:
                places[problem.key] = COMMAND_LINE
        places |= {
            problem.key: place
            for problem in problems
            if problem.key not in places
            and (place := _place(problem.key, words.groups, folders, config_name)) is not None
        }
        lines += [_line(problem, config, places) for problem in problems]
    if lines or run is None:
        raise ConfigError(list(dict.fromkeys(lines)))
    return run


def set_value(config: dict[str, Any], key: str, value: Any) -> None:
    """Set one dotted key of a composed mapping."""
    *path, name = key.split(".")
    node = config
    for part in path:
        node = node[part]
    node[name] = value


def groups(folders: Sequence[Path]) -> dict[str, list[str]]:
    """List the choices of each group in the config folders, nested ones as ``book/softmax``."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*.yaml")):
            group, *rest = file.relative_to(folder).with_suffix("").parts
            if rest:
                found.setdefault(group, set()).add("/".join(rest))
    return {group: sorted(names) for group, names in found.items()}


def compose_groups(
    chosen: Mapping[str, str], folders: Sequence[Path], config_name: str = "config"
) -> dict[str, Any]:
    """Compose the YAML files of the chosen groups into one mapping of plain values."""
    return _compose(tuple(sorted(chosen.items())), tuple(folders), config_name)


@functools.lru_cache(maxsize=256)
def _compose(
    chosen: tuple[tuple[str, str], ...], folders: tuple[Path, ...], config_name: str
) -> dict[str, Any]:
    words = [f"{group}={choice}" for group, choice in chosen]
    for folder in folders[:-1]:
        _refuse_interpolated_choices(folder)
    try:
        with _hydra(folders):
            config = compose(config_name=config_name, overrides=words)
            values = OmegaConf.to_container(config, resolve=False)
    except UnicodeDecodeError:
        raise ConfigError([f"the config files do not compose: {_undecodable(folders)}"]) from None
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, RecursionError) as error:
        text = str(error).partition("Config search path:")[0]
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        raise ConfigError([f"the config files do not compose: {' '.join(lines)[:400]}"]) from None
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


@contextmanager
def _hydra(folders: Sequence[Path]) -> Iterator[None]:
    """Set Hydra up to look through the folders in order; ones that come first win.

    ``initialize_config_dir`` takes a single folder, and Hydra's own ``--config-dir`` lets shipped
    files win over those of the same name that a user asked for.
    """
    path = create_config_search_path(str(folders[-1].resolve()))
    for folder in folders[:-1]:
        path.prepend(provider="--config-dir", path=f"file://{folder.resolve()}")
    GlobalHydra.instance().clear()
    Hydra.create_main_hydra2(task_name="dltrain", config_search_path=path)
    try:
        yield
    finally:
        GlobalHydra.instance().clear()


def _refuse_interpolated_choices(folder: Path) -> None:
    """Refuse files whose choices depend on the environment, which Hydra would print."""
    for file in sorted(folder.rglob("*.yaml")):
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, yaml.YAMLError, RecursionError):
            continue  # if it is asked for, composing says what is wrong with it
        defaults = content.get("defaults") if isinstance(content, dict) else None
        if "${" in str(defaults):
            raise ConfigError([f"{file}: interpolations are not supported in its defaults"])


def _undecodable(folders: Sequence[Path]) -> str:
    """Name the first config file that is not UTF-8 text, which Hydra's complaint does not."""
    for file in (file for folder in folders for file in sorted(folder.rglob("*.yaml"))):
        try:
            file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            return f"{file}: {error}"
    return ""


def _line(problem: Problem, config: Mapping[str, Any], places: Mapping[str, str]) -> str:
    """Write a problem as one line: key, value, place, what is allowed."""
    node: Any = config
    for part in problem.key.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    value = "" if isinstance(node, Mapping) or node is None else f"={shown(node)}"
    place = f" ({places[problem.key]})" if problem.key in places else ""
    if problem.message.startswith(("model=", "optimizer=")):
        return problem.message
    return f"{problem.key}{value}{place}: {problem.message}"


def _place(
    key: str, chosen: Mapping[str, str], folders: Sequence[Path], config_name: str
) -> str | None:
    """Find the file and line that gave a key its value: the last of the composed files."""
    words = [f"{group}={choice}" for group, choice in chosen.items()]
    with _hydra(folders):
        loader = GlobalHydra.instance().config_loader()
        defaults = loader.compute_defaults_list(config_name, words, RunMode.RUN).defaults
    place = None
    for default in defaults:
        path = f"{default.config_path}.yaml"
        file = next((f / path for f in folders if (f / path).is_file()), None)
        if file is None:
            continue
        package = default.package or ""
        inner = key.removeprefix(f"{package}.") if package else key
        line = _line_of(file, inner.split("[")[0].split(".")) if inner != key or not package else 0
        if line:
            place = f"{file}:{line}"
    return place


def _line_of(file: Path, path: Sequence[str]) -> int:
    """Return the line (from 1) on which a YAML file sets a key, or 0."""
    node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = 0
    for part in path:
        if not isinstance(node, yaml.MappingNode):
            return 0
        pair = next(((k, v) for k, v in node.value if k.value == part), None)
        if pair is None:
            return 0
        line, node = pair[0].start_mark.line + 1, pair[1]
    return line


def to_yaml(run: RunConfig) -> str:
    """Write a config as YAML, for people; the same text ``config.yaml`` of a run folder holds."""
    return yaml.safe_dump(as_dict(run), sort_keys=False, allow_unicode=True)
