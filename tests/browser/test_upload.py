"""A slide goes straight to disk from the browser: flat in memory, cancelled, gone on with, side by side."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.server import Server
from tests.browser.steps import choose, give

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MEGABYTE = 1 << 20
GROWTH_MB = 100  # a file that is held costs its 300; pages of other tests beside it cost some tens


@pytest.fixture
def large_slide(tmp_path: Path, shared: Path) -> Path:
    """A real slide with 300 MB of nothing behind its last directory, which every reader of TIFF ignores."""
    path = tmp_path / "large.svs"
    shutil.copy(shared / "slides" / "CMU-1-Small-Region.svs", path)
    os.truncate(path, 300 * MEGABYTE)
    return path


def peak_mb(server: Server) -> int:
    """The most memory that the server has had."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def open_form(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/new_case?cohort=demo")
    page.locator(".uploader [data-part=choose]").wait_for()


@pytest.mark.timeout(300)
def test_a_large_slide_costs_the_server_no_memory_and_is_hashed_on_its_way(server, page: Page, large_slide, shared):
    open_form(page, server)
    give(page, "slide", shared / "slides" / "CMU-1-Small-Region.svs")  # what its checks need is in memory now
    expect(page.get_by_text("2,220 × 2,967 pixels")).to_be_visible()
    page.locator(".st-key-new_case-remove_slide button").click()
    page.locator(".st-key-new_case-remove_slide").wait_for(state="detached")
    before = peak_mb(server)
    choose(page, large_slide)
    expect(page.get_by_text("2,220 × 2,967 pixels")).to_be_visible(timeout=120_000)
    assert peak_mb(server) - before < GROWTH_MB
    (slide,) = [path for path in server.kept_uploads() if path.stat().st_size == 300 * MEGABYTE]
    with large_slide.open("rb") as file:
        expected = hashlib.file_digest(file, "sha256").hexdigest()
    assert json.loads((slide.parent / "about.json").read_text())["sha256_slide"] == expected
    page.locator(".st-key-new_case-remove_slide button").click()
    expect(page.locator(".st-key-new_case-remove_slide")).to_have_count(0)
    assert not slide.exists()


@pytest.mark.timeout(300)
def test_a_lost_connection_is_gone_on_with_and_cancel_leaves_nothing(server, page: Page, large_slide):
    kept, pieces = server.kept_uploads(), []

    def break_the_third(route: Route) -> None:
        if route.request.method == "PUT":
            pieces.append(route.request.headers["x-survdash-offset"])
            if len(pieces) == 3:
                route.abort("connectionreset")
                return
        route.continue_()

    page.route("**/take_in", break_the_third)
    open_form(page, server)
    choose(page, large_slide)
    expect(page.get_by_text("connection lost, next try in")).to_be_visible()
    while len(pieces) < 5:
        page.wait_for_timeout(100)
    assert pieces[2] == pieces[3], "the piece that was lost is sent again, none before it"
    page.locator(".uploader [data-part=cancel]").click()
    expect(page.locator(".uploader [data-part=choose]")).to_be_visible()
    for _ in range(100):  # the server may still be at the piece that was broken off
        if server.kept_uploads() == kept:
            break
        page.wait_for_timeout(100)
    assert server.kept_uploads() == kept


@pytest.mark.timeout(300)
def test_after_a_reload_the_same_file_goes_on_where_it_ended(server, page: Page, large_slide):
    offsets: list[int] = []
    page.on("request", lambda request: offsets.append(int(request.headers["x-survdash-offset"]))
            if request.method == "PUT" and request.url.endswith("/take_in") else None)  # fmt: skip
    open_form(page, server)
    choose(page, large_slide)
    while len(offsets) < 4 or "upload=" not in page.url:
        page.wait_for_timeout(50)
    page.reload()
    expect(page.get_by_text("Choose the same file to go on with it")).to_be_visible()
    before = len(offsets)
    choose(page, large_slide)
    expect(page.get_by_text("2,220 × 2,967 pixels")).to_be_visible(timeout=120_000)
    assert offsets[before] >= offsets[3] > 0
    page.locator(".st-key-new_case-remove_slide button").click()
    expect(page.locator(".st-key-new_case-remove_slide")).to_have_count(0)


@pytest.mark.timeout(300)
def test_several_slides_in_one_go_and_two_visitors_at_once(server, page: Page, browser: Browser, shared, sample):
    other = browser.new_context().new_page()
    other.set_default_timeout(60_000)
    slides = [sample / "slide.tiff", shared / "slides" / "CMU-1-Small-Region.svs"]
    for tab in (page, other):
        open_form(tab, server)
    for tab in (page, other):
        choose(tab, slides)
    for tab in (page, other):
        expect(tab.locator(".st-key-new_case-remove_slide2")).to_be_visible(timeout=60_000)
        expect(tab.get_by_text("slide.tiff", exact=True)).to_be_visible()
    other.context.close()
