"""What survdash writes to stderr: lines for people, or one JSON object a line for machines; never a patient's data."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter

from survdash.settings import settings

ROOT = "survdash"
TEXT = "%(asctime)s %(levelname)s %(message)s"
FIELDS = ["asctime", "levelname", "name", "process", "message"]


def start_logs(stream: TextIO | None = None) -> None:
    """Send what survdash logs to ``stream``, once for a process; by default stderr, which a service manager keeps."""
    logger = logging.getLogger(ROOT)
    if logger.handlers:
        return
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(_formatter())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _formatter() -> logging.Formatter:
    if settings().log_format == "text":
        return logging.Formatter(TEXT)
    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    return JsonFormatter(FIELDS, rename_fields=names)
