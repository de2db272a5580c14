"""The HTML report in a browser: it opens from disk, filters, follows its links, and can be read by everybody."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.replay.run.result import RunResult
from pytest_runtime.reports.formats import write

from ..test_report import NOTHING, SAME, UNJUDGED, totals, verdict
from .examples import everything, hostile, large

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    # Playwright's own event loop, which it leaves behind when a test process ends.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens the report of a result from disk, without any network; nothing may be complained about at the end."""
    complaints: list[str] = []
    pages = []

    def opened(result: RunResult, scheme: str = "light") -> Any:
        write(tmp_path / "report.html", result)
        page = browser.new_page(color_scheme=scheme, viewport={"width": 1200, "height": 800})
        pages.append(page)
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.extend([request.url] * (not request.url.startswith("file://"))))
        page.goto((tmp_path / "report.html").as_uri())
        return page

    yield opened
    for page in pages:
        page.close()
    assert complaints == []


@pytest.mark.parametrize(
    ("result", "scheme"),
    [
        (everything(Path("/nowhere")), "light"),
        (everything(Path("/nowhere")), "dark"),
        (totals(verdict(SAME)), "light"),
        (totals(verdict(UNJUDGED)), "dark"),
        (NOTHING, "light"),
        (hostile(), "dark"),
    ],
    ids=["everything", "everything-dark", "safe", "unknown", "nothing", "hostile"],
)
def test_everybody_can_read_it(show: Callable[..., Any], result: RunResult, scheme: str) -> None:
    """axe-core finds no violation in either scheme, with all parts open."""
    page = show(result, scheme)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found] == []


def test_the_first_screen_answers_the_question(show: Callable[..., Any]) -> None:
    """Title, why, and the first cause with its place are seen without scrolling."""
    page = show(everything(Path("/nowhere")))
    for text in ("Not safe to merge", "3 of 7 traces diverged", "shop.py:2", "150 > 500 is false"):
        box = page.get_by_text(text).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 800, text


def test_the_filter_leaves_what_fits(show: Callable[..., Any]) -> None:
    """By words, by kind, both, and back; the keyboard reaches all of it."""
    page = show(everything(Path("/nowhere")))
    causes, rows = page.locator("details.cause:visible"), page.locator("#divergences tbody tr:visible")
    assert (causes.count(), rows.count()) == (2, 8)
    page.keyboard.press("/")
    page.keyboard.type("shop.py:8")
    page.get_by_text("1 of 2 causes, 4 of 8 divergences").wait_for()
    page.get_by_label("Kind").select_option("outbound")
    page.get_by_text("1 of 2 causes, 1 of 8 divergences").wait_for()
    page.get_by_label("Kind").select_option("")
    page.get_by_label("Filter by").press("Escape")
    assert (causes.count(), rows.count()) == (2, 8)
    for key in ("j", "j"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    assert page.locator("#cause-2[open]").count() == 1


def test_links_lead_to_what_they_name(show: Callable[..., Any]) -> None:
    """From a divergence to its cause, trace and path, which open; from a cause to its entry; no address is missing."""
    page = show(everything(Path("/nowhere")))
    page.locator("#divergences a").last.click()
    page.locator("#cause-2[open]").wait_for()
    page.locator("#cause-2 .entries a").click()
    page.locator("details.entry[open]").wait_for()
    page.locator("#divergences tbody tr").last.get_by_role("link", name="d3").click()
    page.locator("#cause-2 .traces[open] code", has_text="d3").wait_for()
    page.evaluate("document.querySelectorAll('details.entry').forEach((part) => { part.open = false; })")
    page.locator("#divergences tbody tr").first.get_by_role("link", name="total > LIMIT is true").click()
    page.locator("details.entry[open] tr", has_text="total > LIMIT is true").wait_for()
    missing = page.evaluate(
        "[...document.links].filter((link) => !document.getElementById(decodeURIComponent(link.hash.slice(1)))).length"
    )
    assert missing == 0


def test_a_large_report_can_be_filtered(show: Callable[..., Any]) -> None:
    """2,000 diverged traces at 200 places."""
    page = show(large(2_000, 200))
    page.get_by_label("Filter by").fill("shop.py:77")
    page.get_by_text("1 of 200 causes, 4 of 800 divergences").wait_for()
