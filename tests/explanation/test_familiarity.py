"""What is usual: at most 5 % of held-out patients are flagged, and what is foreign is."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from survdash.errors import ArtefactError, NotEnoughDataError
from survdash.explanation.familiarity import (
    FLAGGED,
    compare_with_cohort,
    familiarity_words,
    fit_habitat,
    held_out_familiarity,
    measure_cohort,
    slide_row,
)


def rows(count: int, *, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 5)) @ rng.normal(size=(5, 30)) + 0.3 * rng.normal(size=(count, 30))


def test_at_most_one_in_twenty_held_out_patients_is_flagged() -> None:
    arrays = measure_cohort(rows(200))
    assert (arrays["held_out"] > 1).mean() <= FLAGGED
    assert (arrays["held_out"] > 1).any()


def test_new_patients_of_the_same_kind_are_flagged_about_as_often() -> None:
    everyone = rows(1200)
    arrays = measure_cohort(everyone[:400])
    flagged = np.mean([compare_with_cohort(row, arrays, part="genes").level != "like" for row in everyone[400:]])
    # 800 new ones: 5 % +- 0.8 %, on top of a limit that itself rests on 20 of 400.
    assert 0.01 < flagged < 0.10


def test_what_is_foreign_is_far() -> None:
    arrays = measure_cohort(rows(200))
    alien = np.random.default_rng(1).permutation(rows(1)[0]) * 100
    found = compare_with_cohort(alien, arrays, part="genes")
    assert found.level == "far"
    (words,) = familiarity_words([found])
    assert "nothing like" in words
    assert "z-scores" in words


def test_missing_values_lie_at_the_median_and_constant_columns_are_borne() -> None:
    table = rows(100)
    table[:, 0] = 3.0
    habitat = fit_habitat(table)
    empty = np.full((1, table.shape[1]), np.nan)
    np.testing.assert_allclose(habitat.distances(empty), habitat.distances(habitat.fill[None].astype(float)))


@pytest.mark.parametrize("patients", [25, 90])
def test_axes_are_the_first_singular_vectors_with_fewer_patients_than_columns_and_with_more(patients: int) -> None:
    table = rows(patients)
    habitat = fit_habitat(table)
    squashed = np.arcsinh((table - table.mean(axis=0)) / table.std(axis=0))
    _, _, vectors = np.linalg.svd(squashed - squashed.mean(axis=0), full_matrices=False)
    found = habitat.axes.astype(float)
    # stored as float16, of numbers up to 1
    np.testing.assert_allclose(np.abs(found @ vectors[: len(found)].T), np.eye(len(found)), atol=2e-3)


def test_ten_times_the_patients_need_no_hundred_times_the_memory() -> None:
    table = rows(5000)
    tracemalloc.start()
    measure_cohort(table)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 1.2 MB of numbers and their copies; all pairs of patients would be 200 MB
    assert most < 20e6


def test_a_held_out_patient_has_a_place_and_one_in_no_fold_has_none() -> None:
    arrays = measure_cohort(rows(60))
    one = held_out_familiarity(arrays, 3, part="slide")
    assert one is not None
    assert one.distance == pytest.approx(arrays["held_out"][3])
    arrays["held_out"][3] = np.nan
    assert held_out_familiarity(arrays, 3, part="slide") is None


def test_too_few_patients_and_another_width_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="39 patients"):
        measure_cohort(rows(39))
    with pytest.raises(ArtefactError, match="31 numbers"):
        compare_with_cohort(np.zeros(31), measure_cohort(rows(60)), part="genes")


def test_the_row_of_a_slide_is_its_mean_and_spread_whatever_the_order() -> None:
    bag = np.random.default_rng(0).normal(size=(20, 4))
    found = slide_row(bag, spread=True)
    np.testing.assert_allclose(found, np.concatenate([bag.mean(axis=0), bag.std(axis=0)]))
    np.testing.assert_allclose(slide_row(bag[::-1], spread=True), found)
    assert slide_row(bag, spread=False).shape == (4,)
