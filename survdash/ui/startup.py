"""What happens once when the server starts, before the first page is drawn."""

from __future__ import annotations

import gc
import logging
import pkgutil
import threading
import time
from contextlib import suppress
from importlib import import_module

import streamlit as st
from threadpoolctl import threadpool_limits

from survdash import figures, ui, usecases
from survdash.data_folder import prepare_data_folder
from survdash.errors import SurvdashError
from survdash.figure_file import find_browser
from survdash.figures.risk import plot_cut_scan, plot_risk_distribution
from survdash.figures.survival import plot_groups
from survdash.jobs.queue import remove_jobs
from survdash.jobs.worker import ensure_worker
from survdash.logs import start_logs
from survdash.settings import settings
from survdash.ui.arrival import sweep_arrivals
from survdash.ui.kept_downloads import keep_downloads
from survdash.ui.upload import sweep_uploads

LOG = logging.getLogger(__name__)
SWEEP_SECONDS = 1800.0
SETTLE_SECONDS = 30.0  # what pages have kept since is looked through after each run meanwhile
WORKER_WAITS_SECONDS = 4.0  # its start takes a core for two seconds, which the first page needs more
CLOCK_JUMP_SECONDS = 300.0  # a clock that is wrong for less than a round deletes nothing
WARMED_BY = "demo"


def warm_up() -> None:
    """Do once what the first page would do first, over the cohort that comes with survdash: libraries load by that.

    What is in memory then stays. It is put aside, for Streamlit looks through all objects for garbage after each run of
    a page, and every other visitor waits meanwhile. Products of matrices are small here and taken by one thread each:
    several would wait for each other wherever the cores serve other visitors, or the browser.
    """
    for room in (figures, ui):
        for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            import_module(module.name)
    find_browser()
    with suppress(SurvdashError, OSError, ValueError):  # the pages say what is wrong; ValueError: with the settings
        usecases.list_cohorts()
        found = usecases.cohort_figures(WARMED_BY, "default")
        usecases.closer_figures(found)
        plot_groups(found.curves, horizon_months=60, at_risk_times=range(0, 61, 12)).to_json()
        if isinstance(found, usecases.CohortAnalysis) and found.maxstat is not None:
            plot_risk_distribution(found.risk, found.group, found.cutpoints)
            plot_cut_scan(found.maxstat)
    threadpool_limits(1)
    _settle_memory()


def _settle_memory() -> None:
    """Collect what is garbage, and put the rest aside until the next time."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner=False)
def start_once() -> None:
    """Sweep old uploads and answers, now and every half hour, and see that a worker process is alive."""
    start_logs()
    keep_downloads()
    prepare_data_folder()
    _sweep()
    threading.Thread(target=_sweep_for_ever, name="survdash-sweep", daemon=True).start()
    threading.Thread(target=_settle_for_ever, name="survdash-settle", daemon=True).start()
    if settings().start_worker:  # whoever files a job meanwhile wakes it at once
        threading.Thread(target=_wake_later, name="survdash-wake", daemon=True).start()


def wake_worker() -> None:
    """Start a worker unless one is alive, or the settings leave that to somebody else; an idle one ends by itself."""
    if settings().start_worker:
        ensure_worker()


def _wake_later() -> None:
    threading.Event().wait(WORKER_WAITS_SECONDS)
    wake_worker()


def _clock_error() -> float:
    """The clock against one that nobody can set; changes by what it was set, not by sleep of the machine."""
    steady = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
    return time.time() - steady


def _sweep() -> None:
    sweep_uploads()
    sweep_arrivals()
    # A job holds the patient's age and the answer: it is kept no longer than the files it was made from.
    remove_jobs(older_than_hours=settings().keep_upload_hours)


def _settle_for_ever() -> None:
    while True:
        threading.Event().wait(SETTLE_SECONDS)
        _settle_memory()


def _sweep_for_ever() -> None:
    before = _clock_error()
    while True:
        threading.Event().wait(SWEEP_SECONDS)
        before = _sweep_unless_set(before)


def _sweep_unless_set(before: float) -> float:
    """Sweep, but not in the round in which somebody set the clock; takes and returns how wrong it is."""
    error = _clock_error()
    if abs(error - before) > CLOCK_JUMP_SECONDS:
        LOG.warning("The clock was set by %+.0f s: nothing is swept before the next round", error - before)
        return error
    try:
        _sweep()
    except (OSError, ValueError):  # ValueError: a job's file is not JSON
        LOG.exception("Old uploads and jobs could not be swept; the next try is in half an hour")
    return error
