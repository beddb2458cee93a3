"""One live server and one browser for all browser tests; a fresh window for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from survdash.simulation.pyramid import write_pyramid
from survdash.simulation.sample_case import sample_case
from survdash.slide.reader import open_slide
from tests.browser.server import CHROMIUM_ARGUMENTS, Server, find_chromium, running_server

WAIT_MS = 30_000
LARGER = 10  # times the side of 1,024 px: 1,500 tiles, of which one core of a fast machine does some 300 a second


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)  # five seconds otherwise, in which a busy machine opens no slide
    yield page
    context.close()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped simulated patient, as files."""
    folder = tmp_path_factory.mktemp("sample")
    sample_case(folder)
    return folder


@pytest.fixture
def larger_slide(tmp_path: Path, sample: Path, request: pytest.FixtureRequest) -> Path:
    """A slide that takes the worker long enough to be watched, another one for each test: features are kept."""
    with open_slide(sample / "slide.tiff") as slide:
        image = slide.thumbnail(max(slide.width, slide.height))[256:1280, 256:1280].copy()  # tissue all over
    image[:8, :8] = np.frombuffer(request.node.name.encode().ljust(192)[:192], np.uint8).reshape(8, 8, 3)
    path = tmp_path / "larger.tiff"
    write_pyramid(np.tile(image, (LARGER, LARGER, 1)), path, mpp=0.5)
    return path


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    with running_server(tmp_path / "data") as running:
        yield running
