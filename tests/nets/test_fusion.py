from __future__ import annotations

import pytest
import torch

from survdash.errors import InputError
from survdash.nets.fusion import BidirectionalCrossAttention, GlobalLocalGlobal

GENE_DIMS = (3, 4, 5, 6, 7, 8)


def make(**options):
    torch.manual_seed(0)
    return GlobalLocalGlobal(tile_dim=10, gene_dims=GENE_DIMS, width=16, **options)


def cases():
    generator = torch.Generator().manual_seed(1)
    genes = [torch.randn(2, width, generator=generator) for width in GENE_DIMS]
    return torch.randn(30, 10, generator=generator), torch.tensor([12, 18]), genes


def test_at_inference_the_answer_is_the_mean_over_the_deals():
    model = make(deals=5).eval()
    out = model(*cases())
    assert out.variants.shape == (5, 2, 4)
    torch.testing.assert_close(out.logits, out.variants.mean(0))
    assert out.variants.std(0).min() > 0  # the deals do differ
    assert torch.equal(out.logits, model(*cases()).logits)


def test_in_training_one_deal_is_drawn_anew_each_time():
    model = make().train()
    for module in model.modules():  # so that only the deal is left to chance
        if isinstance(module, (torch.nn.Dropout, torch.nn.AlphaDropout)):
            module.p = 0.0
        if isinstance(module, torch.nn.MultiheadAttention):
            module.dropout = 0.0
    assert model(*cases()).variants.shape[0] == 1
    assert not torch.equal(model(*cases()).logits, model(*cases()).logits)


@pytest.mark.parametrize("step", ["alignment", "cross_attention", "transport"])
def test_an_ablation_leaves_its_step_out(step):
    full, less = make().eval(), make(**{step: False}).eval()
    less.load_state_dict({key: value for key, value in full.state_dict().items() if key in less.state_dict()})
    whole, ablated = full(*cases()), less(*cases())
    if step == "alignment":  # it acts on the loss alone
        assert ablated.extra_loss.tolist() == [0, 0]
        assert torch.all((whole.extra_loss > 0) & (whole.extra_loss <= 2))
        torch.testing.assert_close(ablated.logits, whole.logits)
    elif step == "transport":
        # As many slide tokens as gene tokens, with uniform marginals: the exact plan is a permutation, and the
        # aggregator does not see the order of its tokens. Transport then only tells who was matched to whom.
        torch.testing.assert_close(ablated.logits, whole.logits, rtol=1e-4, atol=1e-5)
    else:
        assert not torch.allclose(ablated.logits, whole.logits)
        torch.testing.assert_close(ablated.extra_loss, whole.extra_loss)


def test_each_modality_asks_the_other():
    torch.manual_seed(0)
    attend = BidirectionalCrossAttention(16).double().eval()
    slide, genes = torch.randn(2, 6, 16, dtype=torch.float64), torch.randn(2, 5, 16, dtype=torch.float64)
    to_slide, to_genes = attend(slide, genes)
    assert (to_slide.shape, to_genes.shape) == (slide.shape, genes.shape)
    # The values are the other modality's: tokens all alike there give one answer, whatever is asked.
    alike, _ = attend(slide, genes[:, :1].expand(-1, 5, -1))
    torch.testing.assert_close(alike, alike[:, :1].expand_as(alike))
    _, alike = attend(slide[:, :1].expand(-1, 6, -1), genes)
    torch.testing.assert_close(alike, alike[:, :1].expand_as(alike))


def test_nothing_to_look_at_is_refused():
    with pytest.raises(InputError):
        GlobalLocalGlobal(tile_dim=None, gene_dims=())
