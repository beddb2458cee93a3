from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from survdash.case import Survival
from survdash.errors import Cancelled, NotEnoughDataError
from survdash.training.data import model_data
from survdash.training.loop import fit_fold, join
from survdash.training.recipe import Recipe

MONTHS = np.arange(6.0)


def glg(**changes):
    return Recipe(model="glg", modalities=("genes", "slide"), options={"width": 16}, epochs=2, **changes)


@pytest.fixture
def data(cohort):
    return model_data(cohort, ("genes", "slide"))


def test_the_same_seed_gives_the_same_weights_whatever_chance_did_before(data):
    first = fit_fold(data, glg(), fold=0)
    torch.rand(17)
    second = fit_fold(data, glg(), fold=0)
    assert second.curves == first.curves
    for key, weight in first.model.network.state_dict().items():
        assert torch.equal(second.model.network.state_dict()[key], weight)
    assert fit_fold(data, glg(seed=1), fold=0).curves != first.curves


def test_nothing_of_the_held_out_patients_is_seen(data):
    held_out = data.folds == 0
    genes, time = data.genes.copy(), data.survival.time_months.copy()
    genes[held_out] = 1e6
    time[held_out] = 500
    other = replace(data, genes=genes, survival=Survival(time_months=time, event=~data.survival.event ^ ~held_out))
    assert fit_fold(other, glg(), fold=0).curves == fit_fold(data, glg(), fold=0).curves


def test_training_lowers_the_loss(data):
    (curve,) = fit_fold(data, replace(glg(learning_rate=2e-3), epochs=15), fold=0).curves
    history = curve.training
    assert len(history) == 15
    assert np.mean(history[-3:]) < np.mean(history[:3])


def test_a_network_with_a_loss_of_its_own_is_trained_by_it(cohort):
    # CLAM's classifiers of single tiles stand in no hazard: they can only learn from the loss CLAM makes itself.
    data = model_data(cohort, ("slide",))
    recipe = Recipe(model="clam", modalities=("slide",), options={"width": 16, "hidden": 8}, epochs=1)
    once, twice = (fit_fold(data, replace(recipe, epochs=epochs), fold=0).model.network for epochs in (1, 2))
    assert not torch.equal(once.instance.weight, twice.instance.weight)


def test_training_leaves_the_settings_of_torch_as_they_were(data):
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    fit_fold(data, glg(), fold=0)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)


def test_cancel_is_seen_between_epochs(data):
    cancel, seen = threading.Event(), []

    def report(progress):
        seen.append(progress.done)
        cancel.set()

    with pytest.raises(Cancelled, match="fold 1"):
        fit_fold(data, glg(), fold=0, report=report, cancel=cancel)
    assert seen == [0]


def test_a_fold_without_training_cases_is_refused(data):
    with pytest.raises(NotEnoughDataError, match="no case"):
        fit_fold(replace(data, folds=np.zeros(data.size, int)), glg(), fold=0)


def test_the_number_of_epochs_is_chosen_on_a_fifth_of_the_training_patients(data):
    recipe = replace(glg(learning_rate=2e-2, stop="inner"), epochs=8)
    (curve,) = fit_fold(data, recipe, fold=0).curves
    assert len(curve.inner.training) == len(curve.inner.validation) == 8
    assert curve.inner.epochs == 1 + int(np.argmin(curve.inner.validation))
    assert len(curve.training) == curve.inner.epochs
    # Refitted on the whole training fold: the weights of a plain training for so many epochs.
    plain = fit_fold(data, replace(glg(learning_rate=2e-2), epochs=curve.inner.epochs), fold=0)
    assert plain.curves[0].training == curve.training


def test_the_seeds_of_an_ensemble_differ_and_the_first_is_the_single_one(data):
    recipe = glg(seeds=2)
    first, second = (fit_fold(data, recipe, fold=0, member=member) for member in (0, 1))
    assert first.curves == fit_fold(data, glg(), fold=0).curves
    assert second.curves != first.curves
    joined = join([first, second])
    assert len(joined.model.networks) == len(joined.curves) == 2
    np.testing.assert_array_equal(second.model.tile_scaler.centre, first.model.tile_scaler.centre)
