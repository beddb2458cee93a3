"""The line on everything that leaves the house."""

from __future__ import annotations

from survdash.artefact import INTENDED_USE
from survdash.stamp import stamp


def test_it_names_software_cohort_model_and_use():
    line = stamp({"cohort": "blca", "cohort_digest": "a" * 24, "model": "blca-glg", "model_version": "b" * 12,
                  "software": "survdash 9", "simulated": True})  # fmt: skip
    assert line == (f"survdash 9 · cohort blca (simulated patients), state {'a' * 12} · model blca-glg, version "
                    f"{'b' * 12} · {INTENDED_USE}")  # fmt: skip


def test_several_models_are_one_state_that_changes_with_any_of_them():
    def of(**versions):
        return stamp({"cohort": "blca", "model_versions": versions})

    assert "2 models, state " in of(glg="1", snn="2")
    assert of(glg="1", snn="2") == of(snn="2", glg="1") != of(glg="1", snn="3")
