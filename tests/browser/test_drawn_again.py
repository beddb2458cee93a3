"""What Streamlit does to a part of ours that it draws twice in a row: the first drawing may end after the second began.

It loads the script of a part anew for each drawing and ends one that was overtaken meanwhile as soon as it is there.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from survdash.ui import slide_viewer, uploader

pytestmark = pytest.mark.browser
ADDRESS = "http://parts.example/"
DRAW = """([source, data]) => {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
  window.told = []
  window.draw = async (name) => (await import(address)).default({
    data, parentElement: document.body, setTriggerValue: (what) => window.told.push(`${name} ${what}`),
  })
}"""
GIVEN = {
    "key": "number/file", "address": "take_in", "slots": [{"part": "file1", "grant": "g"}], "suffixes": ["csv"],
    "limit": 1e9, "resume": "",
    "words": dict.fromkeys(("choose", "hint", "cancel", "left", "again", "more", "full", "large"), "word"),
}  # fmt: skip


def open_alone(page: Page, folder: Path, script: str, html: str, data: object) -> None:
    """A page with nothing but this part, whose files come to a server that takes all of them."""

    def serve(route: Route) -> None:
        if route.request.method == "GET":
            route.fulfill(content_type="text/html", body=html)
        else:
            route.fulfill(json={"offset": 3 if route.request.method == "PUT" else 0, "grant": "g",
                                "done": route.request.method == "PUT"})  # fmt: skip

    page.route(f"{ADDRESS}**", serve)
    page.goto(ADDRESS)
    page.evaluate(DRAW, [(folder / script).read_text(encoding="utf-8"), data])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("a,b")
    return path


def test_a_file_is_told_of_by_the_drawing_that_is_there(page: Page, table: Path) -> None:
    open_alone(page, uploader.HERE, "uploader.js", uploader.HTML, GIVEN)
    page.evaluate("async () => { const end = await draw('first'); await draw('second'); end() }")
    page.locator("[data-part=input]").set_input_files(table)
    page.wait_for_function("told.includes('second arrived')", timeout=5000)


def test_what_came_while_nothing_was_drawn_is_told_by_the_next_drawing(page: Page, table: Path) -> None:
    open_alone(page, uploader.HERE, "uploader.js", uploader.HTML, GIVEN)
    page.evaluate("async () => { window.end = await draw('first') }")
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.evaluate("end()")
        page.locator("[data-part=input]").set_input_files(table)
    page.wait_for_function("![...survdashUploads.values()][0].busy")
    assert page.evaluate("told") == []
    page.evaluate("draw('second')")
    page.wait_for_function("told.includes('second arrived')", timeout=5000)
    page.evaluate("told.length = 0; draw('third')")
    page.wait_for_timeout(100)
    assert page.evaluate("told") == []


def test_a_slide_stays_when_an_earlier_drawing_of_it_ends(page: Page) -> None:
    open_alone(page, slide_viewer.HERE, "viewer.js", '<div class="sv-host"></div>', {})
    page.evaluate("""async () => {
      const host = document.querySelector(".sv-host")
      const viewer = host.survdashViewer = { drawn: 0, update() { this.drawn += 1 }, destroy() { this.drawn = 0 } }
      const end = await draw("first")
      window.last = await draw("second")
      end()
    }""")
    assert page.evaluate("document.querySelector('.sv-host').survdashViewer?.drawn") == 2
    page.evaluate("last()")
    assert page.evaluate("document.querySelector('.sv-host').survdashViewer") is None
