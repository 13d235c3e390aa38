"""``load(overrides)``: from the command line and ``conf/`` to a checked ``RunConfig``.

Composition and grammar are Hydra's. Only the group choices (``model=mlp``) are composed; plain
values (``optimizer.lr=0.1``) are set on the composed mapping afterwards, which is what lets all
problems be reported at once and lets many variants share one composition. No torch is imported.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dltrain.check import Problem, known_keys, run_config, shown, unknown_key
from dltrain.schema import RunConfig, as_dict
from dltrain.suggest import closest

_HERE = Path(__file__).parent
# A wheel carries conf/ inside the package; a checkout has it beside the package.
CONF = _HERE / "conf" if (_HERE / "conf").is_dir() else _HERE.parent / "conf"
COMMAND_LINE = "command line"


class ConfigError(ValueError):
    """What the user has to mend: one line per problem."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = list(lines)


@dataclass
class Choices:
    """The command line, taken apart."""

    groups: dict[str, str] = field(default_factory=dict)  # group -> choice, "model" -> "mlp"
    values: dict[str, Override] = field(default_factory=dict)  # dotted key -> parsed value
    broken: set[str] = field(default_factory=set)  # groups whose choice was wrong
    problems: list[str] = field(default_factory=list)


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
    choices = read_overrides(overrides, folders)
    config = copy.deepcopy(compose_groups(choices.groups, folders, config_name))
    keys = known_keys(config)
    lines = list(choices.problems)
    for key, override in choices.values.items():
        if key.split(".")[0] in choices.broken:
            continue
        if key in keys:
            set_value(config, key, read_value(override, raw=keys[key][1].raw))
        else:
            problem = unknown_key(key, config)
            lines.append(_line(problem, config, {key: COMMAND_LINE}))
    run, problems = run_config(config, fitting=fitting)
    if problems:
        places = dict.fromkeys(choices.values, COMMAND_LINE)
        places |= {
            problem.key: place
            for problem in problems
            if problem.key not in places
            and (place := _place(problem.key, choices.groups, folders, config_name)) is not None
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


def read_overrides(overrides: Sequence[str], folders: Sequence[Path]) -> Choices:
    """Sort the words of a command line into group choices and values."""
    choices = Choices()
    parser = OverridesParser.create()
    available = groups(folders)
    for word in overrides:
        if "=" not in word:
            hint = closest(word, available)
            choices.problems.append(f"{word}: expected key=value or group=choice{hint}")
            continue
        override = _parse(word, parser)
        if isinstance(override, str):
            choices.problems.append(override)
        elif override.key_or_group in available:
            _choose(override, available[override.key_or_group], choices)
        elif override.key_or_group.partition("/")[0] in ("hydra", *available):
            hint = closest(override.key_or_group, available)
            choices.problems.append(f"{override.key_or_group}: unknown group{hint}")
        else:
            choices.values[override.key_or_group] = override
    return choices


def _parse(word: str, parser: OverridesParser) -> Override | str:
    """Parse one word with Hydra's grammar; a string is the problem with it."""
    key, _, text = word.partition("=")
    name = key.lstrip("+~")
    if name != key:
        return f"{word}: keys are fixed, so + and ~ have no use here; write {name}=VALUE"
    if name == "hydra" or name.startswith("hydra."):
        return f"{word}: Hydra's own settings are not used; output_dir=FOLDER says where runs go"
    if "@" in name:
        return f"{word}: packages cannot be renamed; write {name.partition('@')[0]}=CHOICE"
    try:
        override = parser.parse_override(word)
    except HydraException:
        # Hydra's grammar has no bare spaces, commas, tildes or parentheses, yet paths do.
        override = parser.parse_override(f"{key}=x") if _is_key(name, parser) else None
        if override is None:
            return f"{word}: expected key=value"
        override._value = None
    override.input_line = text
    assert override.type == OverrideType.CHANGE
    if override.is_sweep_override():
        return (
            f"{word}: this is a list of values; one run takes one value "
            f"(quote it if the comma belongs to it: '{key}=\"{text}\"')"
        )
    return override


def _is_key(name: str, parser: OverridesParser) -> bool:
    try:
        parser.parse_override(f"{name}=x")
    except HydraException:
        return False
    return True


def read_value(override: Override, *, raw: bool) -> Any:
    """Return the value of a parsed word; ``raw`` keys take the text after "=" as it stands."""
    text = override.input_line or ""
    value = override.value() if override._value is not None else (None if text == "null" else text)
    if isinstance(value, str) or not raw or value is None:
        return value
    return text


def _choose(override: Override, options: Sequence[str], choices: Choices) -> None:
    group, choice = override.key_or_group, read_value(override, raw=True)
    if choice in options or (choice is None and group == "experiment"):
        choices.groups[group] = "null" if choice is None else choice
        return
    choices.broken.add(group)
    names = ", ".join(options)
    hint = closest(str(choice), options)
    choices.problems.append(f"{group}={shown(choice)}: no such choice{hint} (there are: {names})")


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
    try:
        with initialize_config_dir(config_dir=str(CONF.resolve()), version_base="1.3"):
            config = compose(config_name=config_name, overrides=words + _search(folders))
            values = OmegaConf.to_container(config, resolve=False)
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, RecursionError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ConfigError([f"the config files do not compose: {' '.join(lines)[:400]}"]) from None
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def _search(folders: Sequence[Path]) -> list[str]:
    extra = [f"file://{folder.resolve()}" for folder in folders if folder != CONF]
    return ["hydra.searchpath=[" + ",".join(f"'{path}'" for path in extra) + "]"] if extra else []


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
    words = [f"{group}={choice}" for group, choice in chosen.items()] + _search(folders)
    with initialize_config_dir(config_dir=str(CONF.resolve()), version_base="1.3"):
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
