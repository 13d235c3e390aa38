"""The page of a report in a real browser: Debian's Chromium, headless, from disk."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dltrain.report.page import as_script
from tests.report.subjects import (
    CLASSES,
    COLUMN,
    LABEL,
    MESSAGE,
    SAMPLE,
    TABLE,
    hostile,
    trained,
    write_table,
)
from tests.sweep.helpers import carry_out

CHROMIUM = shutil.which("chromium")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install '.[dev]'"
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium: apt-get install chromium"
)
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--no-first-run", "--disable-quic"),
)
PAGES = ("sweep", "image", "classes", "amounts", "several", "hostile")
CSS = Path(__file__).parents[2] / "dltrain" / "report" / "assets" / "page.css"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    write_table(folder / "classes.csv", names=("low", "middle", "high"))
    write_table(folder / "amounts.csv")
    rates = ("optimizer.lr=0.03,0.1,0.3", "sweep.repeat=3")
    subjects = {
        "sweep": trained(folder, "-m", "model=softmax", *SAMPLE, *rates),
        "image": trained(folder, "model=mlp", "model.hidden=[16]", *SAMPLE),
        "classes": trained(folder, "model=softmax", "data.path=classes.csv", *TABLE),
        "amounts": trained(folder, "model=linear", "data.path=amounts.csv", *TABLE),
        "hostile": hostile(folder),
    }
    for name in PAGES:
        runs = [subjects[name]] if name in subjects else [subjects["image"], subjects["sweep"]]
        shown = carry_out(folder, "report", *runs, "--output", f"{name}.html")
        assert shown.code == 0, shown
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of this file."""
    with playwright.sync_playwright() as own:
        started = own.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@contextlib.contextmanager
def watched(browser: Any, path: Path, *, width: int = 1200, **more: Any) -> Iterator[Any]:
    """Open a page; when it is closed, it has neither complained nor asked for anything."""
    page = browser.new_page(viewport={"width": width, "height": 800}, **more)
    complaints: list[str] = []
    asked: list[str] = []

    def dismissed(dialog: Any) -> None:
        complaints.append(dialog.message)
        dialog.dismiss()

    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", dismissed)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    page.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]


@pytest.fixture
def opened(browser: Any, pages: Path) -> Iterator[Callable[..., Any]]:
    """Open reports by name."""
    with contextlib.ExitStack() as stack:
        yield lambda name, **more: stack.enter_context(
            watched(browser, pages / f"{name}.html", **more)
        )


@pytest.fixture(scope="module")
def image_page(browser: Any, pages: Path) -> Iterator[Any]:
    """A single run's page that several tests use, each something else of it."""
    with watched(browser, pages / "image.html") as page:
        yield page


@pytest.fixture(scope="module")
def sweep_page(browser: Any, pages: Path) -> Iterator[Any]:
    """A sweep's page that several tests use, one after the other."""
    with watched(browser, pages / "sweep.html") as page:
        yield page


def column(page: Any, section: str, name: str) -> list[str]:
    """Return the texts of a column's cells that can be seen, in order."""
    table = page.locator(f"#{section} table:has(thead button)")
    heads = table.locator("thead th").all_inner_texts()
    place = [text.strip() for text in heads].index(name) + 1
    cells = table.locator(f"tbody tr:not([hidden]) td:nth-child({place})").all_inner_texts()
    return list(cells)


