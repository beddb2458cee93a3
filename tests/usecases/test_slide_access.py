"""A pass lets in who has it, for its time, to its slide alone."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from survdash.usecases import slide_access
from survdash.usecases.slide_access import LASTS_S, STEP_S, admitted, grant_pass, known_place

SLIDE, OTHER = "a" * 64, "b" * 64
NOW = 1_800_000_000.0


def test_a_pass_holds_for_its_slide_and_its_time():
    made = grant_pass(SLIDE, Path("slide.tiff"), now=NOW)
    shown = made.sha256, str(made.expires), made.signature
    assert admitted(*shown, now=NOW)
    assert admitted(*shown, now=NOW + LASTS_S)
    assert not admitted(*shown, now=NOW + LASTS_S + STEP_S + 1)
    assert not admitted(OTHER, *shown[1:], now=NOW)
    assert not admitted(shown[0], str(made.expires + 1), made.signature, now=NOW)
    assert known_place(SLIDE) == Path("slide.tiff")
    assert known_place(OTHER) is None
    assert "slide.tiff" not in made.path


def test_a_page_drawn_again_gives_the_same_address():
    assert grant_pass(SLIDE, Path("x"), now=NOW) == grant_pass(SLIDE, Path("x"), now=NOW + 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=80), st.text(max_size=20), st.text(max_size=80))
def test_nonsense_is_no_pass(sha256, expires, signature):
    assert not admitted(sha256, expires, signature)


def test_the_secret_is_for_this_user_alone_and_the_installations_own(data_dir, tmp_path, monkeypatch):
    made = grant_pass(SLIDE, Path("x"), now=NOW)
    key = data_dir / slide_access.KEY_FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == slide_access.KEY_BYTES
    assert not [name for name in os.listdir(data_dir) if name.startswith(f".{slide_access.KEY_FILE}")]
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(tmp_path))
    slide_access.settings.cache_clear()
    assert not admitted(made.sha256, str(made.expires), made.signature, now=NOW)


def test_two_that_make_the_secret_at_once_agree(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: slide_access._secret.__wrapped__(tmp_path), range(32)))
    assert len(found) == 1


def test_places_are_few():
    for number in range(slide_access.MOST_KNOWN + 5):
        grant_pass(f"{number:064x}", Path(str(number)))
    assert known_place(f"{0:064x}") is None
    assert len(slide_access._known) == slide_access.MOST_KNOWN
