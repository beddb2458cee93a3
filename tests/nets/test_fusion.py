from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from survdash.errors import InputError
from survdash.nets.fusion import GlobalLocalGlobal
from survdash.nets.hazards import risk_from_logits, survival_from_logits
from survdash.nets.transport import exact_plan, transport_cost

GENE_DIMS = (3, 4, 5, 6, 7, 8)


NAN = float("nan")
BOTH_TOKENS = pytest.mark.parametrize("tokens", ["dealt", "tiles"])
relaxed = settings(deadline=None, max_examples=20)  # seconds say nothing on a busy machine


def make(**options):
    torch.manual_seed(0)
    return GlobalLocalGlobal(**{"tile_dim": 10, "gene_dims": GENE_DIMS, "width": 16, **options})


def without_chance(model):
    """In training, but only the deal is left to chance."""
    for module in model.train().modules():
        if isinstance(module, (torch.nn.Dropout, torch.nn.AlphaDropout)):
            module.p = 0.0
        if isinstance(module, torch.nn.MultiheadAttention):
            module.dropout = 0.0
    return model


def cases(sizes=(12, 18), seed=1):
    generator = torch.Generator().manual_seed(seed)
    genes = [torch.randn(len(sizes), width, generator=generator) for width in GENE_DIMS]
    return torch.randn(sum(sizes), 10, generator=generator), torch.tensor(sizes), genes


def only(genes, case):
    return [group[case : case + 1] for group in genes]


def same(one, other, **tolerance):
    torch.testing.assert_close(one, other, **{"rtol": 0, "atol": 1e-5, **tolerance})


@pytest.mark.parametrize("tokens", ["dealt", "tiles"])
def test_the_network_is_the_papers_sections_one_after_another(tokens):
    """Written out again for one case in float64, with the parts that have tests of their own."""
    model = make(tokens=tokens, deals=1).double().eval()
    tiles, lengths, genes = cases([6])  # six tiles: each is a group of its own, in whatever order
    tiles, genes = tiles.double(), [group.double() for group in genes]
    slide = model.slide_token(torch.relu(model.project[0](tiles)))[None]
    gene = model.encode_genes(genes)
    if tokens == "tiles":
        mismatch = 1 - functional.cosine_similarity(slide.mean(1), gene.mean(1))
    slide_given_genes, _ = model.cross_attention.from_genes(slide, gene, gene)
    genes_given_slide, _ = model.cross_attention.from_slide(gene, slide, slide)
    if tokens == "dealt":
        plan = exact_plan(transport_cost(slide_given_genes, genes_given_slide))
        carried = 6 * plan.mT @ slide_given_genes
        fused = torch.cat([model.aggregate_slide(carried), model.aggregate_genes(genes_given_slide)], 1)
        same(model(tiles, lengths, genes).logits, model.hazard(model.merge(fused)), atol=1e-10)
    else:
        found = model.explain(tiles, lengths, genes)
        carried = 6 * found.tile_plan.T[None] @ slide_given_genes
        fused = torch.cat([model.aggregate_slide(carried), model.aggregate_genes(genes_given_slide)], 1)
        same(found.fused, fused, atol=1e-10)
        same(model(tiles, lengths, genes).logits, model.hazard(model.merge(fused)), atol=1e-10)
        same(found.output.extra_loss, mismatch, atol=1e-10)


@BOTH_TOKENS
@relaxed
@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_order_of_tiles_and_of_cases_and_company_change_nothing(tokens, sizes, seed):
    model = make(tokens=tokens).eval()
    tiles, lengths, genes = cases(sizes, seed=seed)
    with torch.no_grad():
        before = model(tiles, lengths, genes).logits
        generator = torch.Generator().manual_seed(seed)
        # A bag split over slides is its parts one after another in whatever order: an order of tiles, too.
        shuffled = [own[torch.randperm(len(own), generator=generator)] for own in tiles.split(sizes)]
        same(model(torch.cat(shuffled), lengths, genes).logits, before)
        order = torch.randperm(len(sizes), generator=generator)
        moved = model(
            torch.cat([shuffled[case] for case in order]), lengths[order], [group[order] for group in genes]
        )
        same(moved.logits, before[order])
        alone = [model(own, lengths[i : i + 1], only(genes, i)).logits for i, own in enumerate(tiles.split(sizes))]
        same(torch.cat(alone), before)


