"""Markdown on the terminal: set for its width; in a pipe the source as it is."""

from __future__ import annotations

from rich.markdown import Markdown
from rich.theme import Theme

from dltrain.cli.terminal.console import output

# Longer lines are hard to read.
MAX_WIDTH = 100
# The terminal's sixteen colours on its background; rich's would assume a dark one.
CODE, WORD = "ansi_dark", Theme({"markdown.code": "cyan"})


def show_markdown(text: str) -> None:
    """Print a text of ours; a stranger's would have to be made harmless first."""
    console = output()
    if console.is_terminal:
        page, width = Markdown(text, code_theme=CODE), min(console.width, MAX_WIDTH)
        with console.use_theme(WORD):
            console.print(page, width=width, soft_wrap=False)
    else:
        console.file.write(text)
