"""The dashboard by keyboard, by screen reader, in both themes, narrow and wide, and in Chinese."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WAIT_MS
from tests.browser.server import Server
from tests.browser.words import each_tab, open_expanders, settle

pytestmark = pytest.mark.browser

ADDRESSES = (
    "", "cohort?cohort=demo", "patient?cohort=demo", "new_case?cohort=demo", "compare?cohort=demo", "models",
    "import_cohort", "contents?cohort=demo", "patient?cohort=demo&case=nobody",
)
WIDTHS = (400, 1280, 2560)
MOST_TABS = 60
MATTERS = ("serious", "critical")


@pytest.fixture(params=["light", "dark"])
def themed(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    yield page
    context.close()


def violations(page: Page) -> list[str]:
    """What axe finds that keeps somebody out, with the element."""
    answer = Axe().run(page, options={"resultTypes": ["violations"]}).response
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]} {json.dumps(node['any'][:1])[:200]}"
        for one in answer["violations"] if one["impact"] in MATTERS for node in one["nodes"]
    ]


@pytest.mark.timeout(600)
def test_axe_finds_nothing_serious_on_any_page_in_either_theme(server: Server, themed: Page):
    found = []
    for address in ADDRESSES:
        themed.goto(f"{server.url}/{address}")
        settle(themed)
        open_expanders(themed)
        themed.wait_for_timeout(300)  # an expander opens with an animation, half faded
        found += [f"{address}: {words}" for words in violations(themed)]
        for tab in each_tab(themed):
            found += [f"{address}, {tab.inner_text()}: {words}" for words in violations(themed)]
    assert not found, "\n".join(dict.fromkeys(found))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_scrolls_sideways(server: Server, page: Page, language):
    wide = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for address in ADDRESSES:
            page.goto(f"{server.url}/{address}{'&' if '?' in address else '?'}lang={language}")
            settle(page)
            over = page.evaluate(
                "['html', '[data-testid=stMain]'].map(s => document.querySelector(s))"
                ".map(e => e.scrollWidth - e.clientWidth)"
            )
            if max(over) > 0:
                wide.append(f"{address} at {width} px: {max(over)} px too wide")
    assert not wide, "\n".join(wide)


def reach(page: Page, words: str) -> None:
    """Press Tab until what has the focus says these words."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        said = page.evaluate(  # the main part takes the focus too, and holds all words
            "(e => e.tagName === 'MAIN' ? '' : (e.getAttribute('aria-label') || '') + ' ' + e.innerText)"
            "(document.activeElement)"
        )
        if re.search(words, said):
            return
    raise AssertionError(f"nothing that says {words!r} takes the focus within {MOST_TABS} steps")


def test_a_cohort_is_opened_and_a_model_chosen_with_the_keyboard_alone(server: Server, page: Page):
    page.goto(server.url)
    settle(page)
    reach(page, "Look at a cohort")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cohort", level=1)).to_be_visible()
    settle(page)
    reach(page, r"^Model\s*$")
    page.keyboard.type("Ridge")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("run=cox_ridge"))
    settle(page)
    reach(page, "Download CSV")
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    assert waiting.value.suggested_filename.endswith(".csv")


def test_what_has_the_focus_is_seen(server: Server, page: Page):
    page.goto(server.url)
    settle(page)
    for words in (r"groups\s+Cohort", "Look at a cohort"):
        reach(page, words)
        style = page.evaluate(
            "(s => [s.outlineStyle, s.outlineWidth, s.boxShadow])(getComputedStyle(document.activeElement))"
        )
        assert style[2] != "none" or (style[0] != "none" and style[1] != "0px"), words


def test_every_figure_and_table_has_a_name_for_a_screen_reader(server: Server, page: Page):
    nameless = []
    for address in ADDRESSES:
        page.goto(f"{server.url}/{address}")
        settle(page)
        for table in page.get_by_test_id("stDataFrame").all():  # drawn when it comes into view
            if table.is_visible():
                table.scroll_into_view_if_needed()
                table.locator("canvas").first.wait_for()
        nameless += page.evaluate(
            """address => [...document.querySelectorAll('[data-testid=stPlotlyChart], [data-testid=stDataFrame]')]
            .filter(e => e.offsetParent && !e.closest('[aria-label]'))
            .filter(e => !e.querySelector('[aria-label]:not(button):not(svg)'))
            .map(e => address + ': ' + e.dataset.testid + ' ' + e.innerText.slice(0, 60))""", address)
    assert not nameless, "\n".join(nameless)


def test_the_choice_of_a_language_goes_along_and_is_kept(server: Server, page: Page):
    page.goto(server.url)
    settle(page)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("radio", name="中文").or_(page.get_by_role("button", name="中文")).first.click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_role("link", name="队列").first.click()
    expect(page.get_by_role("heading", name="队列", level=1)).to_be_visible()
    expect(page).to_have_title(re.compile("队列"))
    page.reload()
    expect(page.get_by_role("heading", name="队列", level=1)).to_be_visible()
    page.goto(f"{server.url}/models?lang=en")
    expect(page.get_by_role("heading", name="Models & data", level=1)).to_be_visible()


def test_a_browser_that_asks_for_chinese_gets_it(server: Server, browser: Browser):
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(server.url)
    expect(page.get_by_role("link", name="队列").first).to_be_visible(timeout=WAIT_MS)
    context.close()