def doubled(tokens, size, seed):
    """How far the risk moves where every tile is there twice, and the range of the deals' risks."""
    model, (tiles, lengths, genes) = make(tokens=tokens).eval(), cases([size], seed=seed)
    with torch.no_grad():
        once, twice = model(tiles, lengths, genes), model(tiles.repeat(2, 1), 2 * lengths, genes)
    risks = risk_from_logits(once.variants)
    moved = (risk_from_logits(twice.logits) - risk_from_logits(once.logits)).abs()
    return moved.item(), (risks.max() - risks.min()).item()


def test_doubling_every_tile_moves_the_risk_less_than_the_deals_do():
    # The mean of eight deals has a third of one deal's deviation, their range nearly three deviations; so it nearly
    # always stays well inside. Rarely eight deals happen to agree: then it is outside, in our trials by less than
    # twice. With as few tiles as groups every deal is the same six groups: there is no range to stay within.
    ratios = torch.tensor([moved / spread for moved, spread in (doubled("dealt", 30, seed) for seed in range(60))])
    assert ratios.median() < 0.5
    assert (ratios < 1).float().mean() > 0.95
    assert ratios.max() < 2


@relaxed
@given(size=st.integers(1, 60), seed=st.integers(0, 999))
def test_where_every_tile_is_a_token_doubling_them_changes_nothing(size, seed):
    assert doubled("tiles", size, seed)[0] < 1e-5  # softmax and plan see shares alone


@BOTH_TOKENS
@relaxed
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=3), seed=st.integers(0, 99), far=st.floats(0, 1e4))
def test_survival_never_rises_and_stays_a_probability(tokens, sizes, seed, far):
    tiles, lengths, genes = cases(sizes, seed=seed)
    with torch.no_grad():
        survival = survival_from_logits(make(tokens=tokens).eval()(far * tiles, lengths, genes).logits)
    assert torch.all((survival >= 0) & (survival <= 1))
    assert torch.all(survival.diff(dim=1) <= 0)


def test_at_inference_the_answer_is_the_mean_over_the_deals():
    model = make(deals=5).eval()
    out = model(*cases())
    assert out.variants.shape == (5, 2, 4)
    torch.testing.assert_close(out.logits, out.variants.mean(0))
    assert out.variants.std(0).min() > 0  # the deals do differ
    assert torch.equal(out.logits, model(*cases()).logits)


def test_in_training_one_deal_is_drawn_anew_each_time():
    model = without_chance(make())
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


def test_nothing_to_look_at_is_refused():
    with pytest.raises(InputError):
        GlobalLocalGlobal(tile_dim=None, gene_dims=())


@pytest.mark.parametrize("change", [{"gene_dims": ()}, {"transport": False}])
def test_every_tile_a_token_needs_somewhere_to_be_transported_to(change):
    with pytest.raises(InputError, match="transported"):
        make(tokens="tiles", **change)


@BOTH_TOKENS
def test_a_batch_teaches_what_its_cases_teach_one_by_one(tokens):
    # Six tiles a case at most: every random deal is then the same six groups, up to their order.
    sizes = [6, 1, 6, 3]
    model = without_chance(make(tokens=tokens).double())
    tiles, lengths, genes = cases(sizes)
    tiles, genes = tiles.double(), [group.double() for group in genes]

    def gradients(*batches):
        model.zero_grad()
        for batch in batches:
            out = model(*batch)
            (out.logits.square().sum() + out.extra_loss.sum()).backward()
        return {name: weight.grad.clone() for name, weight in model.named_parameters()}

    single = [(own, lengths[i : i + 1], only(genes, i)) for i, own in enumerate(tiles.split(sizes))]
    if tokens == "dealt":  # alignment compares group c with gene group c: the order of a random deal would matter
        model.alignment = False
    together, apart = gradients((tiles, lengths, genes)), gradients(*single)
    for name, gradient in together.items():
        torch.testing.assert_close(gradient, apart[name], rtol=1e-7, atol=1e-10, msg=lambda m, n=name: f"{n}: {m}")


