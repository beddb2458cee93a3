"""The form's parts; the form itself is tested on its page."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.sources.importing import NAME
from survdash.ui import import_form as room
from survdash.ui.import_files import PARTS


@given(name=st.text(min_size=1, max_size=120).filter(lambda name: "/" not in name and "\0" not in name))
def test_every_proposed_name_can_name_a_cohort(name):
    assert NAME.fullmatch(room.proposed_name(Path(name)))


@pytest.mark.parametrize(("file", "name"), [("BLCA.csv.zip", "blca"), ("_x_.csv", "x"), ("日本.csv", "mine")])
def test_a_name_follows_from_the_file(file, name):
    assert room.proposed_name(Path(file)) == name


def test_every_kind_names_parts_that_there_are_and_the_same_rule_for_names():
    for kind in room.KINDS.values():
        assert {kind.first, *kind.others} <= set(PARTS)
    assert room.NAME.pattern == NAME.pattern
