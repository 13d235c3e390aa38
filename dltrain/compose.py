"""Which files make a config and where a value in them stands; composition is Hydra's.

Only group choices (``model=mlp``) are composed; values are set by ``config.py`` afterwards, which
is what lets the members of a sweep share compositions. No torch is imported.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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

_HERE = Path(__file__).parent
# A wheel carries conf/ inside the package; a checkout has it beside the package.
CONF = _HERE / "conf" if (_HERE / "conf").is_dir() else _HERE.parent / "conf"


class ConfigError(ValueError):
    """What the user has to mend: one line per problem."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = list(lines)


@dataclass(frozen=True)
class Sources:
    """Where values come from.

    Attributes:
        folders: Config folders; ones that come first win.
        config_name: The primary config.
        groups: The choices of each group in them.
    """

    folders: tuple[Path, ...]
    config_name: str
    groups: Mapping[str, list[str]]

    @classmethod
    def of(cls, config_dir: Path | None, config_name: str = "config") -> Sources:
        """Look at ``conf/`` and, before it, at a folder of the user's own."""
        folders = (CONF,) if config_dir is None else (config_dir, CONF)
        return cls(folders, config_name, groups(folders))


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


def place_of(key: str, chosen: Mapping[str, str], sources: Sources) -> str | None:
    """Find the file and line that gave a key its value: the last of the composed files."""
    return _place(key, tuple(chosen.items()), sources.folders, sources.config_name)


@functools.lru_cache(maxsize=1024)
def _place(
    key: str, chosen: tuple[tuple[str, str], ...], folders: tuple[Path, ...], config_name: str
) -> str | None:
    words = [f"{group}={choice}" for group, choice in chosen]
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
