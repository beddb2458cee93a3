from __future__ import annotations

from dataclasses import replace

import joblib
import numpy as np
import pytest

from survdash.bag_file import BagFile
from survdash.errors import NotEnoughDataError
from survdash.training import data as room
from survdash.training.data import model_data, shuffle_slides


def test_only_cases_with_every_modality_are_gathered(cohort):
    assert model_data(cohort, ("genes",)).size == 60
    both = model_data(cohort, ("genes", "slide"))
    assert both.size == 59
    assert both.case_ids.tolist() == sorted(both.case_ids)
    assert model_data(cohort, ("genes",)).folds[-1] == -1


def test_numbers_are_the_cohorts_in_the_order_of_columns_and_cases(cohort):
    data = model_data(cohort, ("genes", "slide"))
    inputs = data.inputs(np.array([5, 0]))
    np.testing.assert_allclose(inputs.genes, cohort.genes.loc[["P05", "P00"], list(data.columns)], rtol=1e-6)  # float32
    with BagFile(cohort.bag_path) as bags:
        np.testing.assert_array_equal(inputs.bags[0], bags.read(["P05-1"]).features)
        np.testing.assert_array_equal(inputs.bags[1], bags.read(["P00-1", "P00-2"]).features)
    for members, positions in zip(cohort.gene_groups.values(), data.groups, strict=True):
        assert [data.columns[position] for position in positions] == list(members)


def test_a_full_memory_changes_nothing(cohort, monkeypatch):
    monkeypatch.setattr(room, "CACHE_BYTES", 1)
    small, large = model_data(cohort, ("slide",)), model_data(cohort, ("slide",))
    first = [small.bags.read(case).copy() for case in (0, 1, 2)]
    monkeypatch.setattr(room, "CACHE_BYTES", 1 << 30)
    for case in (2, 0, 1):
        np.testing.assert_array_equal(small.bags.read(case), first[case])
        np.testing.assert_array_equal(large.bags.read(case), first[case])


def test_bags_are_read_in_another_process_too(cohort):
    bags = model_data(cohort, ("slide",)).bags
    here = bags.read(3)  # with the file open
    (there,) = joblib.Parallel(n_jobs=2)([joblib.delayed(bags.read)(3)])
    np.testing.assert_array_equal(there, here)


def test_shuffling_gives_every_patient_a_strangers_slide_of_the_same_fold(cohort):
    data = model_data(cohort, ("genes", "slide"))
    shuffled = shuffle_slides(data, seed=0)
    owner = {data.bags.read(case).tobytes(): case for case in range(data.size)}
    origin = np.array([owner[shuffled.bags.read(case).tobytes()] for case in range(data.size)])
    assert sorted(origin) == list(range(data.size))
    assert np.all(origin != np.arange(data.size))
    np.testing.assert_array_equal(data.folds[origin], data.folds)
    np.testing.assert_array_equal(shuffled.genes, data.genes)


def test_a_modality_that_is_not_there_is_named(cohort):
    with pytest.raises(NotEnoughDataError, match="no slide"):
        model_data(replace(cohort, bag_path=None, bag_origin=None, slides=cohort.slides[:0]), ("genes", "slide"))