def drawn(page: Any, title: str, count: int) -> None:
    """Wait until so many curves are drawn in a plot."""
    plot = page.locator(f"figure.plot:has([aria-label='Learning curves: {title} by epoch'])")
    playwright.expect(plot.locator(".scatterlayer .trace")).to_have_count(count)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ("sweep", "amounts") else [pytest.mark.proof])
        for name in PAGES
    ],
)
def test_a_page_opens_from_disk_draws_its_plots_and_fits_a_phone(name: str, opened: Any) -> None:
    page = opened(name)
    assert page.locator("h1").inner_text()
    assert page.locator("main details").count() >= 5
    plots = page.locator(".plot .canvas")
    assert plots.count() >= 1
    playwright.expect(
        page.locator(".plot .canvas:has(.plot-container .cartesianlayer .xy)")
    ).to_have_count(plots.count())
    page.set_viewport_size({"width": 375, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    assert page.evaluate("getComputedStyle(document.body).overflowX") == "visible"  # none is cut
    playwright.expect(page.locator(".canvas .main-svg").first).to_have_attribute(
        "width",
        re.compile(r"3[0-4]\d(\.\d+)?"),  # plots follow
    )


def test_a_click_on_a_columns_head_sorts_the_table(sweep_page: Any) -> None:
    page = sweep_page
    head = page.locator("#runs thead th", has_text="test/loss")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    values = [float(text) for text in column(page, "runs", "test/loss")]
    assert len(values) == 9
    assert values == sorted(values)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    values = [float(text) for text in column(page, "runs", "test/loss")]
    assert values == sorted(values, reverse=True)
    assert page.locator("#runs [aria-sort]").count() == 1


def test_the_keyboard_reaches_and_sorts_the_table(sweep_page: Any) -> None:
    page = sweep_page
    page.locator("#runs thead button", has_text="seed").focus()
    page.keyboard.press("Enter")
    assert column(page, "runs", "seed") == ["0"] * 3 + ["1"] * 3 + ["2"] * 3
    assert "Sorted by seed, ascending" in page.locator("#said").inner_text()


def test_the_table_is_filtered_by_words_that_all_stand_in_a_row(sweep_page: Any) -> None:
    page = sweep_page
    rows = [text.lower() for text in page.locator("#runs tbody tr").all_inner_texts()]
    counts = set()
    for typed in ("0.03", "0.3 DONE", " done", "done nosuchword", "done0", "lr > 0.1", ""):
        page.get_by_label("Filter the rows").fill(typed)
        expected = sum(all(word in row for word in typed.lower().split()) for row in rows)
        assert page.locator("#runs tbody tr:not([hidden])").count() == expected, typed
        shown = page.locator("#runs output").inner_text()
        assert shown == ("9 rows" if expected == 9 else f"{expected} of 9 rows")
        assert page.locator(".parallel path:not(.off)").count() == expected  # the lines follow
        counts.add(expected)
    assert {0, 9} < counts


def test_a_filter_can_be_cleared(sweep_page: Any) -> None:
    page = sweep_page
    page.get_by_label("Filter the rows").fill("nosuchword")
    assert page.locator("#runs output").inner_text() == "0 of 9 rows"
    page.get_by_role("button", name="Clear", exact=True).click()
    assert page.locator("#runs output").inner_text() == "9 rows"


def test_dragging_along_an_axis_chooses_runs(sweep_page: Any) -> None:
    page = sweep_page
    page.locator(".parallel").scroll_into_view_if_needed()
    box = page.locator(".parallel rect.zone").first.bounding_box()
    page.mouse.move(box["x"] + 16, box["y"] + 1)
    page.mouse.down()
    page.mouse.move(box["x"] + 16, box["y"] + box["height"] / 3, steps=4)
    page.mouse.up()
    assert column(page, "runs", "optimizer.lr") == ["0.3"] * 3
    page.get_by_role("button", name="Clear the choice").click()
    assert page.locator("#runs tbody tr:not([hidden])").count() == 9


def test_the_legend_hides_and_shows_curves(sweep_page: Any) -> None:
    page = sweep_page
    drawn(page, "loss", 18)  # each with a star on its kept epoch
    drawn(page, "accuracy", 18)
    first = page.locator("#curves .legend button").first
    first.click()
    assert first.get_attribute("aria-pressed") == "false"
    drawn(page, "loss", 12)
    drawn(page, "accuracy", 12)
    first.focus()
    page.keyboard.press("Space")
    drawn(page, "loss", 18)
    first.click(modifiers=["Shift"])  # alone
    drawn(page, "loss", 6)
    page.get_by_role("button", name="Training curves too").click()
    drawn(page, "loss", 9)


@pytest.mark.proof
def test_training_and_validation_of_a_single_run_are_told_apart(image_page: Any) -> None:
    page = image_page
    assert page.locator("#curves .legend button").all_inner_texts() == ["training", "validation"]
    drawn(page, "accuracy", 3)  # and the best epoch
    page.get_by_role("button", name="validation").click()
    drawn(page, "accuracy", 1)


def test_the_loss_has_a_switch_for_a_logarithmic_axis_and_zoom_can_be_undone(
    image_page: Any,
) -> None:
    page = image_page
    canvas = page.locator("#curves .canvas").first
    kind = "node => node.layout.yaxis.type"
    assert canvas.evaluate(kind) == "linear"
    page.get_by_role("button", name="Log scale").first.click()
    assert canvas.evaluate(kind) == "log"
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 160, steps=5)
    page.mouse.up()
    reset = page.get_by_role("button", name="Reset zoom").first
    reset.wait_for(state="visible")
    assert canvas.evaluate("node => node.layout.xaxis.autorange") is False
    reset.click()
    assert canvas.evaluate("node => node.layout.xaxis.autorange") is True


def test_sections_fold_by_keyboard_and_an_address_opens_them(sweep_page: Any) -> None:
    page = sweep_page
    details = page.locator("#settings")
    page.locator("#settings summary").focus()
    page.keyboard.press("Enter")
    assert details.get_attribute("open") is None
    page.locator("nav a", has_text="Settings").click()
    page.locator("#settings[open]").wait_for()  # the address has changed a moment later


@pytest.mark.proof
def test_the_keyboard_finds_the_way_past_the_contents(opened: Any) -> None:
    page = opened("sweep")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "report"
    unreachable = page.evaluate(
        "[...document.querySelectorAll('button, summary, a, input')]"
        ".filter(node => node.tabIndex < 0).length"
    )
    assert unreachable == 0


def test_light_and_dark_follow_the_system_and_a_button(image_page: Any) -> None:
    page = image_page
    paper = "getComputedStyle(document.body).backgroundColor"
    ink = "document.querySelector('.canvas').layout.font.color"
    light, dark = "rgb(253, 252, 249)", "rgb(22, 24, 27)"
    assert (page.evaluate(paper), page.evaluate(ink)) == (light, "#1d1c1a")
    page.emulate_media(color_scheme="dark")
    page.locator(":root[data-scheme=dark]").wait_for()
    assert (page.evaluate(paper), page.evaluate(ink)) == (dark, "#e6e3dc")
    page.get_by_role("button", name="Show it in light colours").click()
    assert (page.evaluate(paper), page.evaluate(ink)) == (light, "#1d1c1a")


@pytest.mark.parametrize("name", ["sweep", pytest.param("amounts", marks=pytest.mark.proof)])
def test_on_paper_all_is_open_and_nothing_is_cut(name: str, opened: Any) -> None:
    page = opened(name, color_scheme="dark", width=1400)
    page.locator("#config summary").click()
    assert page.pdf(format="A4").startswith(b"%PDF-")
    assert page.locator("#config").get_attribute("open") is None  # as it was
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.evaluate("document.documentElement.dataset.scheme") == "light"
    widths = page.evaluate("[...document.querySelectorAll('.main-svg')].map(n => n.clientWidth)")
    assert max(widths) <= 680  # what A4 leaves between its margins
    assert not page.locator("nav").is_visible()
    assert page.locator("button.quiet:visible").count() == 0


def test_a_command_is_copied(image_page: Any) -> None:
    page = image_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    line = page.locator("#commands li", has_text="predict with it")
    line.get_by_role("button").click()
    line.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == line.locator("code").inner_text()


@pytest.mark.proof
def test_a_plot_is_saved_as_svg(image_page: Any, tmp_path: Path) -> None:
    page = image_page
    with page.expect_download() as download:
        page.get_by_role("button", name="Save loss as SVG").click()
    download.value.save_as(tmp_path / "loss.svg")
    assert b"<svg" in (tmp_path / "loss.svg").read_bytes()


def test_what_a_stranger_wrote_is_shown_and_does_nothing(opened: Any) -> None:
    page = opened("hostile")  # that nothing was said or asked is seen when it is closed
    text = page.locator("body").inner_text()
    written_out = LABEL.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    assert page.locator("h1").inner_text() == page.title() == written_out
    for name in (*CLASSES, COLUMN, MESSAGE.replace("\x07", "\\x07")):
        assert name in text
    assert page.locator("body script:not([type])").count() == 2
    assert page.locator("img:not([src^='data:image/png;base64,'])").count() == 0
    assert page.locator("[onerror], [onclick], a[href^='javascript']").count() == 0
    assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert page.locator("svg a, svg b, svg img").count() == 0


@pytest.mark.proof
def test_no_other_script_can_run_and_nothing_can_be_asked_for(browser: Any, pages: Path) -> None:
    page = browser.new_page()
    page.goto((pages / "amounts.html").as_uri())
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'),"
        "{textContent: 'window.ran = true'}))"
    )
    assert page.evaluate("window.ran") is None
    assert page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 'refused')") == "refused"
    assert [text for text in said if "inline script" in text]
    assert [text for text in said if "127.0.0.1" in text]
    page.close()


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``, as WCAG defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    bright, faint = sorted(map(luminance, (one, other)), reverse=True)
    return (bright + 0.05) / (faint + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_colours_can_be_read(scheme: int) -> None:
    block = CSS.read_text().split("}")[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    assert len(colours) == 20
    for name in ("ink", "soft", "accent", "warn"):
        for ground in ("paper", "raised", "marked"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    assert contrast(colours["accent"], colours["on-strong"]) >= 4.5
    for number in range(8):
        assert contrast(colours[f"series-{number}"], colours["paper"]) >= 3, number


def test_text_cannot_end_the_element_that_holds_it() -> None:
    assert "<" not in as_script(["</script>", "<!--"])
