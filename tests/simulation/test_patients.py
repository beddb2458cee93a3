"""Simulated patients: the same alone or in company, with the signal and the follow-up the demo needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sksurv.metrics import concordance_index_censored

from survdash.cohort import PATIENT_COLUMNS
from survdash.errors import InputError
from survdash.genes import functional_groups, group_columns, split_column
from survdash.simulation.patients import (
    CYTOKINES,
    DEMO_SEED,
    LYMPHOCYTES_PER_TILE,
    NUCLEAR_RADIUS_PX,
    NUCLEI_PER_TILE,
    PLEOMORPHISM,
    SITES,
    STROMA_SHARE,
    SimulatedCohort,
    simulate_cohort,
    simulate_patients,
)

BIG = 3000  # patients enough that the bands below are about the generator, not about chance


@pytest.fixture(scope="module")
def demo() -> SimulatedCohort:
    return simulate_cohort(200, seed=DEMO_SEED)


@pytest.fixture(scope="module")
def big() -> SimulatedCohort:
    return simulate_cohort(BIG, seed=DEMO_SEED)


def concordance(cohort: SimulatedCohort, risk: np.ndarray) -> float:
    patients = cohort.patients
    return float(concordance_index_censored(patients["event"].to_numpy(), patients["time_months"].to_numpy(), risk)[0])


def test_a_patient_remade_alone_is_the_patient_of_the_cohort(demo: SimulatedCohort) -> None:
    for number in (1, 77, 200):
        alone = simulate_patients((number,), seed=DEMO_SEED)
        pd.testing.assert_frame_equal(alone.patients, demo.patients.iloc[[number - 1]])
        pd.testing.assert_frame_equal(alone.genes, demo.genes.iloc[[number - 1]])
        assert alone.slides[0] == demo.slides[number - 1]
        assert alone.true_risk[0] == demo.true_risk[number - 1]


def test_cohorts_of_different_size_share_their_patients(demo: SimulatedCohort) -> None:
    few = simulate_cohort(7, seed=DEMO_SEED)
    pd.testing.assert_frame_equal(few.patients, demo.patients.head(7))
    np.testing.assert_array_equal(few.true_risk, demo.true_risk[:7])


def test_another_seed_is_another_world() -> None:
    here, there = simulate_cohort(3, seed=1), simulate_cohort(3, seed=2)
    assert not np.isclose(here.true_risk, there.true_risk).any()
    assert list(here.genes.columns) != list(there.genes.columns)


def test_patient_table_has_the_columns_of_a_cohort(demo: SimulatedCohort) -> None:
    assert tuple(demo.patients.columns) == PATIENT_COLUMNS
    assert demo.patients.index[0] == "SIM-0001"
    assert demo.patients.index.is_monotonic_increasing
    assert demo.patients["event"].dtype == bool
    assert (demo.patients["time_months"] > 0).all()
    assert set(demo.patients["site"]) == set(SITES)
    assert not demo.patients.isna().any(axis=None)


def test_every_gene_belongs_to_one_group_only(demo: SimulatedCohort) -> None:
    dealt = group_columns(demo.genes.columns)
    assert list(dealt) == list(functional_groups())
    assert sum(len(columns) for columns in dealt.values()) == demo.genes.shape[1]
    assert all(50 <= len(columns) <= 60 for columns in dealt.values())


def test_gene_values_are_what_their_kind_says(big: SimulatedCohort) -> None:
    kinds = np.array([split_column(column)[1] for column in big.genes.columns])
    values = big.genes.to_numpy()
    assert values.dtype == np.float32
    rna = values[:, kinds == "rna"]
    # Standard errors at n = 3000: .018 for a mean, .013 for a deviation; 4.5 of them for the widest of 300 genes.
    np.testing.assert_allclose(rna.mean(axis=0), 0.0, atol=0.085)
    np.testing.assert_allclose(rna.std(axis=0), 1.0, atol=0.085)
    assert set(np.unique(values[:, kinds == "cnv"])) == {-2.0, -1.0, 0.0, 1.0, 2.0}
    assert set(np.unique(values[:, kinds == "mut"])) == {0.0, 1.0}


def test_slide_parameters_fill_their_ranges(big: SimulatedCohort) -> None:
    for name, (low, high) in {
        "nuclei_per_tile": NUCLEI_PER_TILE,
        "nuclear_radius_px": NUCLEAR_RADIUS_PX,
        "pleomorphism": PLEOMORPHISM,
        "lymphocytes_per_tile": LYMPHOCYTES_PER_TILE,
        "stroma_share": STROMA_SHARE,
    }.items():
        values = np.array([getattr(slide, name) for slide in big.slides])
        assert low <= values.min() < low + 0.05 * (high - low), name
        assert high >= values.max() > high - 0.05 * (high - low), name


def test_the_oracle_ranks_well_and_no_part_ranks_as_well_as_all(demo: SimulatedCohort, big: SimulatedCohort) -> None:
    for cohort, slack in ((big, 0.0), (demo, 0.02)):  # a c-index of 200 patients has a standard error near .02
        oracle = concordance(cohort, cohort.true_risk)
        slide, genes = concordance(cohort, cohort.slide_part), concordance(cohort, cohort.gene_part)
        additive = concordance(cohort, cohort.slide_part + cohort.gene_part)
        assert 0.90 - slack < oracle < 0.95 + slack
        assert 0.68 - slack < slide < 0.74 + slack
        assert 0.72 - slack < genes < 0.79 + slack
        assert max(slide, genes) + 0.07 < additive < oracle - 0.02
    np.testing.assert_allclose(demo.true_risk, demo.slide_part + demo.gene_part + demo.interaction, rtol=1e-12)


def test_neither_modality_alone_sees_the_interaction(big: SimulatedCohort) -> None:
    lymphocytes = np.array([slide.lymphocytes_per_tile for slide in big.slides])
    members = [column for column in group_columns(big.genes.columns)[CYTOKINES] if column.endswith("_rna")]
    genes = big.genes[members].to_numpy(float)
    # The first principal component of the group is its factor, up to its sign.
    cytokines = genes @ np.linalg.svd(genes, full_matrices=False)[2][0]
    lymphocytes, cytokines = ((x - x.mean()) / x.std() for x in (lymphocytes, cytokines))
    for alone in (lymphocytes, cytokines):
        # Four standard errors of a correlation at n = 3000; the product's heavy tails leave that bound in place.
        assert abs(np.corrcoef(alone, big.interaction)[0, 1]) < 4 / np.sqrt(BIG)
    assert abs(np.corrcoef(lymphocytes * cytokines, big.interaction)[0, 1]) > 0.95


def test_follow_up_is_like_a_real_cohort(demo: SimulatedCohort) -> None:
    assert 0.5 <= demo.patients["event"].mean() <= 0.6
    assert 20 <= demo.patients["time_months"].median() <= 40
    assert demo.patients["time_months"].max() <= 120


def test_the_hospital_says_nothing_about_the_outcome(big: SimulatedCohort) -> None:
    between = pd.Series(big.true_risk, index=big.patients["site"]).groupby(level=0).mean()
    # Risk has a standard deviation of 2.2 and a hospital 500 patients: a mean's standard error is .10.
    assert between.std() < 0.2


@pytest.mark.parametrize("numbers", [(), (0,), (10_000,), (2, 1), (3, 3)])
def test_impossible_numbers_are_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="numbered 1 to 9999"):
        simulate_patients(numbers, seed=DEMO_SEED)
