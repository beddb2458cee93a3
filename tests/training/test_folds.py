from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survdash.errors import ClinicalError, NotEnoughDataError
from survdash.sources.fold_files import make_folds_by_site
from survdash.training.folds import folds_for


@pytest.fixture
def patients():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"time_months": rng.uniform(1, 90, 120), "event": rng.random(120) < 0.4,
         "site": [f"s{number}" for number in rng.integers(0, 24, 120)]},
        index=[f"P{number:03d}" for number in range(120)],
    )  # fmt: skip


def test_a_hospital_never_stands_on_both_sides_and_deaths_are_even(patients):
    folds = folds_for(patients, k=5, by_site=True, seed=0)
    assert (folds.groupby(patients["site"]).nunique() == 1).all()
    deaths, sizes = patients["event"].groupby(folds).sum(), folds.value_counts()
    # 24 sites of about 5 patients: whole sites can be dealt to within one site of even shares.
    assert deaths.max() - deaths.min() <= 4
    assert sizes.max() - sizes.min() <= 6


def test_without_sites_both_outcomes_are_even(patients):
    folds = folds_for(patients, k=5, by_site=False, seed=0)
    deaths = patients["event"].groupby(folds).sum()
    assert deaths.max() - deaths.min() <= 1


@pytest.mark.parametrize("by_site", [True, False])
def test_the_content_and_the_seed_decide_and_the_order_of_a_file_does_not_hide_it(patients, by_site):
    folds = folds_for(patients, k=4, by_site=by_site, seed=1)
    pd.testing.assert_series_equal(folds_for(patients, k=4, by_site=by_site, seed=1), folds)
    assert (folds_for(patients, k=4, by_site=by_site, seed=2) != folds).any()
    other = patients.assign(time_months=patients["time_months"] + 1)
    assert (folds_for(other, k=4, by_site=by_site, seed=1) != folds).any()


@settings(max_examples=50)
@given(sites=st.lists(st.integers(0, 7), min_size=10, max_size=40), seed=st.integers(0, 99), data=st.data())
def test_either_every_fold_has_whole_sites_and_a_death_or_it_is_refused(sites, seed, data):
    site = np.array(sites).astype(str)
    event = np.array(data.draw(st.lists(st.booleans(), min_size=len(sites), max_size=len(sites))))
    try:
        folds = make_folds_by_site(event, site, k=3, seed=seed)
    except NotEnoughDataError:
        return
    assert set(folds[event]) == {0, 1, 2}
    assert all(len(set(folds[site == name])) == 1 for name in set(site))


def test_what_cannot_be_dealt_is_said(patients):
    with pytest.raises(NotEnoughDataError, match="2 sites"):
        folds_for(patients.assign(site=["a", "b"] * 60), k=5, by_site=True, seed=0)
    alone = patients.assign(event=patients["site"] == "s1")
    with pytest.raises(NotEnoughDataError, match="no death"):
        folds_for(alone, k=5, by_site=True, seed=0)
    with pytest.raises(ClinicalError, match="P007"):
        folds_for(patients.assign(site=patients["site"].where(patients.index != "P007")), k=5, by_site=True, seed=0)
