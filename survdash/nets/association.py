"""Local association: each modality asks the other (Zhang 2025, section 2.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from survdash.nets.registry import HEADS


class BidirectionalCrossAttention(nn.Module):
    """Two cross-attentions of 8 heads with projections of their own.

    B^pg = softmax(Q_p K_g^T / sqrt d_k) V_g and B^gp = softmax(Q_g K_p^T / sqrt d_k) V_p, in each head, then a linear
    layer over the heads side by side.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.from_genes = nn.MultiheadAttention(width, HEADS, batch_first=True)
        self.from_slide = nn.MultiheadAttention(width, HEADS, batch_first=True)

    def forward(self, slide: Tensor, genes: Tensor, *, weights: bool = False) -> tuple[Tensor, Tensor, Tensor | None]:
        """Few tokens a side, in dense batches.

        Parameters
        ----------
        slide : Tensor, shape (N, C, d)
        genes : Tensor, shape (N, J, d)
        weights : bool
            Also say how much each gene token looked at each slide token.

        Returns
        -------
        B^pg (N, C, d), B^gp (N, J, d), and the attention (N, J, C), mean of the heads, or None if not asked for.
        """
        slide_given_genes, _ = self.from_genes(slide, genes, genes, need_weights=False)
        genes_given_slide, attention = self.from_slide(genes, slide, slide, need_weights=weights)
        return slide_given_genes, genes_given_slide, attention

    def with_many(self, rows: Tensor, genes: Tensor, token: nn.Module) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One case with many slide tokens: the same two formulas, in time and memory linear in M.

        The M rows meet matrices of 8 J columns only, and neither tokens nor queries, keys or values of them are made:
        with s = W_s r + b_s, (s W_q)(g W_k)^T = r W_s^T W_q (g W_k)^T and so on, from the right.

        Parameters
        ----------
        rows : Tensor, shape (M, d)
        genes : Tensor, shape (J, d)
        token : Linear or Identity
            What makes the slide tokens of the rows.

        Returns
        -------
        Two tables, ``mix`` (8 J, M) and ``answers`` (8 J, d), with B^pg = mix^T answers (M, d); B^gp (J, d); and the
        attention (J, M) of the gene tokens, mean of the heads.
        """
        count = len(genes)
        w_q, w_k, w_v, b_q, b_k, b_v = _projections(self.from_genes)
        keys, values = _heads(genes @ w_k.T + b_k), _heads(genes @ w_v.T + b_v)  # (8, J, d_k)
        scale = keys.shape[-1] ** -0.5
        asking = (keys @ _rows_of_heads(w_q)).flatten(0, 1) * scale  # (8 J, d)
        offset = (keys @ _heads(b_q[None]).mT).flatten() * scale
        answers = (values @ _columns_of_heads(self.from_genes.out_proj.weight)).flatten(0, 1)  # (8 J, d)
        answers = answers + self.from_genes.out_proj.bias / HEADS  # each column of the mix sums to 8

        w_q, w_k, w_v, b_q, b_k, b_v = _projections(self.from_slide)
        queries = _heads(genes @ w_q.T + b_q)
        asked = (queries @ _rows_of_heads(w_k)).flatten(0, 1) * scale
        # q b_k is the same for every slide token, so the softmax over them does not see it; nor b_s.
        if isinstance(token, nn.Linear):
            offset, asking, asked = offset + asking @ token.bias, asking @ token.weight, asked @ token.weight
        scores, asked_scores = (torch.cat([asking, asked]) @ rows.T).chunk(2)  # (8 J, M): long rows are quick
        mix = (scores + offset[:, None]).unflatten(0, (HEADS, count)).softmax(dim=1).flatten(0, 1)
        attention = torch.softmax(asked_scores, dim=1)
        seen = token(attention @ rows).unflatten(0, (HEADS, count))  # the weights sum to 1
        heads = seen @ _rows_of_heads(w_v).mT + _heads(b_v[None])  # (8, J, d_k)
        given_slide = self.from_slide.out_proj(heads.transpose(0, 1).flatten(1))
        return mix, answers, given_slide, attention.detach().unflatten(0, (HEADS, count)).mean(dim=0)


def _projections(attention: nn.MultiheadAttention) -> tuple[Tensor, ...]:
    """W_q, W_k, W_v (d, d) and b_q, b_k, b_v (d,)."""
    return *attention.in_proj_weight.chunk(3), *attention.in_proj_bias.chunk(3)


def _heads(tokens: Tensor) -> Tensor:
    """(T, d) tokens to (8, T, d_k)."""
    return tokens.unflatten(1, (HEADS, -1)).transpose(0, 1)


def _rows_of_heads(weight: Tensor) -> Tensor:
    """(d, d) weight to the rows of each head, (8, d_k, d)."""
    return weight.unflatten(0, (HEADS, -1))


def _columns_of_heads(weight: Tensor) -> Tensor:
    """(d, d) weight of the layer over the heads to each head's part, transposed: (8, d_k, d)."""
    return weight.unflatten(1, (HEADS, -1)).permute(1, 2, 0)
