"""Which files make a config; composition is Hydra's.

Only group choices (``model=mlp``) are composed; values are set by ``load.py`` afterwards, which
is what lets the members of a sweep share compositions. No torch is imported.
"""

from __future__ import annotations

import errno
import functools
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import compose, version
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dltrain.config.hydra_source import CheckedSource, check_files, cycle
from dltrain.config.kinds import FOLDERS
from dltrain.config.plugins import load_installed
from dltrain.config.recommended import recommended
from dltrain.config.yaml_file import ENDINGS, ConfigFileError, file_of

_HERE = Path(__file__).parents[1]
# A wheel carries conf/ inside the package; a checkout has it beside the package.
CONF = _HERE / "conf" if (_HERE / "conf").is_dir() else _HERE.parent / "conf"
PRIMARY = "config"  # name of the config that begins, if nothing else is said
# More than this in a folder of configs, and it is some other folder.
MAX_ENTRIES = 5_000


class ConfigError(ValueError):
    """What the user has to mend: one line per problem."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(lines)  # as it was called: it may come from another process
        self.lines = list(lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Sources:
    """Where values come from."""

    folders: tuple[Path, ...]  # config folders; ones that come first win
    config_name: str  # the primary config
    groups: Mapping[str, list[str]]  # the choices of each group in them

    @classmethod
    def of(cls, config_dir: Path | None, config_name: str = PRIMARY) -> Sources:
        """Look at ``conf/``, before it at a folder of the user's own, behind it at plugins'."""
        load_installed()
        for number, folder in enumerate(FOLDERS):
            for name in (file.relative_to(folder) for file in _config_files(folder)):
                first = next(before for before in (CONF, *FOLDERS) if (before / name).exists())
                if first not in FOLDERS[number:]:
                    advice = f"{first / name} has that name already; choose another"
                    raise ConfigError([f"{folder / name}: {advice}"])
        folders = (*([] if config_dir is None else [config_dir]), CONF, *FOLDERS)
        return cls(folders, config_name, groups(folders))


def groups(folders: Sequence[Path]) -> dict[str, list[str]]:
    """List the choices of each group in the config folders, nested ones as ``book/softmax``.

    Raises:
        ConfigError: If a folder holds far more than configs, such as a home folder.
    """
    choices: dict[str, set[str]] = {}
    for folder in folders:
        for file in _config_files(folder):
            group, *rest = file.relative_to(folder).with_suffix("").parts
            if rest:
                choices.setdefault(group, set()).add("/".join(rest))
    return {group: sorted(names) for group, names in choices.items()}


def _config_files(folder: Path) -> list[Path]:
    """List the config files in a folder and the folders in it."""
    paths, entries = [], 0
    for root, names, files in os.walk(folder):
        entries += len(names) + len(files)
        if entries > MAX_ENTRIES:
            raise ConfigError(
                [f"{folder}: holds more than {MAX_ENTRIES:,} files; give a folder of configs only"]
            )
        paths += [Path(root, name) for name in files if name.endswith(ENDINGS)]
    return [file for file in paths if file.is_file()]  # no pipes, no links that lead nowhere


def compose_groups(
    chosen: Mapping[str, str], folders: Sequence[Path], config_name: str = PRIMARY
) -> dict[str, Any]:
    """Compose the YAML files of the chosen groups into one mapping of plain values."""
    return _compose(tuple(sorted(chosen.items())), tuple(folders), config_name)


@functools.lru_cache(maxsize=256)
def _compose(
    chosen: tuple[tuple[str, str], ...], folders: tuple[Path, ...], config_name: str
) -> dict[str, Any]:
    words = _words(_with_recommended(chosen, folders, config_name))
    with _hydra(folders), _refusing(folders):
        config = compose(config_name=config_name, overrides=words)
        values = OmegaConf.to_container(config, resolve=False)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def engine_settings(words: Sequence[str], sources: Sources) -> Any:
    """Compose settings of Hydra's own, such as ``hydra.launcher.n_jobs=2``.

    Raises:
        ConfigError: If they cannot be composed.
    """
    with _hydra(sources.folders), _refusing(sources.folders, "Hydra's settings cannot be used"):
        name = sources.config_name
        return compose(config_name=name, overrides=list(words), return_hydra_config=True).hydra


def multirun(task: Callable[[Any], float], words: Sequence[str], sources: Sources) -> None:
    """Let Hydra's sweeper and launcher carry out a task for what they make of the words."""
    version.setbase("1.3")
    with _hydra(sources.folders):
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        hydra.multirun(sources.config_name, task, list(words))


