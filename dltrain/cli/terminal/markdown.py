"""Markdown on the terminal: set for its width; in a pipe the source as it is."""

from __future__ import annotations

from rich.markdown import Markdown

from dltrain.cli.terminal.console import output

# Longer lines are hard to read.
MAX_WIDTH = 100


def show_markdown(text: str) -> None:
    """Print a text of ours; a stranger's would have to be made harmless first."""
    console = output()
    if console.is_terminal:
        # The terminal's sixteen colours: a theme's would assume a dark or a light background.
        page = Markdown(text, code_theme="ansi_dark")
        console.print(page, width=min(console.width, MAX_WIDTH), soft_wrap=False)
    else:
        console.file.write(text)