@BOTH_TOKENS
def test_one_model_sees_genes_only_a_slide_only_and_both(tokens):
    model = make(tokens=tokens, stand_ins=True).eval()
    tiles, lengths, genes = cases([7, 0, 9, 8])
    genes = [group.index_fill(0, torch.tensor([2]), NAN) for group in genes]
    out = model(tiles, lengths, genes)
    assert torch.all(out.logits.isfinite())
    assert (out.extra_loss > 0).tolist() == [True, False, False, True]  # aligned only where there are both
    other = model(tiles.roll(1, 0), lengths, [group + 1 for group in genes])
    assert torch.all((other.logits - out.logits).abs().sum(1) > 0)
    whole = model(tiles[:7], lengths[:1], only(genes, 0))
    same(whole.logits[0], out.logits[0])
    genes_only = model(tiles[:0], lengths[1:2], only(genes, 1))
    same(genes_only.logits[0], out.logits[1])


@BOTH_TOKENS
def test_what_stands_in_is_the_learnt_token_and_nothing_of_the_missing_side(tokens):
    model = make(tokens=tokens, stand_ins=True).eval()
    tiles, lengths, genes = cases([7, 0])
    before = model(tiles, lengths, genes).logits
    with torch.no_grad():
        model.slide_stand_in += 1
    after = model(tiles, lengths, genes).logits
    same(after[0], before[0])
    assert not torch.allclose(after[1], before[1])


def test_a_model_without_stand_ins_refuses_the_case():
    tiles, lengths, genes = cases([7, 0])
    with pytest.raises(InputError, match="Case 2 of 2 has no tiles"):
        make().eval()(tiles, lengths, genes)
    with pytest.raises(InputError, match="Case 1 of 2 has no genes"):
        make().eval()(tiles, torch.tensor([3, 4]), [torch.full_like(group, NAN) for group in genes])
    with pytest.raises(InputError, match="needs both"):
        make(stand_ins=True, gene_dims=())


@BOTH_TOKENS
def test_modality_dropout_teaches_the_stand_ins_and_repeats_with_its_seed(tokens):
    model = make(tokens=tokens, stand_ins=True).train()
    inputs = cases([4] * 40)

    def step():
        torch.manual_seed(3)
        model.zero_grad()
        out = model(*inputs)
        (out.logits.square().sum() + out.extra_loss.sum()).backward()
        return out, [weight.grad.clone() for weight in model.parameters()]

    (out, gradients), (again, repeated) = step(), step()
    assert torch.equal(out.logits, again.logits)
    assert all(torch.equal(one, other) for one, other in zip(gradients, repeated, strict=True))
    assert model.slide_stand_in.grad.any()
    assert model.gene_stand_in.grad.any()
    dropped = int((out.extra_loss == 0).sum())
    assert 1 <= dropped <= 25  # a quarter of 40, within five standard errors


def test_nan_of_absent_genes_reaches_no_gradient():
    model = make(stand_ins=True).train()
    tiles, lengths, genes = cases([7, 5])
    out = model(tiles, lengths, [group.index_fill(0, torch.tensor([1]), NAN) for group in genes])
    out.logits.sum().backward()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in model.parameters())


@pytest.mark.parametrize("change", [{}, {"tile_dim": None}, {"gene_dims": ()}, {"tile_dim": None, "gene_dims": ()}])
def test_clinical_facts_join_whatever_else_there_is(change):
    model = make(clinical_dim=3, **change).eval()
    tiles, lengths, genes = cases()
    genes, clinical = [] if "gene_dims" in change else genes, torch.randn(2, 3)
    out = model(tiles, lengths, genes, clinical)
    assert out.logits.shape == (2, 4)
    assert torch.all((model(tiles, lengths, genes, clinical + 1).logits - out.logits).abs().sum(1) > 0)
    with pytest.raises(InputError, match="clinical"):
        model(tiles, lengths, genes)


def test_a_hundred_thousand_tokens_are_no_square():
    # A table of tiles by tiles would take 40 GB.
    tiles, lengths, genes = cases([100_000])
    with torch.no_grad():
        assert make(tokens="tiles").eval()(tiles, lengths, genes).logits.isfinite().all()
