"""Lines for people, or JSON for machines."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from survdash.logs import ROOT, start_logs
from survdash.settings import settings


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    logger = logging.getLogger(ROOT)
    before, logger.handlers = logger.handlers, []
    yield io.StringIO()
    logger.handlers, logger.propagate = before, True


def test_people_read_lines(stream: io.StringIO) -> None:
    start_logs(stream)
    start_logs(stream)
    logging.getLogger("survdash.worker").info("job %s started", "abc")
    assert stream.getvalue().count("job abc started") == 1


def test_machines_read_one_object_a_line(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURVDASH_LOG_FORMAT", "json")
    settings.cache_clear()
    start_logs(stream)
    logging.getLogger("survdash.worker").warning("line one\nline two")
    found = json.loads(stream.getvalue())
    assert (found["level"], found["logger"], found["message"]) == ("WARNING", "survdash.worker", "line one\nline two")
    assert found["time"]
    assert found["process"]
