"""A grant lets in who has it, for its time, to its slide alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from survdash.errors import InputError
from survdash.session_token import make_grant
from survdash.usecases import slide_access
from survdash.usecases.slide_access import LASTS_S, PURPOSE, STEP_S, grant_slide, granted_place

SLIDE, OTHER = "a" * 64, "b" * 64
NOW = 1_800_000_000.0


def test_a_grant_holds_for_its_slide_and_its_time():
    grant = grant_slide(SLIDE, Path("slide.tiff"), now=NOW)
    assert granted_place(grant, now=NOW) == granted_place(grant, now=NOW + LASTS_S) == Path("slide.tiff")
    with pytest.raises(InputError):
        granted_place(grant, now=NOW + LASTS_S + STEP_S + 1)
    assert grant_slide(OTHER, Path("other.tiff"), now=NOW) != grant
    assert granted_place(grant, now=NOW) == Path("slide.tiff")
    assert "slide.tiff" not in grant


def test_a_page_drawn_again_gives_the_same_address():
    assert grant_slide(SLIDE, Path("x"), now=NOW) == grant_slide(SLIDE, Path("x"), now=NOW + 1)


def test_a_grant_for_something_else_is_none_for_a_slide():
    grant_slide(SLIDE, Path("x"))
    for shown in (make_grant("upload", SLIDE), "", "nonsense", f"{SLIDE}.{SLIDE}"):
        with pytest.raises(InputError):
            granted_place(shown)
    assert granted_place(make_grant(PURPOSE, "0f" * 32)) is None  # good, but no page of this process shows it


def test_only_a_hash_names_a_slide():
    with pytest.raises(InputError):
        grant_slide("../etc/passwd", Path("x"))


def test_places_are_few():
    for number in range(slide_access.MOST_KNOWN + 5):
        grant_slide(f"{number:064x}", Path(str(number)))
    assert granted_place(make_grant(PURPOSE, f"{0:064x}")) is None
    assert len(slide_access._known) == slide_access.MOST_KNOWN
