"""Markdown on a terminal is set, and in a pipe it is the source."""

from __future__ import annotations

import re
import sys

import pytest

from dltrain.cli.terminal.markdown import show_markdown

TEXT = """\
# sweeps: many runs

Give keys *several* values; [conf/](conf) has more. <!-- a mark -->

<!-- a mark -->

```sh
dltrain -m "seed=range(4)" "model.hidden=[64],[128]"
```
"""


def test_in_a_pipe_it_is_the_source(capfd: pytest.CaptureFixture[str]) -> None:
    show_markdown(TEXT)
    sys.stdout.flush()
    assert capfd.readouterr().out == TEXT


def test_on_a_terminal_it_is_set_for_its_width(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    show_markdown(TEXT + "many words " * 40)
    sys.stdout.flush()
    out = capfd.readouterr().out
    plain = re.sub(r"\x1b(\[[0-9;]*m|\]8;.*?\x1b\\)", "", out)
    assert out != plain
    assert max(map(len, plain.splitlines())) <= 60
    assert 'dltrain -m "seed=range(4)" "model.hidden=[64],[128]"' in plain
    assert not any(mark in plain for mark in ("```", "# sweeps", "*several*", "a mark"))
