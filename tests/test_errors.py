from __future__ import annotations

import inspect
import multiprocessing

import pytest

from survdash import errors

FAMILY = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.SurvdashError)]


def raise_in_child(kind: type[errors.SurvdashError]) -> None:
    raise kind("What is wrong.", hint="What to do.")


def test_every_error_survives_the_way_home_from_another_process():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        for kind in FAMILY:
            with pytest.raises(kind) as caught:
                pool.apply(raise_in_child, (kind,))
            assert (caught.value.message, caught.value.hint) == ("What is wrong.", "What to do.")


def test_input_errors_are_value_errors_and_unknown_names_are_lookup_errors():
    assert {kind.__name__ for kind in FAMILY if issubclass(kind, ValueError)} == {
        "InputError", "ClinicalError", "GeneError", "SlideError", "BagError", "CohortError", "ArtefactError",
    }  # fmt: skip
    assert [kind.__name__ for kind in FAMILY if issubclass(kind, LookupError)] == ["UnknownNameError"]


def test_the_text_is_message_and_hint():
    assert str(errors.GeneError("No gene.", hint="Give one.")) == "No gene. Give one."
    assert str(errors.GeneError("No gene.")) == "No gene."
