"""The main pages look as they did when somebody last looked at them: same things, same places, both themes.

``make pictures`` takes the layouts anew after a change that is meant; look at them before you commit them.
"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.browser.pictures import ADDRESSES, LAYOUTS, SCHEMES, layout, open_window
from tests.browser.server import Server
from tests.browser.words import settle

pytestmark = pytest.mark.browser

# Grey levels of 255. The same page in another sans-serif font moves single words by a cell: some cells by 60 levels,
# the mean by 2 to 3. A figure or table that is missing, a column that is gone or a theme that is not applied moves the
# mean by more than 8.
MEAN_OFF = 5.0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_main_page_lies_as_it_did(server: Server, browser: Browser, scheme: str):
    page = open_window(browser, server, scheme=scheme)
    off = {}
    for name, address in ADDRESSES.items():
        page.goto(f"{server.url}/{address}")
        settle(page)
        with Image.open(LAYOUTS / f"{name}_{scheme}.png") as image:
            kept = np.asarray(image.convert("L"), dtype=np.int16)
        off[name] = float(np.abs(layout(page) - kept).mean())
    page.context.close()
    assert all(value <= MEAN_OFF for value in off.values()), {name: round(value, 1) for name, value in off.items()}


def test_another_page_or_theme_is_told_apart():
    kept = {}
    for path in sorted(LAYOUTS.glob("*.png")):
        with Image.open(path) as image:
            kept[path.stem] = np.asarray(image.convert("L"), dtype=np.int16)
    assert set(kept) == {f"{name}_{scheme}" for name in ADDRESSES for scheme in SCHEMES}
    for one, first in kept.items():
        for other, second in kept.items():
            assert one == other or np.abs(first - second).mean() > 0.8 * MEAN_OFF, (one, other)
