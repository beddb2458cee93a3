from __future__ import annotations

import math

import pytest
import torch

from survdash.nets.baselines.mcat import CoAttention, Mcat
from survdash.nets.baselines.motcat import ENTROPY, MARGINALS, MotCat, unbalanced_plan
from tests.nets.layers import size


def make(**options):
    torch.manual_seed(0)
    return MotCat(tile_dim=6, gene_dims=(3, 4), width=16, **options).eval()


def case(tiles=11):
    generator = torch.Generator().manual_seed(1)
    genes = [torch.randn(1, width, generator=generator) for width in (3, 4)]
    return torch.randn(tiles, 6, generator=generator), torch.tensor([tiles]), genes


def test_the_plan_solves_the_unbalanced_problem():
    # At the optimum the slope of <P, C> + eps sum P (log P - 1) + tau KL(P1|a) + tau KL(P^T1|b) is 0 everywhere.
    torch.manual_seed(0)
    tiles, genes = torch.randn(20, 5, dtype=torch.float64), torch.randn(3, 5, dtype=torch.float64)
    plan = unbalanced_plan(tiles, genes)
    x, y = tiles - tiles.min(1, keepdim=True).values, genes - genes.min(1, keepdim=True).values
    cost = ((x[:, None] - y[None]) ** 2).sum(-1)
    slope = (
        cost / cost.max() + ENTROPY * plan.log()
        + MARGINALS * (plan.sum(1, keepdim=True) * 20).log() + MARGINALS * (plan.sum(0, keepdim=True) * 3).log()
    )
    # POT stops its iterations at a relative change of 1e-6 in the scalings; their logarithms are weighed by 0.1.
    torch.testing.assert_close(slope, torch.zeros_like(slope), atol=1e-5, rtol=0)


def test_equal_tokens_cost_nothing():
    assert torch.isfinite(unbalanced_plan(torch.ones(4, 5), torch.ones(2, 5))).all()


@pytest.mark.parametrize(("tiles", "most"), [(11, 4), (12, 4), (3, 4), (1, 1)])
def test_every_tile_is_in_one_micro_batch(tiles, most):
    bags, lengths, _ = case(tiles)
    batches, owner = make(micro_batch=most)._micro_batches(bags.repeat(2, 1), lengths.repeat(2))
    assert sorted(torch.cat(batches).tolist()) == list(range(2 * tiles))
    sizes = [len(rows) for rows in batches]
    assert len(batches) == 2 * math.ceil(tiles / most)
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1
    assert all(torch.all(rows // tiles == number) for rows, number in zip(batches, owner, strict=True))


def test_micro_batches_are_drawn_from_the_content_at_inference_and_by_chance_in_training():
    model, (tiles, lengths, genes) = make(micro_batch=4), case()
    first = model(tiles, lengths, genes).logits
    torch.testing.assert_close(model(tiles.flip(0), lengths, genes).logits, first)
    draws = [model.train()._micro_batches(tiles, lengths)[0][0].tolist() for _ in range(5)]
    assert len({tuple(draw) for draw in draws}) > 1


def test_the_logits_are_the_mean_over_micro_batches():
    model, (tiles, lengths, genes) = make(micro_batch=4), case()
    batches, _ = model._micro_batches(tiles, lengths)
    whole = make()
    each = [whole(tiles[rows], torch.tensor([len(rows)]), genes).logits for rows in batches]
    torch.testing.assert_close(model(tiles, lengths, genes).logits, torch.stack(each).mean(0))


def test_it_is_mcat_without_the_weights_of_the_co_attention():
    assert size(make()) == size(Mcat(tile_dim=6, gene_dims=(3, 4), width=16)) - size(CoAttention(16))
