"""Which jobs are this visitor's: those of this window, those that the browser keeps, or whoever signs in has filed.

A job's number is the key to it. Where nobody signs in, the browser keeps the numbers of its jobs, as long as the server
keeps the jobs, so that a new window lists them; no other browser does.
"""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from survdash.jobs.queue import Job, own_jobs
from survdash.settings import settings
from survdash.ui.browser_memory import recall, remember_script
from survdash.ui.sign_in import has_login, is_alone

OWN_JOBS = "ui.own_jobs"
COOKIE, BETWEEN = "jobs", "_"
MOST_KEPT = 12  # numbers of 32 letters; a cookie may have 4,096


def remember_job(job_id: str) -> None:
    """Note a job that this window filed, or whose address it opened."""
    own = st.session_state.setdefault(OWN_JOBS, [])
    if job_id not in own:
        own.append(job_id)


def keep_jobs_script() -> str:
    """JavaScript by which the browser keeps the numbers of its jobs; "" where it has none, or where people sign in."""
    if not st.session_state.get(OWN_JOBS) or has_login():
        return ""
    seconds = int(3600 * settings().keep_upload_hours)
    return remember_script(COOKIE, BETWEEN.join(_known()[-MOST_KEPT:]), seconds=seconds)


def jobs_of_visitor(*, kinds: Collection[str], most: int) -> list[Job]:
    """The visitor's newest jobs of these kinds that are still kept."""
    return own_jobs(_known(), everybodys=is_alone(), kinds=kinds, most=most)


def _known() -> list[str]:
    """Numbers that the browser kept, then those of this window."""
    kept = "" if has_login() else recall(COOKIE) or ""
    return list(dict.fromkeys([*filter(None, kept.split(BETWEEN)), *st.session_state.get(OWN_JOBS, [])]))
