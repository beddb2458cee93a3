"""A patient's slide in the browser: its pixels, the map on it, a tile that is clicked, patients that are opened."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from survdash.settings import settings
from survdash.slide.reader import open_slide
from survdash.usecases import slides_of_patient

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EXPLAINED_MS = 120_000  # the worker loads its networks first
VIEWER = ".sv[data-ready]"
COLOUR_STEPS = 12  # of 255, on average: JPEG, and a zoom that is not whole


def open_viewer(page: Page, url: str) -> None:
    page.goto(f"{url}/patient?cohort=demo&run=glg&case=SIM-0001")
    page.locator(VIEWER).wait_for(timeout=EXPLAINED_MS)
    page.wait_for_timeout(2000)  # the tiles of the first view


@pytest.fixture
def path_of_slide(server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the server keeps the slide of SIM-0001; other tests leave slides of other patients beside it."""
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(server.data_dir))
    settings.cache_clear()
    (slide,) = slides_of_patient("demo", "SIM-0001")
    assert slide.path is not None
    yield slide.path
    settings.cache_clear()


def look(page: Page) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(page.locator(".sv-stage").screenshot())).convert("RGB")).astype(int)


@pytest.mark.timeout(400)
def test_the_viewer_shows_the_slide_s_own_pixels_and_the_map_on_them(server, path_of_slide: Path, page: Page):
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    open_viewer(page, server.url)
    assert not [one.url for one in answers if "slide_view" in one.url and not one.ok]
    shown_with_map = look(page)
    page.get_by_label("Heat map").uncheck()
    page.wait_for_timeout(500)
    assert np.abs(look(page) - shown_with_map).mean() > 3
    zoom_before = float(page.locator(VIEWER).get_attribute("data-zoom"))
    page.get_by_role("button", name="Full resolution").click()
    page.wait_for_timeout(2500)
    assert float(page.locator(VIEWER).get_attribute("data-zoom")) > zoom_before
    assert float(page.locator(VIEWER).get_attribute("data-zoom")) == pytest.approx(1, rel=0.01)
    # At full resolution one pixel of the screen is one of the slide: the middle of the view is found in the file.
    with open_slide(path_of_slide) as slide:
        whole = slide.thumbnail(max(slide.width, slide.height)).astype(int)
    seen = look(page)
    height, width = seen.shape[:2]
    part = seen[height // 2 - 60 : height // 2 + 60, width // 2 - 60 : width // 2 + 60]
    middle = np.array(whole.shape[:2]) // 2
    best = min(
        np.abs(part - whole[y : y + 120, x : x + 120]).mean()
        for y in range(middle[0] - 64, middle[0] - 56) for x in range(middle[1] - 64, middle[1] - 56)
    )  # fmt: skip
    assert best < COLOUR_STEPS
    expect(page.locator(".sv-scale")).to_contain_text("µm")
    scale = page.locator(".sv-scale")
    um, px = float(scale.get_attribute("data-um")), float(scale.get_attribute("data-px"))
    assert px == pytest.approx(um / 0.5, rel=0.02)  # 0.5 um per pixel, at full resolution


@pytest.mark.timeout(400)
def test_a_clicked_tile_ranks_its_gene_groups_and_a_group_lights_its_tissue(server, page: Page):
    open_viewer(page, server.url)
    title = page.locator(".sv-side .sv-title").first
    expect(title).to_have_text("Weight of each tile in the answer")
    page.locator(".sv-gallery button").first.click()
    panel = page.locator(".sv-panel")
    expect(panel).to_contain_text(re.compile(r"Tile \d+ of 15"))
    shares = [float(text.removeprefix("×")) for text in panel.locator("li span span").all_inner_texts()]
    assert len(shares) == 6
    assert shares == sorted(shares, reverse=True)
    page.locator(".st-key-patient-why_group").get_by_text("Oncogenes", exact=True).click()
    expect(title).to_have_text("Oncogenes: Transport plan")
    # The keyboard does what the mouse does.
    canvas = page.get_by_role("application").first
    canvas.focus()
    before = float(page.locator(VIEWER).get_attribute("data-zoom"))
    for _ in range(2):
        page.keyboard.press("+")
    page.wait_for_timeout(1200)
    assert float(page.locator(VIEWER).get_attribute("data-zoom")) > before
    page.get_by_role("button", name="Whole slide").click()
    page.wait_for_timeout(1200)
    canvas.focus()
    page.keyboard.press("Enter")
    expect(panel).to_contain_text(re.compile(r"Tile \d+ of 15"))


@pytest.mark.timeout(400)
def test_a_like_patient_opens_the_one_that_is_named(server, page: Page):
    open_viewer(page, server.url)
    link = page.get_by_role("link", name=re.compile(r"^SIM-\d{4}: ")).nth(2)
    name = re.search(r"SIM-\d{4}", link.inner_text()).group()
    link.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert f"case={name}" in page.url


@pytest.mark.timeout(400)
def test_the_hypothetical_curve_comes_within_seconds(server, page: Page):
    open_viewer(page, server.url)
    page.get_by_text("Change genes or clinical facts").click()
    handle = page.get_by_test_id("stSlider").get_by_role("slider").first
    handle.wait_for()
    handle.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text(re.compile(r"Alive at 1 year: \d+ → \d+ of 100"))).to_be_visible()
