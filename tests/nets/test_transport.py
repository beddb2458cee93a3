from __future__ import annotations

from itertools import pairwise

import numpy as np
import ot
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from survdash.nets import transport
from survdash.nets.transport import entropic_plan, exact_plan, transport_cost


def random_cost(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def uniform(cost):
    return [np.full(size, 1 / size) for size in cost.shape]


@pytest.mark.parametrize(("rows", "columns"), [(6, 6), (3, 5), (5, 1)])
def test_the_plan_is_the_cheapest_of_all(rows, columns):
    cost = random_cost(2, rows, columns)
    plan = exact_plan(cost)
    # Marginals are sums of a few fractions in double precision.
    np.testing.assert_allclose(plan.sum(2), 1 / rows, atol=1e-12)
    np.testing.assert_allclose(plan.sum(1), 1 / columns, atol=1e-12)
    equal_rows = np.kron(np.eye(rows), np.ones(columns))
    equal_columns = np.kron(np.ones(rows), np.eye(columns))
    sums = np.r_[np.full(rows, 1 / rows), np.full(columns, 1 / columns)]
    for one, found in zip(cost, plan, strict=True):
        best = linprog(one.ravel(), A_eq=np.r_[equal_rows, equal_columns], b_eq=sums).fun
        assert (one * found).sum().item() == pytest.approx(best, abs=1e-9)  # linprog's own tolerance


@settings(deadline=None, max_examples=50)  # seconds say nothing on a busy machine
@given(size=st.integers(1, 40), groups=st.integers(1, 7), seed=st.integers(0, 99))
def test_the_entropic_plan_has_uniform_marginals(size, groups, seed):
    plan = entropic_plan(random_cost(size, groups, seed=seed))
    assert torch.all(plan >= 0)
    np.testing.assert_allclose(plan.sum(1), 1 / size, atol=1e-12)  # a softmax: rounding only
    np.testing.assert_allclose(plan.sum(0), 1 / groups, atol=2e-10)  # Newton stops at 1e-10


@pytest.mark.parametrize("regularisation", [0.5, 0.05])
def test_the_entropic_plan_is_sinkhorns(regularisation):
    cost = random_cost(60, 6)
    theirs = ot.bregman.sinkhorn_log(*uniform(cost), cost.numpy(), regularisation, numItermax=100_000, stopThr=1e-13)
    # Sinkhorn stops at marginals within 1e-13, from where the plan is within some multiples of it.
    np.testing.assert_allclose(entropic_plan(cost, regularisation=regularisation), theirs, atol=1e-10)


def test_the_last_steps_are_not_halved_in_vain(monkeypatch):
    # Where a step gains less than rounding, a strict line search once halved it to nothing, in up to 130 looks.
    looks = []
    look = transport._semi_dual
    monkeypatch.setattr(transport, "_semi_dual", lambda *given: looks.append(len(given[0])) or look(*given))
    for seed in range(50):
        looks.clear()
        entropic_plan(random_cost(1000, 6, seed=seed))
        assert len(looks) <= 30, seed  # 16 at most


@pytest.mark.parametrize("size", [6, 50, 500])
def test_its_cost_falls_to_the_exact_one(size):
    cost = random_cost(size, 6)
    exact = ot.emd2(*uniform(cost), cost.numpy())
    ladder = (0.5, 0.1, 0.02, 4e-3, 8e-4)
    gaps = [(cost * entropic_plan(cost, regularisation=step)).sum().item() - exact for step in ladder]
    # Never below the exact cost, and above it by at most the regularisation times the entropy's range, log 6.
    assert all(-1e-9 < gap <= step * np.log(6) for gap, step in zip(gaps, ladder, strict=True))
    assert all(later < earlier for earlier, later in pairwise(gaps))
    assert gaps[-1] < 1e-3


def test_no_cost_is_no_trouble_and_no_preference():
    np.testing.assert_allclose(entropic_plan(torch.zeros(4, 3)), 1 / 12, rtol=1e-6)  # float32


def test_far_groups_of_tokens_are_no_trouble():
    # All mass lies at one gene token, and the other one must get its half all the same.
    cost = torch.tensor([[0.0, 1.0]] * 5, dtype=torch.float64)
    np.testing.assert_allclose(entropic_plan(cost, regularisation=1e-3), np.full((5, 2), 0.1), atol=1e-9)


def test_cost_is_the_squared_distance_over_its_maximum():
    slide, genes = torch.randn(2, 3, 8), torch.randn(2, 4, 8)
    distance = (slide[:, :, None] - genes[:, None]).square().sum(-1)
    expected = distance / distance.amax(dim=(1, 2), keepdim=True)
    torch.testing.assert_close(transport_cost(slide, genes), expected)
    torch.testing.assert_close(transport_cost(100 * slide, 100 * genes), expected)


def test_equal_tokens_cost_nothing():
    same = torch.ones(1, 3, 8)
    assert transport_cost(same, same).tolist() == torch.zeros(1, 3, 3).tolist()
