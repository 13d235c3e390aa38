"""Command lines that train a recorded run again."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from dltrain.config.compose import ConfigError
from dltrain.config.load import load
from dltrain.config.overrides import Overrides
from dltrain.config.plain import as_dict
from dltrain.runs.command_line import CommandLine
from dltrain.runs.repetition import again, repetition, repetition_of
from dltrain.runs.run import Run, read
from tests.runs.conftest import Make

WORDS = ["model=mlp", "optimizer=adam", "optimizer.lr=0.01"]


def recorded(make: Make, words: list[str], **changed: Any) -> Run:
    """Write the record of a run of these words; some values of its config are others by now."""
    config = as_dict(load(words))
    for key, value in changed.items():
        group, name = key.split("_", 1)
        config[group][name] = value
    return read(make(config=config, **CommandLine.parse(words).record()))


def test_what_was_typed_is_typed_again(make: Make) -> None:
    run = recorded(make, WORDS)
    assert again(run) == f"dltrain {' '.join(WORDS)}"
    assert repetition_of(run).notes == {}


def test_what_config_files_say_otherwise_by_now_is_added_and_said(make: Make) -> None:
    run = recorded(make, WORDS, trainer_epochs=7)
    made = repetition_of(run)
    assert made.words == [*WORDS, "trainer.epochs=7"]
    [note] = made.notes_beside(Overrides())
    assert note.startswith("trainer.epochs was 7 and is ")
    assert made.notes_beside(Overrides.parse(["trainer.epochs=9"])) == []
    assert as_dict(load(made.words)) == run.part("config")


def test_where_what_was_typed_cannot_be_typed_any_more_all_is_said_in_words(make: Make) -> None:
    run = recorded(make, WORDS)
    words = ["model=gone", "optimizer.lr=0.01"]
    line = CommandLine(words, Overrides.parse(words))
    made = repetition(run.part("config"), line)
    assert as_dict(load(made.words)) == run.part("config")
    assert "model=gone" in made.notes[""]


def test_a_config_that_no_words_come_to_is_refused_and_run_again_by_its_record(make: Make) -> None:
    run = recorded(make, WORDS, optimizer_lr="fast")
    with pytest.raises(ConfigError):
        repetition_of(run)
    assert again(run) == "dltrain rerun aaaa"
    with pytest.raises(ValueError, match="its record does not say what it was told"):
        repetition_of(read(make("2026-01-02_10-00-00_x_bbbb")))


def test_a_command_is_one_line_that_a_terminal_takes(make: Make, here: Path) -> None:
    run = recorded(make, [*WORDS, "output_dir='a\tb'"])
    assert again(run) == "dltrain " + shlex.join(WORDS)  # where it lies is no part of it
