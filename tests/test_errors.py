from __future__ import annotations

import copy
import inspect

import pytest

from survdash import errors
from survdash.errors import SurvdashError

FAMILY = [value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, SurvdashError)]


def test_the_public_names_are_these():
    # Pages, scripts and other people's code catch them by name: a change is announced in CHANGELOG.md.
    assert sorted(kind.__name__ for kind in FAMILY) == [
        "ArtefactError", "BagError", "Cancelled", "ClinicalError", "CohortError", "DownloadError", "GeneError",
        "InputError", "NotEnoughDataError", "SlideError", "SurvdashError", "UnknownNameError",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", FAMILY)
def test_message_and_hint_survive_the_way_home_from_another_process(kind):
    error = copy.copy(kind("Row 3 has no time.", hint="Drop it."))  # copying goes the way a child process's errors go
    assert type(error) is kind
    assert (error.message, error.hint) == ("Row 3 has no time.", "Drop it.")
    assert str(error) == "Row 3 has no time. Drop it."
    assert str(kind("Row 3 has no time.")) == "Row 3 has no time."


@pytest.mark.parametrize(
    ("kind", "parent"), [("SlideError", ValueError), ("BagError", ValueError), ("UnknownNameError", LookupError)]
)
def test_a_leaf_keeps_its_builtin_parent(kind, parent):
    with pytest.raises(parent):
        raise getattr(errors, kind)("wrong")
