"""How long a page takes in a browser, how much memory a visitor costs, and what twenty at once do.

``python -m benchmarks.page_speed [--patients 500 10000] [--rounds 5] [--sessions 20]``. Cohorts are the demo's
simulated patients, or draws from them with a new number each, imported and trained on (ridge Cox) by command.
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
from tests.browser.server import CHROMIUM_ARGUMENTS, REPOSITORY, Server, environment, find_chromium, running_server

SIMULATED = 500  # more patients are drawn from these
GENES = 300
PAGES = {"cohort": ".st-key-cohort-km .main-svg", "patient": ".js-plotly-plot .main-svg",
         "compare": ".js-plotly-plot .main-svg", "models": "[data-testid=stDataFrame]"}  # fmt: skip
DRAWN = "[data-testid=stApp][data-test-script-state=notRunning]"


def make_cohort(patients: int, data_dir: Path, folder: Path) -> str:
    """Import a cohort of so many patients and train a model on it; return its name."""
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


async def measure(server: Server, cohort: str, rounds: int) -> None:
    """Cold, then each page warm, in a window that was open before."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_ARGUMENTS))
        page = await (await browser.new_context(viewport={"width": 1280, "height": 900})).new_page()
        page.set_default_timeout(120_000)
        cold = await open_page(page, f"{server.url}/cohort?cohort={cohort}", PAGES["cohort"])
        print(f"{cohort}: cohort page, cold, the first visitor of a new server: {cold:.2f} s", flush=True)
        for name, what in PAGES.items():
            address = f"{server.url}/{name}?cohort={cohort}"
            await open_page(page, address, what)
            print(told(f"{cohort}: {name}, warm, opened anew", [await open_page(page, address, what)
                                                               for _ in range(rounds)]), flush=True)
        await browser.close()


async def visit(browser: Browser, server: Server, cohort: str, seconds: list[float], errors: list[str]) -> None:
    """One visitor: each page once."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    page.set_default_timeout(120_000)
    for name, what in PAGES.items():
        seconds.append(await open_page(page, f"{server.url}/{name}?cohort={cohort}", what))
        if await page.get_by_test_id("stException").count() or await page.get_by_test_id("stAlertContentError").count():
            errors.append(name)
    await asyncio.sleep(3)  # all windows stay open together, so that their memory is counted


async def crowd(server: Server, cohort: str, sessions: int) -> None:
    """So many visitors at once; the browsers that draw for them share the processors with the server."""
    before = resident_bytes(server.pid)
    seconds: list[float] = []
    errors: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_ARGUMENTS))
        start = time.monotonic()
        await asyncio.gather(*(visit(browser, server, cohort, seconds, errors) for _ in range(sessions)))
        took, after = time.monotonic() - start, resident_bytes(server.pid)
        await browser.close()
    print(f"{cohort}: {sessions} visitors at once, {len(seconds)} pages in {took:.0f} s, {len(errors)} errors; "
          f"median {statistics.median(seconds):.2f}, p95 {np.quantile(seconds, 0.95):.2f} s; "
          f"memory of the server {before / 1e6:.0f} to {after / 1e6:.0f} MB, "
          f"{(after - before) / 1e6 / sessions:.1f} MB a visitor", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[500, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        names = [make_cohort(count, data_dir, Path(folder)) for count in given.patients]
        for name in names:
            with running_server(data_dir) as server:
                asyncio.run(measure(server, name, given.rounds))
                if name == names[0] and given.sessions:
                    asyncio.run(crowd(server, name, given.sessions))


if __name__ == "__main__":
    main()
