"""Many visitors at once on the live dashboard: errors, waiting times, and whether its memory stays flat.

``python -m benchmarks.load [--sessions 50] [--minutes 5]``. Visitors without a browser (``benchmarks/visitor``) go the
five ways through the house over the demo cohort, again and again, each begun at another one: a cohort, its table and
its CSV; a patient by a link, with a what-if question; a gene table given for a new case until its report is there; the
methods compared; back to a job by its address. Between two clicks each thinks for 3 to 9 seconds, and what refreshes
itself on a page does so meanwhile. The worker that answers them runs on the same processors.

Before, windows are opened one by one and left open: what one costs in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from benchmarks.page_speed import resident_bytes
from benchmarks.visitor import Seen, Visitor
from survdash import usecases
from survdash.simulation.sample_case import sample_case
from tests.browser.server import Server, running_server

COHORT = "demo"
THINK_SECONDS = 3.0, 9.0
LOOK_SECONDS = 5.0
SETTLED = 0.4  # share of the time after which a slope of memory is asked for: caches are filled by then
WINDOWS = 40  # opened for the memory of one
PATIENCE_TICKS = 240


@dataclass(kw_only=True)
class Log:
    """What all visitors saw; ``seconds`` by what was done."""

    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    journeys: int = 0
    jobs: list[str] = field(default_factory=list)


class Person:
    """A visitor who thinks between two clicks.

    Parameters
    ----------
    server : Server
    log : Log
    number : int
        Makes their choices differ from those of others.
    genes : bytes
        The table that they give for a new case.
    cases : list of str
    """

    def __init__(self, server: Server, log: Log, *, number: int, genes: bytes, cases: list[str]) -> None:
        self._window, self._log, self._genes, self._cases = Visitor(server.url), log, genes, cases
        self._random = random.Random(number)
        ways = [self._cohort, self._patient, self._new_case, self._compare, self._come_back]
        self._ways = ways[number % 5 :] + ways[: number % 5]

    async def stay(self, until: float) -> None:
        """Go all ways, one after the other, until the time is over."""
        await asyncio.sleep(self._random.uniform(0, sum(THINK_SECONDS)))
        way = 0
        while time.monotonic() < until:
            try:
                await self._ways[way % 5]()
                self._log.journeys += 1
            except Exception as error:  # whatever it is, it is counted
                self._log.errors.append(f"{self._ways[way % 5].__name__}: {type(error).__name__} {error}")
            way += 1
        await self._window.close()

    async def _does(self, what: str, doing: Awaitable[Seen]) -> Seen:
        seen = await doing
        self._log.seconds[what].append(seen.seconds)
        self._log.errors += [f"{what}: {words}" for words in seen.errors]
        return seen

    async def _thinks(self) -> None:
        end = time.monotonic() + self._random.uniform(*THINK_SECONDS)
        while (left := end - time.monotonic()) > 0:
            if not self._window.is_ticking:
                await asyncio.sleep(left)
                continue
            await asyncio.sleep(self._window.tick_seconds)
            await self._does("refresh", self._window.tick())

    async def _takes(self, key: str, least: int) -> None:
        start = time.monotonic()
        content = await self._window.download(key)
        self._log.seconds["download"].append(time.monotonic() - start)
        if len(content) < least:
            self._log.errors.append(f"{key} gave {len(content)} bytes")

    async def _cohort(self) -> None:
        window = self._window
        await self._does("home", window.open(""))
        await self._thinks()
        await self._does("cohort", window.go("cohort", cohort=COHORT))
        await self._thinks()
        for cut in ("median", "maxstat"):
            place = next(place for place, one in enumerate(("maxstat", "median")) if one == cut)
            labels = [option.content for option in window.widgets["cohort.cut"].options]
            await self._does("cohort, another cut", window.set("cohort.cut", string_array_value=[labels[place]]))
            await self._thinks()
        await self._does("cohort, search", window.set("cohort.search", string_value="high"))
        await self._thinks()
        await self._takes("cohort.csv", 5000)
        await self._thinks()

    async def _patient(self) -> None:
        window, case = self._window, self._random.choice(self._cases)
        await self._does("patient", window.open("patient", cohort=COHORT, run="cox_ridge", case=case))
        await self._thinks()
        slider = next((key for key in window.widgets if key.startswith(f"patient.what_if.demo-cox_ridge.{case}..")
                       and not key.endswith(".columns")), None)  # fmt: skip
        if slider is not None:
            low, high = window.widgets[slider].min, window.widgets[slider].max
            value = round(low + self._random.random() * (high - low), 2)
            question = [min(max(value, low), high)]
            await self._does("patient, what if", window.set(slider, double_array_value=question))
            await self._thinks()
        await self._takes("patient.csv", 200)
        await self._thinks()

    async def _new_case(self) -> None:
        window = self._window
        await self._does("new case", window.open("new_case", cohort=COHORT))
        await self._thinks()
        uploader = next(key for key in window.widgets if key.startswith("new_case.genes_"))
        await self._does("new case, upload", window.upload(uploader, "genes.csv", self._genes))
        await self._thinks()
        await self._does("new case, predict", window.set("new_case.predict", trigger_value=True))
        self._log.jobs.append(window.query["job"])
        await self._wait_for_answer()
        await self._thinks()
        await self._takes("new_case.report_html", 20_000)
        await self._thinks()

    async def _wait_for_answer(self) -> None:
        for _ in range(PATIENCE_TICKS):
            if not self._window.is_ticking:
                break
            await asyncio.sleep(self._window.tick_seconds)
            await self._does("refresh", self._window.tick())
        if "new_case.report_html" not in self._window.widgets:
            raise RuntimeError("no answer to the new case")

    async def _compare(self) -> None:
        window = self._window
        await self._does("compare", window.open("compare", cohort=COHORT))
        await self._thinks()
        await self._does("compare, another tab", window.set("compare.tabs", string_value="Predicted and seen"))
        await self._thinks()
        await self._takes("compare.csv", 500)
        await self._thinks()

    async def _come_back(self) -> None:
        if not self._log.jobs:
            await self._thinks()
            return
        self._window.widgets.clear()
        await self._does("back to a job", self._window.open("new_case", job=self._random.choice(self._log.jobs)))
        await self._wait_for_answer()
        await self._thinks()


async def windows(server: Server, count: int) -> None:
    """Open windows on the cohort's page, one by one, and say what each costs."""
    opened, memory = [], []
    for number in range(count + 5):
        one = Visitor(server.url)
        await one.open("cohort", cohort=COHORT)
        opened.append(one)
        if number >= 5:  # the first ones fill the caches
            memory.append(resident_bytes(server.pid) / 1e6)
    rise, error = slope(np.arange(len(memory)), memory)
    print(f"{count} windows left open on the cohort's page: {rise:.2f} ± {error:.2f} MB each; server {memory[0]:.0f} "
          f"to {memory[-1]:.0f} MB", flush=True)  # fmt: skip
    for one in opened:
        await one.close()


