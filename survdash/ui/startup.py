"""What happens once when the server starts, before the first page is drawn."""

from __future__ import annotations

import logging
import threading
import time

import streamlit as st

from survdash.data_folder import prepare_data_folder
from survdash.jobs.queue import remove_jobs
from survdash.jobs.worker import ensure_worker
from survdash.logs import start_logs
from survdash.settings import settings
from survdash.ui.arrival import sweep_arrivals
from survdash.ui.upload import sweep_uploads

LOG = logging.getLogger(__name__)
SWEEP_SECONDS = 1800.0
CLOCK_JUMP_SECONDS = 300.0  # a clock that is wrong for less than a round deletes nothing


@st.cache_resource(show_spinner=False)
def start_once() -> None:
    """Sweep old uploads and answers, now and every half hour, and see that a worker process is alive."""
    start_logs()
    prepare_data_folder()
    _sweep()
    threading.Thread(target=_sweep_for_ever, name="survdash-sweep", daemon=True).start()
    wake_worker()


def wake_worker() -> None:
    """Start a worker unless one is alive, or the settings leave that to somebody else; an idle one ends by itself."""
    if settings().start_worker:
        ensure_worker()


def _clock_error() -> float:
    """The clock against one that nobody can set; changes by what it was set, not by sleep of the machine."""
    steady = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
    return time.time() - steady


def _sweep() -> None:
    sweep_uploads()
    sweep_arrivals()
    # A job holds the patient's age and the answer: it is kept no longer than the files it was made from.
    remove_jobs(older_than_hours=settings().keep_upload_hours)


def _sweep_for_ever() -> None:
    before = _clock_error()
    while True:
        threading.Event().wait(SWEEP_SECONDS)
        error = _clock_error()
        if abs(error - before) > CLOCK_JUMP_SECONDS:
            LOG.warning("The clock was set by %+.0f s: nothing is swept before the next round", error - before)
            before = error
            continue
        before = error
        try:
            _sweep()
        except (OSError, ValueError):  # ValueError: a job's file is not JSON
            LOG.exception("Old uploads and jobs could not be swept; the next try is in half an hour")
