"""The README's pictures and the layouts that ``test_layout.py`` compares with: ``make pictures``.

Both are taken from a running dashboard over the shipped demo cohort, in a window that has seen the guide.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.screenshots import take
from tests.browser.server import CHROMIUM_ARGUMENTS, REPOSITORY, Server, find_chromium, running_server
from tests.browser.words import settle

PICTURES = REPOSITORY / "docs" / "pictures"
LAYOUTS = Path(__file__).with_name("layouts")
ADDRESSES = {
    "home": "?", "cohort": "cohort?cohort=demo", "patient": "patient?cohort=demo", "compare": "compare?cohort=demo",
    "models": "models?cohort=demo", "help": "help?",
}  # fmt: skip
SCHEMES = ("light", "dark")
# Of a window of 1280 x 900: a cell of 20 x 20 px is about a word, so that what is compared is where things lie and how
# dark they are, not which font wrote them.
CELLS = (64, 45)
PICTURE_HEIGHT = 1500


def open_window(browser: Browser, server: Server, *, scheme: str) -> Page:
    """A window of 1280 x 900 px in which the guide was sent away."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})  # type: ignore[arg-type]
    context.add_cookies([{"name": "survdash_guide", "value": "seen", "url": server.url}])
    page = context.new_page()
    page.set_default_timeout(120_000)
    return page


def layout(page: Page) -> np.ndarray:
    """What the window shows, as grey cells, shape (45, 64), 0 to 255."""
    page.wait_for_timeout(1000)  # fonts and the last animation
    image = Image.open(io.BytesIO(page.screenshot())).convert("L").resize(CELLS, Image.Resampling.BOX)
    return np.asarray(image, dtype=np.int16)


def main() -> None:
    """Take all of them."""
    LAYOUTS.mkdir(exist_ok=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_ARGUMENTS))
        with running_server(Path(folder) / "data") as server:
            for scheme in SCHEMES:
                page = open_window(browser, server, scheme=scheme)
                for name, address in ADDRESSES.items():
                    page.goto(f"{server.url}/{address}")
                    settle(page)
                    Image.fromarray(layout(page).astype(np.uint8)).save(LAYOUTS / f"{name}_{scheme}.png")
                    if scheme == "light" and name in ("cohort", "compare"):
                        take(page, PICTURES / f"{name}.png")
            page.goto(f"{server.url}/cohort?cohort=demo&lang=zh")
            settle(page)
            take(page, PICTURES / "cohort_zh.png")
        browser.close()
    for path in PICTURES.glob("*.png"):
        with Image.open(path) as image:
            small = image.convert("RGB").crop((0, 0, image.width, min(image.height, PICTURE_HEIGHT)))
        small.quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    main()
