"""Pictures of every page, light and dark, wide and narrow: ``python -m tests.browser.screenshots OUT``.

Run by hand and looked at; prints how long each page took. The README's pictures are made by ``pictures.py``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from survdash.simulation.sample_case import sample_case
from tests.browser.server import CHROMIUM_ARGUMENTS, Server, find_chromium, running_server
from tests.browser.steps import give, predict, wait_for_answer

PAGES = {
    "home": "", "cohort": "cohort?cohort=demo", "patient": "patient?cohort=demo", "new_case": "new_case",
    "compare": "compare?cohort=demo", "models": "models", "unknown_case": "patient?cohort=demo&case=nobody",
}
WIDTHS = (1280, 400)


def wait_until_drawn(page: Page) -> None:
    """Until the script has run and every figure has its lines."""
    page.get_by_role("heading", level=1).first.wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(c => c.querySelector('.main-svg'))"
    )


def take(page: Page, path: Path) -> None:
    """The whole page, however long: Streamlit scrolls inside, so the window is made as tall as the content."""
    page.wait_for_timeout(700)  # fonts and the last animation
    width = page.viewport_size["width"] if page.viewport_size else WIDTHS[0]
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(6000, max(800, height + 20))})
    page.wait_for_timeout(400)
    page.screenshot(path=path)
    page.set_viewport_size({"width": width, "height": 900})


def take_pages(browser: Browser, server: Server, out: Path, *, scheme: str, width: int, answer: str) -> None:
    """Every page in one colour scheme and width."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(60_000)
    for name, address in {**PAGES, "new_case_answer": f"new_case?job={answer}"}.items():
        start = time.monotonic()
        page.goto(f"{server.url}/{address}")
        wait_until_drawn(page)
        print(f"{name:16} {scheme:5} {width:5} {time.monotonic() - start:5.1f} s", flush=True)
        take(page, out / f"{name}_{scheme}_{width}.png")
    context.close()


def take_new_case(browser: Browser, server: Server, out: Path, sample: Path) -> str:
    """A case on its way: the checks, the progress, the answer; returns the job's number."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}/new_case?cohort=demo")
    give(page, "slide", sample / "slide.tiff")
    give(page, "genes", sample / "genes.csv")
    page.locator(".st-key-new_case-predict button").wait_for()
    take(page, out / "new_case_checks_light_1280.png")
    job = predict(page)
    page.get_by_text("Working on this case").wait_for()
    page.screenshot(path=out / "new_case_progress_light_1280.png")
    start = time.monotonic()
    wait_for_answer(page)
    print(f"prediction {time.monotonic() - start:.1f} s", flush=True)
    page.context.close()
    return job


def main(out: Path) -> None:
    """Take all pictures into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sample = Path(folder) / "sample"
        sample_case(sample)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_ARGUMENTS))
        with running_server(Path(folder) / "data") as server:
            answer = take_new_case(browser, server, out, sample)
            for scheme in ("light", "dark"):
                for width in WIDTHS:
                    take_pages(browser, server, out, scheme=scheme, width=width, answer=answer)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