def slope(x: np.ndarray | list[float], y: list[float]) -> tuple[float, float]:
    """Least squares slope with two standard errors."""
    (rise, _), covariance = np.polyfit(np.asarray(x, float), np.asarray(y), 1, cov=True)
    return float(rise), 2 * float(np.sqrt(covariance[0, 0]))


def cpu_seconds(server: Server) -> dict[str, float]:
    """Of the server, of its worker with what that starts, and of the visitors."""
    found = {"server": sum(psutil.Process(server.pid).cpu_times()[:2]), "worker": 0.0, "visitors": time.process_time()}
    heartbeat = server.data_dir / "jobs" / "worker.heartbeat"
    if heartbeat.exists():
        worker = psutil.Process(int(heartbeat.read_text()))
        found["worker"] = sum(sum(one.cpu_times()[:4]) for one in (worker, *worker.children(recursive=True)))
    return found


async def watch(server: Server, until: float, start: float) -> list[tuple[float, float]]:
    """Minutes and the server's memory in MB."""
    looks = []
    while time.monotonic() < until:
        looks.append(((time.monotonic() - start) / 60, resident_bytes(server.pid) / 1e6))
        await asyncio.sleep(LOOK_SECONDS)
    return looks


async def crowd(server: Server, *, sessions: int, minutes: float, genes: bytes) -> None:
    """Let them all stay so long, and print what they saw."""
    log, start = Log(), time.monotonic()
    until = start + 60 * minutes
    cases = usecases.analyse_cohort(COHORT, "default").case_ids.tolist()
    people = [Person(server, log, number=number, genes=genes, cases=cases) for number in range(sessions)]
    before = cpu_seconds(server)
    looks, *_ = await asyncio.gather(watch(server, until, start), *(one.stay(until) for one in people))
    every = [seconds for what, some in log.seconds.items() if what != "refresh" for seconds in some]
    print(f"{sessions} visitors, {minutes:g} minutes: {log.journeys} ways gone, {len(every)} pages, clicks and "
          f"downloads ({len(every) / (time.monotonic() - start):.1f} a second), {len(log.errors)} errors; "
          f"median {np.median(every):.2f}, p95 {np.quantile(every, 0.95):.2f}, most {max(every):.2f} s")
    used = {name: seconds - before[name] for name, seconds in cpu_seconds(server).items()}
    print("  CPU: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in used.items()))
    for what, some in sorted(log.seconds.items()):
        print(f"  {what}: {len(some)}, median {np.median(some):.2f}, p95 {np.quantile(some, 0.95):.2f} s")
    later = [look for look in looks if look[0] >= SETTLED * minutes]
    rise, error = slope([minute for minute, _ in later], [memory for _, memory in later])
    print(f"  server's memory {looks[0][1]:.0f}, {later[0][1]:.0f}, {looks[-1][1]:.0f} MB at the start, after "
          f"{SETTLED:.0%} and at the end; then {rise:+.2f} ± {error:.2f} MB a minute")
    for words in sorted(set(log.errors)):
        print(f"  ERROR ({log.errors.count(words)}x) {words}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, nargs="+", default=[20, 50])
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 5])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        _, genes = sample_case(Path(folder))
        with running_server(data_dir) as server:
            asyncio.run(windows(server, WINDOWS))
            for sessions, minutes in zip(given.sessions, given.minutes, strict=True):
                asyncio.run(crowd(server, sessions=sessions, minutes=minutes, genes=genes.read_bytes()))


if __name__ == "__main__":
    main()
