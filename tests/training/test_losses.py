from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from survdash.training.losses import FLOOR, survival_loss

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
