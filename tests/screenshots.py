"""Make the pictures that README shows, into ``tests/screenshots``; run by hand.

    python -m tests.screenshots

It trains a sweep on Fashion-MNIST, writes its report, and photographs that in Debian's Chromium,
light and dark. About half a minute on two cores.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.sweep.helpers import carry_out

HERE = Path(__file__).parent / "screenshots"
SWEEP = (
    *("-m", "model=softmax", "data=fashion_mnist", "optimizer.lr=0.01,0.03,0.1,0.3"),
    *("optimizer.momentum=0,0.9", "sweep.repeat=3", "trainer.epochs=5"),
)
WIDTH, HEIGHT = 1320, 1180
# Colours of a picture, and the most bytes it may have.
COLOURS, MOST_BYTES = 256, 200_000


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for words in (SWEEP, ("report", "latest", "--output", "report.html")):
            shown = carry_out(folder, *words)
            assert shown.code == 0, shown
        HERE.mkdir(exist_ok=True)
        reports(folder / "report.html")


def reports(page: Path) -> None:
    """Photograph a report's beginning and what its best model gets wrong, light and dark."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
            tab.goto(page.as_uri())
            tab.wait_for_timeout(1500)  # plots draw themselves
            save(tab, f"report-{scheme}.png")
            if scheme == "light":
                tab.evaluate("document.getElementById('classes').scrollIntoView()")
                tab.wait_for_timeout(500)
                save(tab, "report-classes.png")
        browser.close()


def save(tab: Any, name: str) -> None:
    """Keep what a tab shows, in few colours."""
    picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(HERE / name, optimize=True)
    assert (HERE / name).stat().st_size < MOST_BYTES, name


if __name__ == "__main__":
    main()
