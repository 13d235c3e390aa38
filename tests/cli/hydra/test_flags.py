"""Flags of Hydra's: each works, or is refused in a line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Call


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--resolve"], "--resolve: belongs to --cfg; add --cfg job, or leave it out"),
        (["--package", "model"], "--package: belongs to --cfg; add --cfg job, or leave it out"),
        (["--package=model"], "--package: belongs to --cfg; add --cfg job, or leave it out"),
        (["-p", "model"], "--package: belongs to --cfg; add --cfg job, or leave it out"),
        (["--info", "--resolve"], "--resolve: belongs to --cfg; leave it out"),
        (["--run"], "--run: is what dltrain does anyway; leave it out"),
        (["-r"], "-r: is what dltrain does anyway; leave it out"),
        (
            ["--hydra-help"],
            "--hydra-help: lists flags of Hydra's that dltrain has not; dltrain --help lists those "
            "it has",
        ),
        (
            ["--config-path=x"],
            "--config-path: dltrain brings its configs; --config-dir DIR adds a folder of your own",
        ),
        (["-cd", "nosuch"], "--config-dir=nosuch: no such folder"),
        (
            ["--experimental-rerun=x"],
            "--experimental-rerun: reads pickles, which dltrain does not; dltrain rerun RUN trains "
            "again",
        ),
    ],
)
def test_a_flag_without_effect_is_refused(
    words: list[str], message: str, call: Call, here: Path
) -> None:
    shown = call(*words)
    assert (shown.code, shown.out, shown.err) == (2, "", f"dltrain: error: {message}\n")
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("words", [["-c", "job", "-p", "seed"], ["--cfg=job", "-cn=config"]])
def test_hydras_short_flags_work(words: list[str], call: Call, here: Path) -> None:
    shown = call(*words)
    assert (shown.code, shown.err) == (0, "")
    assert "0" in shown.out
