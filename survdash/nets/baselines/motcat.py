"""Optimal-transport co-attention between tiles and genes (Xu and Chen 2023, ICCV, "MOTCat")."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import ot
import torch
from torch import Tensor, nn

from survdash.nets.aggregator import Aggregator, concat_head
from survdash.nets.deal import content_shuffles
from survdash.nets.output import Output, plain_output
from survdash.nets.segments import segment_index, segment_sum
from survdash.nets.snn import GeneEncoder

DROPOUT = 0.25
ENTROPY, MARGINALS = 0.1, 0.5  # epsilon and tau of the public code's defaults


def unbalanced_plan(tiles: Tensor, genes: Tensor) -> Tensor:
    """Plan that moves tiles to gene tokens: argmin <P, C> - eps H(P) + tau KL(P1|a) + tau KL(P^T1|b).

    The squared Euclidean cost is taken between features moved to a minimum of 0 and divided by its maximum; uniform
    marginals are kept only softly. Solved by POT's unbalanced Sinkhorn in float64.

    Parameters
    ----------
    tiles : Tensor, shape (m, d)
    genes : Tensor, shape (J, d)

    Returns
    -------
    Tensor, shape (m, J)
        No gradient passes: the plan is a constant of the step.
    """
    with torch.no_grad():
        tiles, genes = (tokens - tokens.amin(dim=1, keepdim=True) for tokens in (tiles, genes))
        cost = torch.cdist(tiles, genes).square()
        cost = cost / cost.max().clamp_min(torch.finfo(cost.dtype).tiny)
    host = cost.double().cpu().numpy()
    plan = ot.unbalanced.sinkhorn_unbalanced(
        ot.unif(len(tiles)), ot.unif(len(genes)), host, ENTROPY, MARGINALS, c=np.ones_like(host)  # c = 1: the entropy
    )
    return torch.as_tensor(plan, dtype=tiles.dtype, device=tiles.device)


class MotCat(nn.Module):
    """MCAT with the transport plan in place of the attention weights, over random micro-batches of tiles.

    The paper's OT-based co-attention, by unbalanced optimal transport of micro-batches (``unbalanced_plan``); all else
    is MCAT's. Tiles (ΣM, D) -> (ΣM, d); a micro-batch H of m tiles and the gene tokens (J, d) -> plan P (m, J) ->
    P^T H (J, d); each side pooled; both -> (N, B).

    Parameters
    ----------
    tile_dim : int
    gene_dims : sequence of int
    bins : int
    width : int
        Token width d; 256 as published.
    micro_batch : int
        Most tiles that are transported together; 256 by default, as published.

    Notes
    -----
    Deliberate differences from the public code: one loss and one risk from the mean logits of a case's micro-batches
    instead of the mean of their losses and risks; M tiles in ceil(M / 256) micro-batches instead of M // 256 + 1, which
    is one more where M is a multiple; SELU where it has ELU; the gene tokens, which are the same in all micro-batches,
    are aggregated once; at inference the micro-batches are drawn from the tiles' content, so that the same case always
    gets the same answer.
    """

    def __init__(
        self, *, tile_dim: int, gene_dims: Sequence[int], bins: int = 4, width: int = 256, micro_batch: int = 256
    ) -> None:
        super().__init__()
        self.micro_batch = micro_batch
        self.project = nn.Sequential(nn.Linear(tile_dim, width), nn.ReLU(), nn.Dropout(DROPOUT))
        self.encode_genes = GeneEncoder(gene_dims, width)
        self.aggregate_slide, self.aggregate_genes = Aggregator(width), Aggregator(width)
        self.hazard = concat_head(width, bins)

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        gene_tokens = self.encode_genes(genes)
        batches, case = self._micro_batches(tiles, lengths)
        projected = self.project(tiles)
        slide_tokens = torch.stack([
            unbalanced_plan(projected[rows], gene_tokens[number]).T @ projected[rows]  # P^T H_p
            for rows, number in zip(batches, case.tolist(), strict=True)
        ])
        fused = torch.cat([self.aggregate_slide(slide_tokens), self.aggregate_genes(gene_tokens)[case]], dim=1)
        count = torch.bincount(case, minlength=len(lengths))
        return plain_output(segment_sum(self.hazard(fused), case, segments=len(lengths)) / count[:, None])

    def _micro_batches(self, tiles: Tensor, lengths: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Rows of each micro-batch, and the case it belongs to: sizes within a case differ by at most one."""
        counts = -(-lengths // self.micro_batch)
        case = segment_index(counts)
        place = torch.arange(len(case), device=lengths.device) - (torch.cumsum(counts, 0) - counts)[case]
        sizes = lengths[case] // counts[case] + (place < lengths[case] % counts[case])
        if len(case) == len(lengths):  # one micro-batch a case: nothing to draw
            rows = torch.arange(len(tiles), device=tiles.device)
        else:
            starts = (torch.cumsum(lengths, 0) - lengths).tolist()
            owned = zip(starts, tiles.split(lengths.tolist()), strict=True)
            rows = torch.cat([start + self._order(own) for start, own in owned])
        return rows.split(sizes.tolist()), case

    def _order(self, tiles: Tensor) -> Tensor:
        """In which order the tiles of one case go into micro-batches: drawn anew in training, else from its content."""
        if self.training:
            return torch.randperm(len(tiles), device=tiles.device)
        return content_shuffles(tiles, count=1)[0]
