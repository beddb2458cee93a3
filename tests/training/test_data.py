from __future__ import annotations

from dataclasses import replace

import joblib
import numpy as np
import pytest

from survdash.bag_file import BagFile
from survdash.errors import NotEnoughDataError
from survdash.training import data as room
from survdash.training.data import TileDraw, model_data, shuffle_slides


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


def test_cases_without_a_slide_come_in_where_the_model_has_learnt_what_stands_in(cohort):
    genes = cohort.genes.drop(index="P03")
    data = model_data(replace(cohort, genes=genes), ("genes", "slide"), missing=True)
    assert data.size == 60
    inputs = data.inputs(np.array([3, 59]))
    assert np.isnan(inputs.genes[0]).all()
    assert not np.isnan(inputs.genes[1]).any()
    assert [bag.shape for bag in inputs.bags] == [(5, 8), (0, 8)]


def test_clinical_facts_come_in_when_they_are_asked_for(varied):
    data = model_data(varied, ("genes", "clinical"))
    assert data.clinical.shape == (60, 3)
    np.testing.assert_array_equal(data.inputs(np.array([1, 7])).clinical, [[41, 1, 2], [np.nan, 1, 4]])
    bare = replace(varied, patients=varied.patients.assign(age=None, sex=None, stage=None))
    with pytest.raises(NotEnoughDataError, match="no clinical"):
        model_data(bare, ("clinical",))


def test_a_draw_depends_on_its_seed_and_the_case_alone(cohort):
    data, draw = model_data(cohort, ("slide",)), TileDraw(most=3, seed=(1, 2))
    together = data.inputs(np.array([4, 5]), draw=draw).bags
    (alone,) = data.inputs(np.array([5]), draw=draw).bags
    np.testing.assert_array_equal(together[1], alone)
    (whole,) = data.inputs(np.array([5])).bags
    assert len(alone) == 3
    assert {tuple(row) for row in alone} <= {tuple(row) for row in whole}


def test_the_digest_follows_the_content(cohort):
    data, again = model_data(cohort, ("genes", "slide")), model_data(cohort, ("genes", "slide"))
    assert again.digest() == data.digest()
    assert shuffle_slides(data, seed=0).digest() != data.digest()
    assert model_data(cohort, ("genes",)).digest() != data.digest()
