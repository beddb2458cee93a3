"""Which outcome patients are judged by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from survdash.errors import UnknownNameError
from survdash.usecases.outcomes import causes_of_death, outcome_names, outcome_of


@pytest.fixture
def with_dss(cohort):
    """Of those who died, every other one of the cancer; of the first patient the cause is not known."""
    patients = cohort.patients.copy()
    died = patients["event"].to_numpy()
    patients["time_months_dss"] = patients["time_months"]
    patients["event_dss"] = np.where(np.arange(len(patients)) % 2 == 0, died, 0).astype(float)
    patients.iloc[0, patients.columns.get_loc("event_dss")] = np.nan
    patients.iloc[0, patients.columns.get_loc("event")] = True
    return replace(cohort, patients=patients)


def test_a_cohort_has_the_main_outcome_and_what_its_columns_hold(cohort, with_dss):
    assert outcome_names(cohort) == ("OS",)
    assert outcome_names(with_dss) == ("OS", "DSS")
    assert causes_of_death(cohort, cohort.patients.index) is None
    with pytest.raises(UnknownNameError, match="no endpoint 'PFI'"):
        outcome_of(with_dss, "PFI", with_dss.patients.index)


def test_a_death_is_of_the_cancer_or_of_something_else_or_not_known(with_dss):
    patients = with_dss.patients
    known, time, cause = causes_of_death(with_dss, patients.index)
    assert known.tolist() == [False, *[True] * (len(patients) - 1)]
    np.testing.assert_array_equal(time, patients["time_months"][known])
    died, own = patients["event"].to_numpy()[known], patients["event_dss"].to_numpy()[known] == 1
    np.testing.assert_array_equal(cause == 0, ~died)
    np.testing.assert_array_equal(cause == 1, own)
    np.testing.assert_array_equal(cause == 2, died & ~own)
