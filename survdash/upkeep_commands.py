"""The commands that keep an instance going: run its jobs, look whether it is sound, take and restore backups."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from survdash.progress import Report

Answer = dict[str, Any] | list[Any]


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add ``worker``, ``doctor``, ``audit-log``, ``purge``, ``backup`` and ``restore``."""
    made = command("worker", _worker, "run jobs until stopped", "worker")
    made.add_argument("--standby", action="store_true", help=argparse.SUPPRESS)  # what a worker starts beside itself
    made = command("doctor", _doctor, "say what works on this machine, and how to mend the rest", "doctor --verify")
    made.set_defaults(needs_data=False)  # it says what is wrong with the data folder
    made.add_argument("--verify", action="store_true",
                      help="read every file of the data folder and name those that are not whole")
    made = command("backup", _backup, "write cohorts, models, bags and explanations to one file, while survdash works",
                   "backup --out survdash.tar")  # fmt: skip
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--without-bags", action="store_true",
                      help="leave out features of slides that belong to no cohort")
    made = command("audit-log", _audit_log, "say who did what, and whether the log was changed", "audit-log --last 20")
    made.add_argument("--last", type=int, default=50, help="how many lines, newest first")
    made = command("purge", _purge, "delete uploads and answers whose time has come, or all that no job waits for",
                   "purge --all")  # fmt: skip
    made.add_argument("--all", action="store_true", help="however young they are")
    command("restore", _restore, "fill an empty data folder from a backup", "restore survdash.tar", backup=Path)


def _worker(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases
    from survdash.jobs.worker import run_standby, run_worker
    from survdash.usecases.needs import NEEDS

    if options.standby:
        run_standby(usecases.HANDLERS, needs=NEEDS)
    else:
        run_worker(usecases.HANDLERS, needs=NEEDS, standby=(sys.executable, "-m", "survdash", "worker", "--standby"))
    return {"worker": "stopped"}


def _doctor(options: argparse.Namespace, report: Report) -> Answer:
    from survdash.usecases.doctor import examine

    found = examine()
    if options.verify:
        from survdash.usecases.verify import verify

        seen = verify(report=report)
        found["verified"] = seen.to_json()
        options.status = 2 if seen.faults else 0
    return found


def _audit_log(options: argparse.Namespace, report: Report) -> Answer:
    from survdash.audit import check_log, last_entries

    checked = check_log()
    options.status = 2 if checked.broken_at else 0
    return asdict(checked) | {"entries": [asdict(entry) for entry in last_entries(options.last)]}


def _purge(options: argparse.Namespace, report: Report) -> Answer:
    from survdash.audit import note
    from survdash.erase import how_deleted
    from survdash.jobs.queue import remove_jobs
    from survdash.settings import settings
    from survdash.ui.upload import delete_uploads

    hours = 0.0 if options.all else settings().keep_upload_hours
    found = {"uploads": delete_uploads(older_than_hours=hours), "jobs": remove_jobs(older_than_hours=hours)}
    note("delete", detail="{uploads} uploads, {jobs} answers".format(**found))
    return {**found, "kept_hours": settings().keep_upload_hours, "how": how_deleted()}


def _backup(options: argparse.Namespace, report: Report) -> Answer:
    from survdash.usecases.backup import write_backup

    return {"path": str(options.out), **asdict(write_backup(options.out, bags=not options.without_bags, report=report))}


def _restore(options: argparse.Namespace, report: Report) -> Answer:
    from survdash.usecases.backup import restore_backup

    return asdict(restore_backup(options.backup, report=report))
