"""Every model of the registry goes through the same trials; a new model is one row of ``ROWS``."""

from __future__ import annotations

import pytest
import torch

from survdash.errors import InputError, UnknownNameError
from survdash.nets import registry
from survdash.nets.hazards import survival_from_logits

GENE_DIMS, TILE_DIM, BINS = (3, 4, 5, 6, 7, 8), 16, 4

# Model to the modalities it is tried with; a small width keeps the trials quick.
ROWS: dict[str, tuple[tuple[str, ...], ...]] = {
    "glg": (("genes", "slide"), ("genes",), ("slide",)),
    "snn": (("genes",),),
    "attnmil": (("slide",),),
    "cox_ridge": (),  # no network: fitted in closed form, see baselines/test_cox_ridge.py
}
TRIALS = [(name, modalities) for name, tried in ROWS.items() for modalities in tried]
trials = pytest.mark.parametrize(("name", "modalities"), TRIALS)


def build(name, modalities):
    torch.manual_seed(0)
    gene_dims = GENE_DIMS if "genes" in modalities else ()
    tile_dim = TILE_DIM if "slide" in modalities else None
    return registry.build(name, tile_dim=tile_dim, gene_dims=gene_dims, bins=BINS, width=16)


def cases(lengths, modalities):
    generator = torch.Generator().manual_seed(1)
    tiles = torch.randn(sum(lengths), TILE_DIM, generator=generator)
    genes = [torch.randn(len(lengths), width, generator=generator) for width in GENE_DIMS]
    return tiles, torch.tensor(lengths), genes if "genes" in modalities else []


def test_every_model_has_its_row():
    assert list(ROWS) == list(registry.MODELS)
    assert registry.names() == tuple(name for name, tried in ROWS.items() if tried)
    for name, tried in ROWS.items():
        assert {part for modalities in tried for part in modalities} <= set(registry.get(name).modalities)


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
def test_a_case_gets_the_same_answer_alone_and_in_company(name, modalities):
    model = build(name, modalities).eval()
    tiles, lengths, genes = cases([5, 1, 9], modalities)
    together = model(tiles, lengths, genes).logits
    for number, own in enumerate(tiles.split(lengths.tolist())):
        alone = model(own, lengths[number : number + 1], [group[number : number + 1] for group in genes]).logits
        # Other batch shapes take other sums in float32: some units of its seventh digit, over a few layers.
        torch.testing.assert_close(alone[0], together[number], rtol=1e-4, atol=1e-5)


@trials
def test_the_order_of_tiles_does_not_matter(name, modalities):
    model = build(name, modalities).eval()
    tiles, lengths, genes = cases([12], modalities)
    turned = model(tiles.flip(0), lengths, genes).logits
    torch.testing.assert_close(turned, model(tiles, lengths, genes).logits, rtol=1e-4, atol=1e-5)


@trials
def test_every_weight_learns(name, modalities):
    model = build(name, modalities).train()
    out = model(*cases([30, 20, 25, 40], modalities))
    (out.logits.square().sum() + out.extra_loss.sum()).backward()
    silent = [key for key, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    # A constant added to all scores leaves their softmax as it is, so that bias has no slope but rounding.
    assert [key for key in silent if not key.endswith("score.bias")] == []


@trials
def test_the_modality_is_looked_at(name, modalities):
    model = build(name, modalities).eval()
    tiles, lengths, genes = cases([12], modalities)
    before = model(tiles, lengths, genes).logits
    if "slide" in modalities:
        assert not torch.allclose(model(tiles + 1, lengths, genes).logits, before)
    if "genes" in modalities:
        assert not torch.allclose(model(tiles, lengths, [group + 1 for group in genes]).logits, before)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match="glg"):
        registry.get("nobody")
    assert registry.get("default") is registry.MODELS[registry.DEFAULT_MODEL]


@pytest.mark.parametrize(("name", "modalities"), [("snn", ("slide",)), ("attnmil", ("genes",)), ("glg", ())])
def test_a_model_without_what_it_needs_is_refused(name, modalities):
    with pytest.raises(InputError):
        build(name, modalities)


def test_what_is_no_network_is_not_built():
    with pytest.raises(InputError, match="not a network"):
        registry.build("cox_ridge", tile_dim=None, gene_dims=GENE_DIMS)


def test_clinical_facts_go_to_those_that_look_at_them():
    model = registry.build("glg", tile_dim=TILE_DIM, gene_dims=GENE_DIMS, clinical_dim=2, width=16).eval()
    assert model(*cases([4], ("genes", "slide")), torch.zeros(1, 2)).logits.shape == (1, 4)
    with pytest.raises(InputError, match="clinical"):
        registry.build("snn", tile_dim=None, gene_dims=GENE_DIMS, clinical_dim=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tokens": "some"}, "Choose from: dealt, tiles"),
        ({"tokens": True}, "Choose from"),
        ({"deals": 0}, "count from 1"),
        ({"deals": True}, "count from 1"),
        ({"transport": 1}, "yes or no"),
        ({"width": 20}, "multiple of 8"),
        ({"speed": 1}, "no option 'speed'"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(options, words):
    with pytest.raises(InputError, match=words):
        registry.check_options("glg", options)
    registry.check_options("glg", {"tokens": "tiles", "deals": 4, "transport": True, "width": 64})