@contextmanager
def _refusing(
    folders: Sequence[Path], what: str = "the config files do not compose"
) -> Iterator[None]:
    """Turn what Hydra and OmegaConf say of config files into a refusal of one line."""
    try:
        yield
    except ConfigFileError as error:
        raise ConfigError([str(error)]) from None
    except RecursionError:  # no file is deep, so it is choices that choose each other
        files = " -> ".join(map(str, cycle(folders)))
        line = f"the config files do not compose: their defaults lead back to themselves: {files}"
        raise ConfigError([line]) from None
    except (HydraException, OmegaConfBaseException) as error:
        message = str(error) or str(error.__cause__)  # Hydra passes some on without a word
        text = message.partition("Config search path:")[0]
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        raise ConfigError([f"{what}: {' '.join(lines)[:400]}"]) from None
    except OSError as error:  # some of Hydra's own are OSErrors, too
        if error.errno != errno.ENAMETOOLONG:
            raise
        line = "the config files do not compose: they ask for one whose name is too long"
        raise ConfigError([line]) from None


@contextmanager
def _hydra(folders: Sequence[Path]) -> Iterator[None]:
    """Set Hydra up to look through the folders in order; ones that come first win.

    ``initialize_config_dir`` takes a single folder, and Hydra's own ``--config-dir`` lets shipped
    files win over those of the same name that a user asked for.
    """
    check_files()
    urls = [f"{CheckedSource.scheme()}://{folder.resolve()}" for folder in folders]
    path = create_config_search_path(urls[-1])
    for url in reversed(urls[:-1]):
        path.prepend(provider="--config-dir", path=url)
    GlobalHydra.instance().clear()
    Hydra.create_main_hydra2(task_name="dltrain", config_search_path=path)
    try:
        with warnings.catch_warnings():
            # A file that does not say where it stands comes last; Hydra warns if it is primary.
            warnings.filterwarnings("ignore", message=r"(?s)In '.*': Defaults list is missing")
            yield
    finally:
        GlobalHydra.instance().clear()


@dataclass(frozen=True)
class ConfigFile:
    """One of the files that a config is composed of."""

    path: Path  # where it lies
    name: str  # such as ``data/csv``; that of the primary config has no slash
    package: str  # before its keys, such as ``model``; empty if it may set any


def config_files(
    chosen: Mapping[str, str], sources: Sources
) -> tuple[list[ConfigFile], dict[str, str | None]]:
    """List the files that are composed, in order, and the choice of each group that this makes."""
    typed, folders, config_name = tuple(chosen.items()), sources.folders, sources.config_name
    whole = _with_recommended(typed, folders, config_name)
    files, choices = _files(whole, folders, config_name)
    return list(files), dict(choices)


Chosen = tuple[tuple[str, str], ...]  # group and choice


def _with_recommended(chosen: Chosen, folders: tuple[Path, ...], config_name: str) -> Chosen:
    """Add what the data recommend of groups that nobody chooses from."""
    files, choices = _files(chosen, folders, config_name)
    named = [(file.name, file.path) for file in files]
    shipped = CONF / f"{PRIMARY}.yaml"
    with _refusing(folders):
        more = recommended(named, typed=dict(chosen), choices=choices, shipped=shipped)
    return (*chosen, *more.items())


def _words(chosen: Chosen) -> list[str]:
    return [f"{group}={choice}" for group, choice in chosen]


@functools.lru_cache(maxsize=256)
def _files(
    chosen: Chosen, folders: tuple[Path, ...], config_name: str
) -> tuple[list[ConfigFile], dict[str, str | None]]:
    words = _words(chosen)
    with _hydra(folders), _refusing(folders):
        loader = GlobalHydra.instance().config_loader()
        defaults = loader.compute_defaults_list(config_name, words, RunMode.RUN)
    files = []
    for default in defaults.defaults:
        name = str(default.config_path)
        paths = (file_of(folder, name) for folder in folders)
        path = next((path for path in paths if path is not None), None)
        if path is not None:
            files.append(ConfigFile(path, str(default.config_path), default.package or ""))
    return files, defaults.overrides.known_choices
