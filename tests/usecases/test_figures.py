from __future__ import annotations

import pytest

from survdash.errors import UnknownNameError
from survdash.usecases.analysis import CohortAnalysis
from survdash.usecases.figures import closer_figures, cohort_figures, need_patients
from tests.usecases.conftest import Shipped


def test_with_patients_the_figures_are_computed() -> None:
    found = cohort_figures("demo", "cox_ridge", cut="median")
    assert isinstance(found, CohortAnalysis)
    assert need_patients(found) is found


def test_without_them_the_stored_ones_are_told_and_patients_are_asked_for(shipped: Shipped) -> None:
    found = cohort_figures("real", "coxnet")
    assert closer_figures(found).calibration is not None
    with pytest.raises(UnknownNameError, match="import-cohort"):
        need_patients(found)
