"""Make the pictures that README shows, into ``tests/screenshots``; run by hand.

    python -m tests.screenshots

It trains a sweep and a run on Fashion-MNIST, and photographs the report, light and dark, and
what the terminal shows of both, in Debian's Chromium. About a minute on two cores.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import rich.console
from PIL import Image
from playwright.sync_api import sync_playwright
from rich.text import Text

from tests.sweep.helpers import carry_out

HERE = Path(__file__).parent / "screenshots"
SWEEP = (
    *("-m", "model=softmax", "data=fashion_mnist", "optimizer.lr=0.01,0.03,0.1,0.3"),
    *("optimizer.momentum=0,0.9", "sweep.repeat=3", "trainer.epochs=5"),
)
RUN = ("model=mlp", "data=fashion_mnist", "trainer.epochs=12")
WIDTH, HEIGHT = 1320, 1180
COLUMNS = 118
# What each picture of the terminal shows: commands, one after the other.
TERMINAL = {
    "terminal-show.png": ["dltrain runs show latest"],
    "terminal-sweep.png": ["dltrain runs", "dltrain runs best @2", "dltrain runs compare @2"],
}
# Colours of a picture, and the most bytes it may have.
COLOURS, MOST_BYTES = 256, 200_000


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for words in (SWEEP, ("report", "latest", "--output", "report.html"), RUN):
            shown = carry_out(folder, *words)
            assert shown.code == 0, shown
        HERE.mkdir(exist_ok=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            reports(browser, folder / "report.html")
            for name, commands in TERMINAL.items():
                terminal(browser, folder, name, commands)
            browser.close()


def reports(browser: Any, page: Path) -> None:
    """Photograph a report's beginning and what its best model gets wrong, light and dark."""
    for scheme in ("light", "dark"):
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
        tab.goto(page.as_uri())
        tab.wait_for_timeout(1500)  # plots draw themselves
        save(tab, f"report-{scheme}.png")
        if scheme == "light":
            tab.evaluate("document.getElementById('classes').scrollIntoView()")
            tab.wait_for_timeout(500)
            save(tab, "report-classes.png")


def terminal(browser: Any, folder: Path, name: str, commands: list[str]) -> None:
    """Photograph what a terminal shows of some commands."""
    console = rich.console.Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="standard"
    )
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm"}
    for command in commands:
        line = [sys.executable, "-m", *shlex.split(command)]
        result = subprocess.run(line, cwd=folder, env=environment, capture_output=True, check=True)
        console.print(Text.assemble(("$ ", "green"), (command, "bold")))
        console.print(Text.from_ansi(result.stdout.decode()))
    # Its fonts would come from the network.
    picture = re.sub(
        r"@font-face \{.*?\}", "", console.export_svg(title="dltrain"), flags=re.DOTALL
    )
    tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    tab.set_content(f"<body style='margin:0'>{picture}</body>")
    save(tab.locator("svg").first, name)


def save(shown: Any, name: str) -> None:
    """Keep what a tab or a part of it shows, in few colours."""
    picture = Image.open(io.BytesIO(shown.screenshot())).convert("RGB")
    few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(HERE / name, optimize=True)
    assert (HERE / name).stat().st_size < MOST_BYTES, name


if __name__ == "__main__":
    main()
