"""Every network of the registry goes through the same trials; a new one is tried as soon as it is registered."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest
import torch

from survdash.errors import InputError
from survdash.nets import registry
from survdash.nets.hazards import risk_from_logits, survival_from_logits
from survdash.statistics.concordance import concordance
from survdash.training.losses import survival_loss

GENE_DIMS, TILE_DIM, CLINICAL_DIM, BINS, WIDTH = (3, 4, 5, 6, 7, 8), 16, 5, 4, 16

# Networks whose answer depends on the order of the tiles, and why.
ORDER_MATTERS = {"transmil": "runs of tiles are its landmarks, and its convolutions lay the tiles on a square"}


def choices(name):
    """Sets of modalities that a network can be built for."""
    spec = registry.get(name)
    return [spec.modalities, *([(one,) for one in spec.modalities] if spec.either else [])]


TRIALS = [(name, modalities) for name in registry.names() for modalities in choices(name)]
trials = pytest.mark.parametrize(("name", "modalities"), TRIALS)
slide_trials = pytest.mark.parametrize(("name", "modalities"), [trial for trial in TRIALS if "slide" in trial[1]])


def build(name, modalities):
    torch.manual_seed(0)
    return registry.build(
        name, tile_dim=TILE_DIM if "slide" in modalities else None, bins=BINS,
        gene_dims=GENE_DIMS if "genes" in modalities else (),
        clinical_dim=CLINICAL_DIM if "clinical" in modalities else 0,
        **({"width": WIDTH} if "width" in registry.get(name).options else {}),
    )


def cases(lengths, modalities):
    generator = torch.Generator().manual_seed(1)
    tiles = torch.randn(sum(lengths), TILE_DIM, generator=generator)
    genes = [torch.randn(len(lengths), width, generator=generator) for width in GENE_DIMS]
    inputs = (tiles, torch.tensor(lengths), genes if "genes" in modalities else [])
    if "clinical" in modalities:
        return *inputs, torch.randn(len(lengths), CLINICAL_DIM, generator=generator)
    return inputs


def training_loss(model, inputs, bins):
    out = model(*inputs)
    return out.total_loss(survival_loss(out.logits, bins, torch.ones_like(bins, dtype=torch.bool)), bins)


@trials
def test_what_comes_out_has_the_agreed_shape_and_is_a_survival_curve(name, modalities):
    model = build(name, modalities).eval()
    out = model(*cases([5, 1, 9], modalities))
    assert out.logits.shape == (3, BINS)
    assert out.variants.shape[1:] == (3, BINS)
    assert out.extra_loss.shape == (3,)
    survival = survival_from_logits(out.logits)
    assert torch.all((survival >= 0) & (survival <= 1))
    assert torch.all(survival.diff(dim=1) <= 0)


@trials
def test_in_evaluation_the_same_case_gets_the_same_answer(name, modalities):
    model, inputs = build(name, modalities).eval(), cases([5, 1, 9], modalities)
    assert torch.equal(model(*inputs).logits, model(*inputs).logits)


@trials
def test_a_case_gets_the_same_answer_alone_and_in_company(name, modalities):
    model = build(name, modalities).eval()
    tiles, lengths, genes, *clinical = cases([5, 1, 9, 30], modalities)
    together = model(tiles, lengths, genes, *clinical).logits
    for number, own in enumerate(tiles.split(lengths.tolist())):
        here = slice(number, number + 1)
        alone = model(own, lengths[here], [group[here] for group in genes], *(facts[here] for facts in clinical)).logits
        # Other batch shapes take other sums in float32: some units of its seventh digit, over a few layers.
        torch.testing.assert_close(alone[0], together[number], rtol=1e-4, atol=1e-5)


@slide_trials
def test_the_order_of_tiles_matters_only_where_it_is_said(name, modalities):
    model = build(name, modalities).eval()
    tiles, *others = cases([20], modalities)
    here, turned = model(tiles, *others).logits, model(tiles.flip(0), *others).logits
    assert torch.allclose(turned, here, rtol=1e-4, atol=1e-5) == (name not in ORDER_MATTERS)


@slide_trials
@pytest.mark.parametrize("tiles", [1, 2, 100_000])
def test_a_bag_of_any_size_is_answered(name, modalities, tiles):
    with torch.inference_mode():
        out = build(name, modalities).eval()(*cases([tiles], modalities))
    assert torch.all(torch.isfinite(out.logits))


@slide_trials
def test_one_tile_can_be_trained_on(name, modalities):
    model = build(name, modalities).train()
    training_loss(model, cases([1, 1], modalities), torch.tensor([0, 3])).mean().backward()
    slopes = [weight.grad for weight in model.parameters() if weight.grad is not None]
    assert all(torch.all(torch.isfinite(slope)) for slope in slopes)


@trials
def test_every_weight_learns(name, modalities):
    model = build(name, modalities).train()
    training_loss(model, cases([30, 20, 25, 40], modalities), torch.arange(BINS)).sum().backward()
    silent = [key for key, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    # A constant added to all scores leaves their softmax as it is, so that bias has no slope but rounding.
    assert [key for key in silent if not key.endswith("score.bias")] == []


@trials
def test_the_modality_is_looked_at(name, modalities):
    model = build(name, modalities).eval()
    tiles, lengths, genes, *clinical = cases([12], modalities)
    before = model(tiles, lengths, genes, *clinical).logits
    if "slide" in modalities:
        assert not torch.allclose(model(tiles + 1, lengths, genes, *clinical).logits, before)
    if "genes" in modalities:
        assert not torch.allclose(model(tiles, lengths, [group + 1 for group in genes], *clinical).logits, before)
    if clinical:
        assert not torch.allclose(model(tiles, lengths, genes, clinical[0] + 1).logits, before)


def without_dropout(model):
    for module in model.modules():
        if isinstance(module, (torch.nn.Dropout, torch.nn.AlphaDropout)):
            module.p = 0.0
        if isinstance(module, torch.nn.MultiheadAttention):
            module.dropout = 0.0
    return model


@trials
def test_sixteen_cases_can_be_learnt_by_heart(name, modalities):
    # Without dropout, which is there to hinder just this, and is strong at this width.
    model, bins = without_dropout(build(name, modalities)), torch.arange(16) % BINS
    inputs = cases([6] * 16, modalities)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    reached = 0.0
    for step in range(1, 301):
        optimiser.zero_grad()
        training_loss(model.train(), inputs, bins).mean().backward()
        optimiser.step()
        if step % 10 == 0:
            with torch.inference_mode():
                risk = risk_from_logits(model.eval()(*inputs).logits).numpy()
            # All of a bin die in the same month, so that only the order of the bins counts.
            reached = concordance(risk, bins.numpy() + 1.0, np.ones(16, bool))
            if reached > 0.95:
                break
    assert reached > 0.95


@pytest.mark.parametrize("name", sorted(set(registry.names()) - {"glg", "glg_linear"}))
def test_a_published_method_is_one_short_file_that_says_where_it_differs(name):
    module = inspect.getmodule(registry.get(name).load())
    source = inspect.getsource(module)
    assert module.__name__ == f"survdash.nets.baselines.{name}"
    assert source.count("\n") < 150
    whole = f"{module.__doc__}\n{registry.get(name).load().__doc__}"
    year = re.search(r"20\d\d", registry.get(name).source)
    assert year is None or year[0] in whole
    for words in (r"\(N, B[,)]|\(B,\)", "section|eq|Methods|STAR|paper's", "Notes", "difference|sets it apart"):
        assert re.search(words, whole), words


@pytest.mark.parametrize("name", registry.names())
def test_a_network_without_what_it_needs_is_refused(name):
    spec = registry.get(name)
    lacking = [()] if spec.either or len(spec.modalities) == 1 else [(), *((one,) for one in spec.modalities)]
    for modalities in lacking:
        with pytest.raises(InputError, match=f"{re.escape(spec.title)} needs"):
            build(name, modalities)


@pytest.mark.parametrize("count", [1, 3, 50])
@pytest.mark.parametrize(("name", "modalities"), [trial for trial in TRIALS if "genes" in trial[1]])
def test_any_number_of_gene_groups_is_learnt_from(name, modalities, count):
    torch.manual_seed(0)
    widths = [2 + number % 3 for number in range(count)]
    model = registry.build(
        name, tile_dim=TILE_DIM if "slide" in modalities else None, bins=BINS, gene_dims=widths,
        clinical_dim=CLINICAL_DIM if "clinical" in modalities else 0,
        **({"width": WIDTH} if "width" in registry.get(name).options else {}),
    )
    tiles, lengths, _, *clinical = cases([5, 1, 9], modalities)
    genes = [torch.randn(3, width) for width in widths]
    loss = training_loss(model, (tiles, lengths, genes, *clinical), torch.tensor([0, 1, 2])).mean()
    loss.backward()
    assert torch.isfinite(loss)
    learning = [name for name, part in model.named_parameters() if part.grad is not None and part.grad.abs().sum() > 0]
    assert learning
