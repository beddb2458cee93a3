"""The report of the demo's patients."""

from __future__ import annotations

import pytest

from survdash import usecases
from survdash.errors import UnknownNameError

CASE = "SIM-0004"


def test_it_says_what_the_stored_prediction_says():
    made = usecases.stored_prediction("demo", "glg", CASE)
    facts = usecases.patient_report("demo", "glg", CASE)
    assert (facts.case_id, facts.simulated) == (CASE, True)
    assert dict(facts.facts)["Role"] == made.role
    assert dict(facts.facts)["What happened"] == usecases.outcome_words("demo", CASE)
    assert made.model_version in facts.stamp
    assert facts == usecases.patient_report("demo", "glg", CASE)


def test_an_unknown_patient_is_told():
    with pytest.raises(UnknownNameError, match="no case 'nobody'"):
        usecases.patient_report("demo", "glg", "nobody")
