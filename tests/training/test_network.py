from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from survdash.case import Survival
from survdash.nets.output import plain_output
from survdash.nets.registry import names
from survdash.training import network as room
from survdash.training.fold_model import build_network
from survdash.training.loop import prepare
from survdash.training.losses import survival_loss
from survdash.training.network import Training, case_loss, make_targets, part_sizes, train_network


@pytest.fixture
def task(small, data_for):
    def make(recipe):
        data = data_for(recipe)
        cases = np.flatnonzero(data.folds != 0)
        blank = prepare(data, recipe, cases, seed=0)
        return Training(data=data, blank=blank, cases=cases, epochs=2, seed=5, device="cpu", kept=None, step="test")

    return make


@pytest.mark.parametrize("model", names())
def test_one_step_on_32_cases_is_32_accumulated_steps(small, task, model):
    training = task(small(model))
    torch.manual_seed(0)
    # Dropout off; deals are then drawn from each case's content. In float64, as the slope of a square root near 0 and
    # of an iterated inverse make much of the last bit of a sum.
    network = build_network(training.blank).double().eval()
    cases = training.cases[:32]

    def gradient(parts):
        network.zero_grad()
        for part in parts:
            tiles, lengths, genes, *more = training.load(part)
            wide = (tiles.double(), lengths, [group.double() for group in genes], *(one.double() for one in more))
            loss = case_loss(network(*wide), training.targets(part), loss="nll")
            (loss.sum() / len(cases)).backward()
        return {name: weight.grad.clone() for name, weight in network.named_parameters() if weight.grad is not None}

    together, alone = gradient([cases]), gradient(np.split(cases, len(cases)))
    largest = max(grad.abs().max() for grad in together.values())
    for name, grad in together.items():
        assert (grad - alone[name]).abs().max() <= 1e-9 * largest, name


@given(tiles=st.lists(st.integers(0, 50), min_size=1, max_size=40))
def test_a_step_goes_in_parts_of_bounded_size(tiles):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "TILES_AT_ONCE", 40)
        sizes = part_sizes(tiles, cases=len(tiles))
    assert sum(sizes) == len(tiles)
    assert all(size > 0 for size in sizes)
    parts = [part.tolist() for part in torch.tensor(tiles).split(sizes)]
    assert all(len(part) == 1 or sum(part) <= 40 for part in parts)
    # No two neighbours would have fitted into one.
    assert all(sum(one) + other[0] > 40 for one, other in pairwise(parts))


@pytest.mark.parametrize(("model", "loss"), [("clam", "nll"), ("porpoise", "nll"), ("porpoise", "cox")])
def test_a_step_in_parts_has_the_gradient_of_the_step(small, task, monkeypatch, model, loss):
    monkeypatch.setattr("torch.nn.Dropout.forward", lambda self, rows: rows)
    monkeypatch.setattr("torch.nn.AlphaDropout.forward", lambda self, rows: rows)
    seen = []

    def note(optimiser):
        seen.append([weight.grad.clone() for group in optimiser.param_groups for weight in group["params"]])

    monkeypatch.setattr("torch.optim.Adam.step", note)
    training = replace(task(small(model, loss=loss, batch_cases=99)), epochs=1)
    _, told = train_network(training)
    monkeypatch.setattr(room, "TILES_AT_ONCE", 20)
    _, told_in_parts = train_network(training)
    whole, parts = seen  # one step each
    assert told_in_parts.training == pytest.approx(told.training, rel=1e-5)
    largest = max(float(slope.abs().max()) for slope in whole)
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(other, one, atol=1e-5 * largest, rtol=1e-4)  # sums of float32 in another order


def test_reading_ahead_changes_nothing(small, task, monkeypatch):
    training = task(small("glg"))
    ahead, _ = train_network(training)
    monkeypatch.setattr(room, "prefetched", lambda load, keys: ((key, load(key)) for key in keys))
    plain, _ = train_network(training)
    for name, weight in plain.state_dict().items():
        assert torch.equal(ahead.state_dict()[name], weight)


def test_max_tiles_are_drawn_anew_each_epoch_and_the_same_for_a_seed(small, task, monkeypatch):
    lengths = []
    honest = Training.load

    def seen(self, cases, *, draw=None):
        laid = honest(self, cases, draw=draw)
        lengths.append((draw.seed, laid[1].tolist(), laid[0].sum().item()))
        return laid

    monkeypatch.setattr(Training, "load", seen)
    training = task(small("attnmil", max_tiles=3))
    one, _ = train_network(training)
    first = lengths.copy()
    other, _ = train_network(training)
    assert lengths[len(first) :] == first
    assert all(set(sizes) == {3} for _, sizes, _ in first)
    assert {seed for seed, _, _ in first} == {(5, 0), (5, 1)}
    assert torch.equal(one.hazard.weight, other.hazard.weight)
    draws = [sorted(total for seed, _, total in first if seed == (5, epoch)) for epoch in (0, 1)]
    assert draws[0] != draws[1]


def test_more_tiles_than_a_case_has_are_all_its_tiles(small, task):
    whole, _ = train_network(task(small("attnmil")))
    drawn, _ = train_network(task(small("attnmil", max_tiles=99)))
    assert torch.equal(whole.hazard.weight, drawn.hazard.weight)


def test_a_network_that_weighs_the_loss_itself_is_heard():
    logits, targets = torch.zeros(3, 4), three_targets()
    output = replace(plain_output(logits), loss_with=lambda outcome, bins: 0.7 * outcome + bins)
    outcome = survival_loss(logits, targets.bins, targets.event)
    torch.testing.assert_close(case_loss(output, targets, loss="nll"), 0.7 * outcome + targets.bins)
    extra = replace(plain_output(logits), extra_loss=torch.ones(3))
    torch.testing.assert_close(case_loss(extra, targets, loss="nll"), outcome + 1)


def three_targets():
    survival = Survival(time_months=np.array([1.0, 20, 30]), event=np.array([1, 0, 1]))
    return make_targets(survival, np.array([0.0, 10, 20, 30, 40]), device="cpu")


def test_the_validation_loss_changes_nothing_but_is_told(small, task):
    training = task(small("glg"))
    held_out = np.flatnonzero(training.data.folds == 0)
    plain, without = train_network(training)
    watched, losses = train_network(replace(training, validation=held_out))
    assert (losses.training, without.validation) == (without.training, ())
    assert len(losses.validation) == 2
    for name, weight in plain.state_dict().items():
        assert torch.equal(watched.state_dict()[name], weight)
