from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lifelines import CoxPHFitter

from survdash.training.losses import FLOOR, cox_loss, survival_loss

LOGITS = torch.tensor([[0.0, math.log(3), 0.0]], dtype=torch.float64)  # hazards 1/2, 3/4, 1/2


@pytest.mark.parametrize(
    ("bin_number", "event", "likelihood"),
    [(0, True, 1 / 2), (0, False, 1 / 2), (1, True, 1 / 2 * 3 / 4), (1, False, 1 / 8), (2, False, 1 / 16)],
)
def test_it_is_minus_the_log_likelihood_by_hand(bin_number, event, likelihood):
    loss = survival_loss(LOGITS, torch.tensor([bin_number]), torch.tensor([event]))
    assert loss.item() == pytest.approx(-math.log(likelihood), abs=1e-12)


@given(logits=st.lists(st.floats(-5, 5), min_size=2, max_size=5))
def test_all_that_can_happen_has_probability_one(logits):
    # A death in one of the bins, or survival beyond the last: exactly one of them.
    bins, row = len(logits), torch.tensor([logits], dtype=torch.float64)
    deaths = survival_loss(row.expand(bins, -1), torch.arange(bins), torch.ones(bins, dtype=torch.bool))
    alive = survival_loss(row, torch.tensor([bins - 1]), torch.tensor([False]))
    # A probability below the floor counts as the floor.
    assert (torch.exp(-deaths).sum() + torch.exp(-alive)[0]).item() == pytest.approx(1, abs=bins * FLOOR)


def test_a_certain_network_that_is_wrong_is_punished_finitely():
    loss = survival_loss(torch.tensor([[200.0, 0.0]]), torch.tensor([1]), torch.tensor([False]))
    assert loss.item() == pytest.approx(-math.log(1e-7), rel=1e-5)


def test_the_partial_likelihood_by_hand():
    # Deaths at 1 (everybody at risk) and 3 (cases 2 and 3); log hazards log 1, log 2, log 3, log 4.
    eta = torch.tensor([1.0, 2, 3, 4], dtype=torch.float64).log()
    time, event = torch.tensor([1.0, 2, 3, 4]), torch.tensor([True, False, True, False])
    loss = cox_loss(eta, time, event)
    expected = torch.tensor([math.log(10 / 1), 0, math.log(7 / 3), 0], dtype=torch.float64) * 4 / 2
    torch.testing.assert_close(loss, expected)
    assert cox_loss(eta, time, torch.zeros(4, dtype=torch.bool)).tolist() == [0, 0, 0, 0]


def test_tied_deaths_share_their_risk_set():
    # Breslow: each of two deaths at 1 among two patients of equal hazard costs log 2.
    loss = cox_loss(torch.zeros(2), torch.ones(2), torch.ones(2, dtype=torch.bool))
    torch.testing.assert_close(loss, torch.full((2,), math.log(2)))


def test_the_partial_likelihood_is_that_of_lifelines():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.normal(size=60), "time": rng.permutation(60) + 1.0, "event": rng.random(60) < 0.6})
    fitted = CoxPHFitter().fit(table, "time", "event")  # no ties: Efron and Breslow agree
    eta = torch.from_numpy(table["x"].to_numpy() * fitted.params_["x"])
    loss = cox_loss(eta, torch.tensor(table["time"].tolist()), torch.tensor(table["event"].tolist()))
    deaths = int(table["event"].sum())
    assert loss.mean().item() * deaths == pytest.approx(-fitted.log_likelihood_, rel=1e-8)


def test_the_gradient_of_the_partial_likelihood_is_the_numerical_one():
    generator = torch.Generator().manual_seed(0)
    eta = torch.randn(9, generator=generator, dtype=torch.float64, requires_grad=True)
    time = torch.tensor([3.0, 1, 4, 1, 5, 9, 2, 6, 5])
    event = torch.tensor([1, 1, 0, 1, 1, 0, 0, 1, 1], dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda values: cox_loss(values, time, event), eta)
    assert torch.autograd.gradcheck(lambda values: cox_loss(values + 3, time, event).sum(), eta)


def test_its_gradient_is_the_numerical_one():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(8, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    bins, event = torch.arange(8) % 4, torch.arange(8) < 4
    assert torch.autograd.gradcheck(lambda rows: survival_loss(rows, bins, event), logits)


def test_the_slope_by_hand():
    # d/dlogit of -log(1 - h) is h, of -log h is h - 1; later bins do not matter.
    logits = LOGITS.expand(2, -1).clone().requires_grad_()
    survival_loss(logits, torch.tensor([1, 1]), torch.tensor([True, False])).sum().backward()
    torch.testing.assert_close(
        logits.grad, torch.tensor([[1 / 2, 3 / 4 - 1, 0], [1 / 2, 3 / 4, 0]], dtype=torch.float64)
    )
