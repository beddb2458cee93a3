from __future__ import annotations

import numpy as np
import pytest

from survdash.training.clinical import WIDTH, clinical_rows, describe_clinical, fit_clinical, stage_number


@pytest.mark.parametrize(
    ("words", "number"),
    [("Stage IA", 1), ("Stage IIIC", 3), ("III", 3), ("Stage IV", 4), ("iva2", 4), ("0", 0), ("2", 2), (" IB ", 1)],
)
def test_stages_of_real_tables_are_read(words, number):
    assert stage_number(words) == number


@pytest.mark.parametrize("words", ["I/II NOS", "[Discrepancy]", "Stage X", "V", "", None, float("nan")])
def test_words_that_name_no_one_stage_are_not_known(words):
    assert np.isnan(stage_number(words))


def test_rows_are_years_sex_and_stage():
    rows = clinical_rows([60.5, None], ["female", "male"], ["Stage IIB", None])
    np.testing.assert_array_equal(rows, [[60.5, 1, 2], [np.nan, 0, np.nan]])


def test_the_code_by_hand():
    # Ages 40 and 60: mean 50, standard deviation 10; sex and stage are alike for all, so they say nothing.
    rows = np.array([[40.0, 1, 2], [60, 1, 2], [np.nan, 1, 2]])
    encoder = fit_clinical(rows)
    expected = [[-1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0]]
    np.testing.assert_allclose(encoder.apply(rows), expected, atol=1e-7)
    # Older than anybody in training, of another sex; stage not known, which was never so in training.
    np.testing.assert_allclose(encoder.apply(np.array([[90.0, 0, np.nan]])), [[1, 0, 0, 0, 0, 0]], atol=1e-7)
    assert encoder.apply(rows).shape == (3, WIDTH)


def test_a_fact_nobody_has_says_nothing():
    encoder = fit_clinical(np.array([[np.nan, 1.0, 1], [np.nan, 0, 2]]))
    np.testing.assert_array_equal(encoder.apply(np.array([[50.0, np.nan, 1]]))[:, [0, 3]], [[0, 0]])


def test_the_card_says_how_often_a_fact_is_missing():
    age, sex, stage = describe_clinical(np.array([[np.nan, 1, np.nan], [50, 0, np.nan]]))
    assert "unknown for 1 of 2" in age
    assert "known for all" in sex
    assert "unknown for all" in stage
