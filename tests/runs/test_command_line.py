"""The command line that started a run, as its record keeps it."""

from __future__ import annotations

import os
from pathlib import Path

from dltrain.config.overrides import Overrides
from dltrain.runs.command_line import CommandLine, config_flags
from dltrain.runs.run import read
from tests.runs.conftest import Make


def test_a_command_line_is_read_back_from_its_record(make: Make) -> None:
    words = ["--config-dir=mine", "seed=1", "optimizer=slow"]
    line = CommandLine(words, Overrides.parse(words[1:]), "mine", "other", "/elsewhere")
    assert CommandLine.of(read(make(**line.record()))) == line


def test_a_strangers_record_gives_no_line_that_is_none(make: Make) -> None:
    made = CommandLine.of(read(make(command=7, overrides=8, cwd=["x"], config_dir=3)))
    assert (made.words, made.overrides.words, made.config_dir) == ([], [], None)
    assert made.cwd == os.getcwd()


def test_a_folder_of_configs_is_found_from_where_it_was_typed(here: Path) -> None:
    (here / "then" / "mine").mkdir(parents=True)
    line = CommandLine([], Overrides(), "mine", cwd=str(here / "then"))
    assert line.flags == ["--config-dir=then/mine"]
    assert config_flags(None) == []
    assert config_flags(None, "other") == ["--config-name=other"]


def test_who_goes_on_types_the_changes_in_place_of_what_was_typed(here: Path) -> None:
    line = CommandLine.parse(["trainer.epochs=2", "seed=1"])
    changed = line.from_here(Overrides.parse(["trainer.epochs=9"]))
    assert sorted(changed.words) == ["seed=1", "trainer.epochs=9"]
    assert (changed.overrides.texts["trainer.epochs"], changed.cwd) == ("9", str(here))
    member = line.alone(Overrides.parse(["seed=3"]))
    assert member.words == ["seed=3"]
