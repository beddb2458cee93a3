from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from survdash.nets.projection import DROPOUT, TileProjection


@pytest.fixture
def project():
    torch.manual_seed(0)
    return TileProjection(10, 16).double()


def tiles(count: int) -> torch.Tensor:
    return torch.randn(count, 10, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_in_evaluation_it_is_linear_and_relu(project):
    expected = torch.relu(project[0](tiles(7)))
    torch.testing.assert_close(project.eval()(tiles(7)), expected)


def test_in_training_a_quarter_is_stopped_and_the_rest_is_scaled_up(project):
    rows = tiles(20_000)
    whole, found = torch.relu(project[0](rows)), project.train()(rows)
    there = whole > 0
    kept = found[there] > 0
    torch.testing.assert_close(found[there][kept], whole[there][kept] / (1 - DROPOUT))
    # Some 160,000 draws: the standard deviation of the share is 0.0011.
    assert float((~kept).double().mean()) == pytest.approx(DROPOUT, abs=0.006)
    # Each column and each of the eight bytes of a draw by itself; 0.004 in standard deviation for 10,000 numbers.
    by_column = ((found == 0) & there).sum(0) / there.sum(0)
    assert (by_column - DROPOUT).abs().max() < 0.025


def test_the_same_seed_stops_the_same_and_another_one_others(project):
    def drawn(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return project.train()(tiles(50))

    assert torch.equal(drawn(3), drawn(3))
    assert not torch.equal(drawn(3), drawn(4))


def test_the_gradient_is_that_of_the_numbers_that_pass(project):
    rows, slope = tiles(40), torch.randn(40, 16, dtype=torch.float64)
    found = project.train()(rows)
    passed = (found > 0).double() / (1 - DROPOUT)
    expected = torch.autograd.grad((functional.linear(rows, *project[0].parameters()) * passed * slope).sum(),
                                   list(project.parameters()))  # fmt: skip
    slopes = torch.autograd.grad((found * slope).sum(), list(project.parameters()))
    for one, other in zip(slopes, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_no_tile_is_no_trouble(project):
    assert project.train()(tiles(0)).shape == (0, 16)


def test_without_dropout_training_is_evaluation(project):
    project[2].p = 0.0
    torch.testing.assert_close(project.train()(tiles(5)), project.eval()(tiles(5)))
