from __future__ import annotations

import pytest
import torch

from survdash.nets.association import BidirectionalCrossAttention

WIDTH, HEADS = 16, 8


@pytest.fixture
def attend():
    torch.manual_seed(0)
    module = BidirectionalCrossAttention(WIDTH).double()
    for part in (module.from_genes, module.from_slide):  # torch starts the biases at zero, which would hide them
        torch.nn.init.normal_(part.in_proj_bias)
        torch.nn.init.normal_(part.out_proj.bias)
    return module


def tokens(*shape, seed):
    return torch.randn(*shape, WIDTH, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def formula(part, asking, asked):
    """softmax(Q K^T / sqrt d_k) V, head by head as written in the paper; also the mean attention of the heads."""
    weights, biases = part.in_proj_weight.chunk(3), part.in_proj_bias.chunk(3)
    q, k, v = (rows @ w.T + b for rows, w, b in zip((asking, asked, asked), weights, biases, strict=True))
    size = WIDTH // HEADS
    answers, attentions = [], []
    for head in range(HEADS):
        own = slice(head * size, (head + 1) * size)
        exponents = torch.exp(q[:, own] @ k[:, own].T / size**0.5)
        attention = exponents / exponents.sum(1, keepdim=True)
        answers.append(attention @ v[:, own])
        attentions.append(attention)
    return torch.cat(answers, 1) @ part.out_proj.weight.T + part.out_proj.bias, torch.stack(attentions).mean(0)


def test_both_directions_are_the_formula_of_the_paper(attend):
    slide, genes = tokens(2, 7, seed=1), tokens(2, 5, seed=2)
    given_genes, given_slide, attention = attend(slide, genes, weights=True)
    for case in range(2):
        torch.testing.assert_close(given_genes[case], formula(attend.from_genes, slide[case], genes[case])[0])
        expected, looked = formula(attend.from_slide, genes[case], slide[case])
        torch.testing.assert_close(given_slide[case], expected)
        torch.testing.assert_close(attention[case], looked)
    assert attend(slide, genes)[2] is None


@pytest.mark.parametrize("size", [1, 6, 300])
def test_many_tokens_are_the_same_formula(attend, size):
    slide, genes = tokens(size, seed=1), tokens(5, seed=2)
    mix, answers, given_slide, attention = attend.with_many(slide, genes, torch.nn.Identity())
    torch.testing.assert_close(mix.T @ answers, formula(attend.from_genes, slide, genes)[0])
    expected, looked = formula(attend.from_slide, genes, slide)
    torch.testing.assert_close(given_slide, expected)
    torch.testing.assert_close(attention, looked)


def test_many_tokens_teach_the_same(attend):
    slide, genes = tokens(9, seed=1).requires_grad_(), tokens(5, seed=2).requires_grad_()
    inputs = {"slide": slide, "genes": genes, **dict(attend.named_parameters())}
    token = torch.nn.Linear(WIDTH, WIDTH).double()
    inputs |= {f"token.{name}": weight for name, weight in token.named_parameters()}
    mix, answers, given_slide, _ = attend.with_many(slide, genes, token)
    dense, many = attend(token(slide)[None], genes[None])[:2], (mix.T @ answers, given_slide)
    expected, found = (
        torch.autograd.grad(sum(one.square().sum() for one in both), list(inputs.values())) for both in (dense, many)
    )
    for name, one, other in zip(inputs, expected, found, strict=True):
        # Sums of a few hundred products in float64, of size ten or so.
        torch.testing.assert_close(one, other, atol=1e-11, rtol=1e-9, msg=lambda text, name=name: f"{name}: {text}")
