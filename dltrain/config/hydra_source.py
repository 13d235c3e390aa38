"""Folders of config files as Hydra sees them: each file is checked first; cycles are found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult
from omegaconf import OmegaConf

from dltrain.config.recommended import DATA, without_recommendations
from dltrain.config.yaml_file import ENDINGS, ConfigFileError, build, file_of, read_yaml


def check_files() -> None:
    """Let Hydra read every folder of configs as ``CheckedSource`` does, in this process."""
    Plugins.instance()  # registers its own reader, once
    SourcesRegistry.instance().types["file"] = CheckedSource


class CheckedSource(FileConfigSource):
    """Reads ``file://FOLDER``; Hydra asks it for what a composition needs, and for no more."""

    @staticmethod
    def scheme() -> str:
        """Return what a path of such a folder begins with."""
        return "file"

    def is_group(self, config_path: str) -> bool:
        """Tell whether a name is that of a group in this folder."""
        return _stays_inside(config_path) and super().is_group(config_path)

    def is_config(self, config_path: str) -> bool:
        """Tell whether a name is that of a config in this folder."""
        return _stays_inside(config_path) and file_of(Path(self.path), config_path) is not None

    def load_config(self, config_path: str) -> ConfigResult:
        """Read a config that exists."""
        path = file_of(Path(self.path), config_path)
        assert path is not None  # Hydra asks is_config first
        text = read_yaml(path, holds="mapping")
        try:
            header = self._get_header_dict(text[:512])
            config = OmegaConf.create(build(text, path) or {})
        except ConfigFileError:
            raise
        except ValueError as error:  # a key or a text that OmegaConf does not take
            reason = str(error).partition("\n")[0].partition(";")[0]
            raise ConfigFileError(path, f"cannot be read ({reason})") from None
        _check(config, path)
        if config_path.startswith(DATA) and "defaults" in config:
            config["defaults"] = without_recommendations(config["defaults"])
        url = f"{self.scheme()}://{self.path}"
        return ConfigResult(config=config, path=url, provider=self.provider, header=header)


# Under this name Hydra finds its own reader registered already, in processes that it starts, and
# leaves ours in its place.
CheckedSource.__name__ = FileConfigSource.__name__


def _stays_inside(config_path: str) -> bool:
    """Tell whether a name leads nowhere else: a config chooses among configs, not among files."""
    path = PurePosixPath(config_path)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in config_path


def _check(config: Any, path: Path) -> None:
    """Refuse what is Hydra's business, and choices that are none or depend on the environment."""
    if "hydra" in list(config.keys()):
        raise ConfigFileError(path, "Hydra's own settings are not used; remove the key hydra")
    if "defaults" not in list(config.keys()):
        return
    chosen = OmegaConf.to_container(OmegaConf.masked_copy(config, ["defaults"]), resolve=False)
    assert isinstance(chosen, dict)
    defaults = chosen["defaults"]
    if "${" in str(defaults):
        raise ConfigFileError(path, "interpolations are not supported in its defaults")
    if not isinstance(defaults, list) or not all(map(_is_choice, defaults)):
        reason = "its defaults must be a list of names and choices: [sgd, override /model: mlp]"
        raise ConfigFileError(path, reason)


def _is_choice(entry: object) -> bool:
    """Tell whether an entry of a defaults list is a name, or a group and what is chosen of it."""
    if isinstance(entry, Mapping):
        [*values] = entry.values()
        names = values[0] if len(values) == 1 and isinstance(values[0], list) else values
        return len(values) == 1 and all(name is None or isinstance(name, str) for name in names)
    return isinstance(entry, str)


def cycle(folders: Sequence[Path]) -> list[Path]:
    """Find files whose defaults lead from one to the next and back; empty if there are none."""
    for folder in folders:
        for file in sorted(file for file in folder.rglob("*") if file.suffix in ENDINGS):
            way = _way_back(str(file.relative_to(folder).with_suffix("")), folders, [])
            if way:
                return way
    return []


def _way_back(name: str, folders: Sequence[Path], way: list[tuple[str, Path]]) -> list[Path]:
    """Follow the defaults of a config until one comes again."""
    names = [before for before, _ in way]
    if name in names:
        return [file for _, file in [*way[names.index(name) :], way[names.index(name)]]]
    file = next((file for folder in folders if (file := file_of(folder, name))), None)
    if file is None:
        return []
    for chosen in _chosen(name, file):
        cycle_files = _way_back(chosen, folders, [*way, (name, file)])
        if cycle_files:
            return cycle_files
    return []


def _chosen(name: str, file: Path) -> Iterator[str]:
    """Yield the names of the configs that a file's defaults ask for."""
    group = name.rpartition("/")[0]
    content = build(read_yaml(file, holds="mapping"), file)
    for entry in (content or {}).get("defaults") or []:
        pairs = entry.items() if isinstance(entry, Mapping) else [("", entry)]
        for key, choices in pairs:
            inner = key.removeprefix("optional ").partition("@")[0].strip()
            if key.startswith("override "):
                continue  # what overrides a choice asks for nothing by itself
            for choice in choices if isinstance(choices, list) else [choices]:
                if isinstance(choice, str) and choice != "_self_":
                    path = f"{inner}/{choice.partition('@')[0]}" if inner else choice
                    yield (
                        path.lstrip("/") if path.startswith("/") else f"{group}/{path}".lstrip("/")
                    )
