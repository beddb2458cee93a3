"""DSS, PFI and DFI from a cohort's own columns, however they are written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash.errors import NotEnoughDataError
from survdash.sources.endpoint_columns import endpoint_names, is_other_endpoint, read_endpoint

TIMES = [12.0, 30.0, np.nan, 0.0]


@pytest.mark.parametrize(
    ("columns", "name"),
    [({"survival_months_dss": TIMES, "censorship_dss": [0, 1, 0, 0]}, "DSS"),
     ({"survival_months_dss": [str(t) for t in TIMES], "censorship_dss": ["0", "1", "0", "0"]}, "DSS"),
     ({"time_months_pfi": TIMES, "event_pfi": [1, 0, 1, 1]}, "PFI"),
     ({"PFS_MONTHS": TIMES, "PFS_STATUS": ["1:PROGRESSION", "0:CENSORED", None, "0:CENSORED"]}, "PFI"),
     ({"DFS_MONTHS": TIMES, "DFS_STATUS": ["1:Recurred", "0:DiseaseFree", None, None]}, "DFI")],
)  # fmt: skip
def test_the_same_outcome_is_read_from_every_layout(columns, name):
    patients = pd.DataFrame(columns)
    assert endpoint_names(patients) == (name,)
    known, survival = read_endpoint(patients, name)
    assert known.tolist() == [True, True, False, False]  # no time, and a time of zero, are not known
    assert survival.time_months.tolist() == [12, 30]
    assert survival.event.tolist() == [True, False]


@pytest.mark.parametrize(
    "columns",
    [{"survival_months_dss": TIMES}, {"survival_months_dss": TIMES, "censorship_dss": [1, 1, 1, 1]},
     {"survival_months_dss": ["a", "b", "c", "d"], "censorship_dss": [0, 0, 0, 0]},
     {"survival_months_dss": TIMES, "censorship_dss": [0, 2, 0, 0]},
     {"DSS_MONTHS": TIMES, "DSS_STATUS": ["maybe", "no", "yes", "who"]}],
)  # fmt: skip
def test_what_is_no_outcome_is_none(columns):
    assert endpoint_names(pd.DataFrame(columns)) == ()
    with pytest.raises(NotEnoughDataError):
        read_endpoint(pd.DataFrame(columns), "DSS")


def test_the_main_outcome_is_no_other_endpoint():
    assert is_other_endpoint("survival_months_pfi")
    assert not any(is_other_endpoint(name) for name in ("survival_months", "censorship", "event", "stage"))


def test_the_clinical_table_of_blca_brings_two(shared):
    from survdash.sources.clinical_table import read_clinical_table

    facts = read_clinical_table(shared / "tcga" / "blca_endpoints.csv").facts
    assert endpoint_names(facts) == ("DSS", "PFI")
    table = pd.read_csv(shared / "tcga" / "blca_endpoints.csv").drop_duplicates("case_id")
    table = table.set_index("case_id").sort_index()
    known, survival = read_endpoint(facts, "DSS")
    own = table[table["survival_months_dss"] > 0]
    np.testing.assert_array_equal(survival.event, own["censorship_dss"] == 0)
    np.testing.assert_allclose(survival.time_months, own["survival_months_dss"])
    assert known.sum() == len(own)
