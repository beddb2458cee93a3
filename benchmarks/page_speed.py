"""How long a page takes in a browser: the first one of a new server, opened anew, and from the menu.

``python -m benchmarks.page_speed [--patients 500 10000] [--rounds 5] [--data DIR]``. Cohorts are the demo's simulated
patients, or draws from them with a new number each, imported and trained on (ridge Cox) by command. A page is drawn
when its last figure or table stands and its script has ended. Many visitors at once: ``benchmarks.load``.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.async_api import Browser, Page, async_playwright

from survdash.simulation.patients import DEMO_SEED, simulate_cohort
from tests.browser.server import (
    CHROMIUM_ARGUMENTS,
    REPOSITORY,
    Server,
    environment,
    find_chromium,
    free_port,
    running_server,
)

SIMULATED = 500  # more patients are drawn from these
GENES = 300
COLD_ROUNDS = 3  # new servers for each kind of browser
PAGES = {"cohort": ".st-key-cohort-adjusted .main-svg", "patient": ".st-key-patient-standing .main-svg",
         "compare": ".st-key-compare-km .main-svg"}
MENU = {"cohort": "Cohort", "patient": "Patient", "compare": "Compare"}
DRAWN = "[data-testid=stApp][data-test-script-state=notRunning]"


def make_cohort(patients: int, data_dir: Path, folder: Path) -> str:
    """Import a cohort of so many patients and train a model on it, unless it is there; return its name."""
    if (data_dir / "cohorts" / f"n{patients}" / "runs" / "cox_ridge" / "card.json").is_file():
        return f"n{patients}"
    made = simulate_cohort(min(patients, SIMULATED), seed=DEMO_SEED)
    rng = np.random.default_rng(patients)
    rows = np.arange(patients) if patients <= SIMULATED else rng.integers(0, SIMULATED, patients)
    columns = [name for name in made.genes.columns if name.endswith("_rna")][:GENES]
    table = made.genes.iloc[rows][columns].reset_index(drop=True)
    table.columns = [name.replace("_rna", "_rnaseq") for name in columns]
    facts = made.patients.iloc[rows].reset_index(drop=True)
    table.insert(0, "case_id", [f"P-{number:05d}" for number in range(patients)])
    table.insert(1, "slide_id", [f"P-{number:05d}.svs" for number in range(patients)])
    table.insert(2, "survival_months", facts["time_months"] + rng.random(patients) * 0.01)
    table.insert(3, "censorship", (~facts["event"].astype(bool)).astype(int))
    for place, name in enumerate(("age", "sex", "stage"), start=4):
        table.insert(place, name, facts[name])
    path, name = folder / f"table{patients}.csv", f"n{patients}"
    table.to_csv(path, index=False)
    for words in (("import-cohort", str(path), "--name", name, "--yes"), ("crossval", name, "--model", "cox_ridge")):
        done = subprocess.run([sys.executable, "-m", "survdash", *words], cwd=REPOSITORY, env=environment(data_dir),
                              check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
    return name


async def drawn(page: Page, what: str) -> None:
    """Until the figure or table stands there and the script has ended."""
    await page.locator(what).first.wait_for()
    await page.locator(DRAWN).wait_for()


async def open_page(page: Page, address: str, what: str) -> float:
    """Seconds from the address to the drawn page."""
    start = time.monotonic()
    await page.goto(address)
    await drawn(page, what)
    return time.monotonic() - start


def resident_bytes(pid: int) -> int:
    """Memory of a process that is not shared out to disk."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def told(name: str, seconds: list[float]) -> str:
    """Best, median and most of some rounds."""
    return f"{name}: best {min(seconds):.2f}, median {statistics.median(seconds):.2f}, most {max(seconds):.2f} s"


async def measure(data_dir: Path, cohort: str, rounds: int) -> None:
    """Cold, then each page warm, in a window that was open before."""
    port, cold = free_port(), PAGES["cohort"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_ARGUMENTS))
        page = await new_window(browser)
        for who in ("new server, new browser", "new server, a browser that was here before"):
            taken = []
            for number in range(COLD_ROUNDS):
                if who.endswith("new browser"):
                    page = await new_window(browser)
                with running_server(data_dir, port=port) as server:
                    taken.append(await open_page(page, f"{server.url}/cohort?cohort={cohort}", cold))
                    if who.endswith("before") and number == COLD_ROUNDS - 1:
                        await measure_warm(page, server, cohort, rounds)
            print(told(f"{cohort}: cohort page, {who}", taken), flush=True)
        await browser.close()


async def new_window(browser: Browser) -> Page:
    """A window that shares nothing with those before: no file of the dashboard is kept for it."""
    page = await (await browser.new_context(viewport={"width": 1280, "height": 900})).new_page()
    page.set_default_timeout(120_000)
    return page


async def measure_warm(page: Page, server: Server, cohort: str, rounds: int) -> None:
    """Each page opened anew, as a reload does, and by a click in the menu."""
    for name, what in PAGES.items():
        address = f"{server.url}/{name}?cohort={cohort}"
        await open_page(page, address, what)
        seconds = [await open_page(page, address, what) for _ in range(rounds)]
        print(told(f"{cohort}: {name}, opened anew", seconds), flush=True)
    clicked: dict[str, list[float]] = {name: [] for name in MENU}
    for name, title in [*MENU.items()] * rounds:
        link = page.get_by_test_id("stTopNavLink").filter(has_text=title)
        start = time.monotonic()
        await link.click()
        await drawn(page, PAGES[name])
        clicked[name].append(time.monotonic() - start)
    for name, seconds in clicked.items():
        print(told(f"{cohort}: {name}, from the menu", seconds), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[500, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, help="a data folder that keeps the cohorts for the next time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = given.data or Path(folder) / "data"
        data_dir.mkdir(exist_ok=True)
        names = [make_cohort(count, data_dir, Path(folder)) for count in given.patients]
        for name in names:
            asyncio.run(measure(data_dir, name, given.rounds))


if __name__ == "__main__":
    main()
