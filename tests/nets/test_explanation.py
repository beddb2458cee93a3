"""Explanations of small cases, checked by a plain loop over deals and tiles."""

from __future__ import annotations

import pytest
import torch

from survdash.errors import InputError
from survdash.nets.deal import content_deals
from survdash.nets.explanation import Trace, explain_trace
from survdash.nets.fusion import GlobalLocalGlobal

GENE_DIMS, SIZES = (3, 4, 5, 6, 7, 8), [12, 3, 18]


def make(**options):
    torch.manual_seed(0)
    settings = {"tile_dim": 10, "gene_dims": GENE_DIMS, "width": 16, **options}
    return GlobalLocalGlobal(**settings).eval()


def cases(sizes=SIZES):
    generator = torch.Generator().manual_seed(1)
    genes = [torch.randn(len(sizes), width, generator=generator) for width in GENE_DIMS]
    return torch.randn(sum(sizes), 10, generator=generator), torch.tensor(sizes), genes


def test_a_tile_has_its_equal_share_of_what_its_group_got():
    torch.manual_seed(0)
    deals, groups, genes, size = 3, 6, 2, 14
    shares = content_deals(torch.randn(size, 4), deals=deals, groups=groups)
    attention = torch.rand(deals, genes, groups).softmax(2).mT
    plan = torch.full((deals, groups, genes), 1 / groups / genes)
    slide_weights, gene_weights = torch.rand(deals, 1, genes).softmax(2), torch.rand(deals, 1, genes).softmax(2)
    trace = Trace(
        logits=torch.randn(deals, 1, 4), mismatch=torch.rand(deals, 1), fused=torch.randn(deals, 1, 8),
        slide_weights=slide_weights, gene_weights=gene_weights, attention=[attention], plan=[plan], shares=[shares],
    )
    found = explain_trace(trace, [size], rounds=2)
    table = shares.reshape(deals, groups, size)
    expected_attention, expected_weight = torch.zeros(size, genes), torch.zeros(size)
    for deal in range(deals):
        for tile in range(size):
            group = int(table[deal, :, tile].argmax())
            members = int((table[deal, group] > 0).sum())
            expected_attention[tile] += attention[deal, group] / members / deals
            slide_side = (genes * plan[deal, group] * slide_weights[deal, 0]).sum()
            gene_side = (attention[deal, group] * gene_weights[deal, 0]).sum()
            expected_weight[tile] += (slide_side + gene_side) / 2 / members / deals
    torch.testing.assert_close(found.tile_attention, expected_attention)
    torch.testing.assert_close(found.tile_weight, expected_weight)
    torch.testing.assert_close(found.fused, trace.fused[:2].mean(0))  # the answer's rounds alone
    torch.testing.assert_close(found.output.logits, trace.logits[:2].mean(0))


@pytest.mark.parametrize("options", [{}, {"tokens": "tiles"}, {"deals": 3}, {"clinical_dim": 2}])
@pytest.mark.parametrize("deals", [None, 64])
def test_the_answer_is_that_of_the_forward_pass(options, deals):
    model, clinical = make(**options), torch.ones(3, 2) if "clinical_dim" in options else None
    found, plain = model.explain(*cases(), clinical, deals=deals), model(*cases(), clinical)
    torch.testing.assert_close(found.output.logits, plain.logits, rtol=0, atol=1e-6)  # rounding in float32
    assert found.output.variants.shape == plain.variants.shape
    assert found.fused.shape == (3, 16 * (3 if clinical is not None else 2))
    torch.testing.assert_close(found.output.extra_loss, plain.extra_loss)
    if deals is None and clinical is None and model.deals == 1:  # one round: H is what the risk is read from
        torch.testing.assert_close(model.hazard(model.merge(found.fused)), found.output.logits)


@pytest.mark.parametrize("options", [{}, {"tokens": "tiles"}])
def test_shares_add_up_over_the_tiles_of_a_case(options):
    found = make(**options).explain(*cases(), deals=16)
    for weight, attention, plan in zip(
        found.tile_weight.split(SIZES), found.tile_attention.split(SIZES), found.tile_plan.split(SIZES), strict=True
    ):
        assert weight.sum().item() == pytest.approx(1, abs=1e-5)
        torch.testing.assert_close(attention.sum(0), torch.ones(6), rtol=0, atol=1e-5)
        torch.testing.assert_close(plan.sum(0), torch.full((6,), 1 / 6), rtol=0, atol=1e-6)
        torch.testing.assert_close(plan.sum(1), torch.full((len(plan),), 1 / len(plan)), rtol=0, atol=1e-6)
    assert found.tile_weight.min() >= 0
    if options:
        assert found.plan is None
    else:
        assert found.plan.shape == (16, 3, 6, 6)


def test_an_explanation_follows_its_tiles():
    tiles, lengths, genes = cases([20])
    order = torch.randperm(20, generator=torch.Generator().manual_seed(5))
    model = make()
    here, there = (model.explain(rows, lengths, genes, deals=32) for rows in (tiles, tiles[order]))
    torch.testing.assert_close(here.tile_weight[order], there.tile_weight, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(here.tile_attention[order], there.tile_attention, rtol=1e-4, atol=1e-6)


def test_a_tile_that_the_genes_look_at_stands_out_once_the_deals_are_many():
    # Tile 7 is made so unlike the rest that its group draws other attention in every deal; the neighbours it was
    # dealt together with change from deal to deal and average out.
    tiles, lengths, genes = cases([30])
    tiles[7] *= 40
    attention = make().explain(tiles, lengths, genes, deals=64).tile_attention
    apart = (attention - attention.median(0).values).abs()
    assert torch.all(apart.argmax(0) == 7)


@pytest.mark.parametrize(
    ("options", "absent"),
    [
        ({"cross_attention": False}, {"tile_attention"}),
        ({"transport": False}, {"tile_plan", "plan"}),
        ({"gene_dims": ()}, {"tile_attention", "tile_plan", "plan"}),
        ({"tile_dim": None}, {"tile_weight", "tile_attention", "tile_plan", "plan"}),
    ],
)
def test_what_was_left_out_is_not_explained(options, absent):
    tiles, lengths, genes = cases()
    found = make(**options).explain(tiles, lengths, [] if "gene_dims" in options else genes)
    for name in ("tile_weight", "tile_attention", "tile_plan", "plan"):
        assert (getattr(found, name) is None) == (name in absent)
    if "tile_weight" not in absent:
        torch.testing.assert_close(torch.stack([w.sum() for w in found.tile_weight.split(SIZES)]), torch.ones(3))


def test_a_case_without_a_slide_has_no_tiles_to_explain():
    tiles, lengths, genes = cases([5, 0, 9])
    for options in ({}, {"tokens": "tiles"}):
        found = make(stand_ins=True, **options).explain(tiles, lengths, genes)
        assert found.tile_attention.shape == (14, 6)
        torch.testing.assert_close(torch.stack([w.sum() for w in found.tile_weight.split([5, 9])]), torch.ones(2))


def test_it_is_asked_for_in_evaluation_and_with_enough_deals():
    with pytest.raises(RuntimeError, match="eval"):
        make().train().explain(*cases())
    with pytest.raises(InputError, match="8 deals"):
        make().explain(*cases(), deals=2)
