from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from survdash.nets.transport import exact_plan, transport_cost


@pytest.mark.parametrize(("rows", "columns"), [(6, 6), (3, 5), (5, 1)])
def test_the_plan_is_the_cheapest_of_all(rows, columns):
    cost = torch.rand(2, rows, columns, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
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


def test_cost_is_the_squared_distance_over_its_maximum():
    slide, genes = torch.randn(2, 3, 8), torch.randn(2, 4, 8)
    distance = (slide[:, :, None] - genes[:, None]).square().sum(-1)
    expected = distance / distance.amax(dim=(1, 2), keepdim=True)
    torch.testing.assert_close(transport_cost(slide, genes), expected)
    torch.testing.assert_close(transport_cost(100 * slide, 100 * genes), expected)


def test_equal_tokens_cost_nothing():
    same = torch.ones(1, 3, 8)
    assert transport_cost(same, same).tolist() == torch.zeros(1, 3, 3).tolist()
