"""The paper's model: global-local-global fusion of slide and genes (Zhang 2025, sections 2.1 to 2.6)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from survdash.errors import InputError
from survdash.nets.aggregator import Aggregator
from survdash.nets.deal import content_ranks, deal_keys, deal_mean
from survdash.nets.output import Output
from survdash.nets.registry import HEADS
from survdash.nets.snn import GeneEncoder
from survdash.nets.transport import exact_plan, transport_cost

DROPOUT = 0.25


class BidirectionalCrossAttention(nn.Module):
    """Local association: each modality asks the other, with projections of its own (section 2.3)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.from_genes = nn.MultiheadAttention(width, HEADS, batch_first=True)
        self.from_slide = nn.MultiheadAttention(width, HEADS, batch_first=True)

    def forward(self, slide: Tensor, genes: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C_p, d) and (N, J, d) to B^pg = softmax(Q_p K_g^T / sqrt d_k) V_g and B^gp, same shapes."""
        slide_given_genes, _ = self.from_genes(slide, genes, genes, need_weights=False)
        genes_given_slide, _ = self.from_slide(genes, slide, slide, need_weights=False)
        return slide_given_genes, genes_given_slide


class GlobalLocalGlobal(nn.Module):
    """Cosine alignment, bidirectional cross-attention, optimal transport, aggregation, hazards.

    Parameters
    ----------
    tile_dim : int or None
        Width of the tile features; None makes the genes-only model: gene tokens, their aggregator, the same head.
    gene_dims : sequence of int
        Width of each gene group; empty makes the slide-only model.
    bins : int
        Time bins B.
    width : int
        Token width d, a multiple of 8; the paper's 256 by default.
    deals : int
        Random deals that are averaged at inference.
    alignment, cross_attention, transport : bool
        The paper's ablations: each False leaves that step out.

    Notes
    -----
    Deliberate differences from the paper: inference averages several deals drawn from the case's content instead of
    one at random; transported tokens are divided by the gene marginal, so that their scale does not depend on the
    number of tokens. With one modality there is nothing to align, to ask or to transport. With as many slide tokens as
    gene tokens the exact plan is a permutation, which the aggregator does not see: see docs/decisions/005.
    """

    def __init__(
        self, *, tile_dim: int | None, gene_dims: Sequence[int], bins: int = 4, width: int = 256, deals: int = 8,
        alignment: bool = True, cross_attention: bool = True, transport: bool = True,
    ) -> None:
        super().__init__()
        if tile_dim is None and not gene_dims:
            raise InputError("The model needs genes, a slide, or both.")
        self.has_slide, self.has_genes = tile_dim is not None, bool(gene_dims)
        self.deals = deals if self.has_slide else 1
        fuses = self.has_slide and self.has_genes
        self.alignment, self.transport = alignment and fuses, transport and fuses
        self.slide_groups = len(gene_dims) or 6
        if tile_dim is not None:
            self.project = nn.Sequential(nn.Linear(tile_dim, width), nn.ReLU(), nn.Dropout(DROPOUT))
            self.slide_token = nn.Linear(width, width)
            self.aggregate_slide = Aggregator(width)
        if gene_dims:
            self.encode_genes = GeneEncoder(gene_dims, width)
            self.aggregate_genes = Aggregator(width)
        self.cross_attention = BidirectionalCrossAttention(width) if cross_attention and fuses else None
        self.merge = nn.Sequential(
            nn.Linear((self.has_slide + self.has_genes) * width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.hazard = nn.Linear(width, bins)

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes.

        In training one random deal is drawn; in evaluation ``deals`` deals are drawn from the content.
        """
        rounds = 1 if self.training else self.deals
        slide = self._slide_tokens(tiles, lengths, rounds) if self.has_slide else None
        gene = self.encode_genes(genes).repeat(rounds, 1, 1) if self.has_genes else None
        logits, mismatch = self._fuse(slide, gene)
        variants = logits.reshape(rounds, -1, logits.shape[-1])
        return Output(
            logits=variants.mean(dim=0), variants=variants, extra_loss=mismatch.reshape(rounds, -1).mean(dim=0)
        )

    def _slide_tokens(self, tiles: Tensor, lengths: Tensor, rounds: int) -> Tensor:
        """B^p of each round: (rounds * N, C_p, d)."""
        projected = self.project(tiles)
        if self.training:
            deals = [torch.rand(len(tiles), device=tiles.device)]
        else:
            ranks = content_ranks(tiles, lengths)
            deals = [deal_keys(ranks, number) for number in range(rounds)]
        dealt = [deal_mean(projected, keys, lengths, groups=self.slide_groups) for keys in deals]
        tokens: Tensor = self.slide_token(torch.cat(dealt))
        return tokens

    def _fuse(self, slide: Tensor | None, genes: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits (N, B) and alignment loss (N,) from the tokens of one or both modalities."""
        if slide is None or genes is None:
            tokens = genes if slide is None else slide
            aggregate = self.aggregate_genes if slide is None else self.aggregate_slide
            logits = self.hazard(self.merge(aggregate(tokens)))
            return logits, logits.new_zeros(len(logits))
        mismatch = slide.new_zeros(len(slide))
        if self.alignment:  # global alignment SimMe, section 2.2: L_sim = 1 - cos(B^p, B^g)
            mismatch = 1 - functional.cosine_similarity(slide.flatten(1), genes.flatten(1), dim=1)
        if self.cross_attention is not None:  # local association BDCA, section 2.3
            slide, genes = self.cross_attention(slide, genes)
        if self.transport:  # global consistency, section 2.4: diag(1/mu_g) P^T B^pg
            plan = exact_plan(transport_cost(slide, genes))
            slide = plan.shape[2] * plan.transpose(1, 2) @ slide
        fused = torch.cat([self.aggregate_slide(slide), self.aggregate_genes(genes)], dim=1)
        return self.hazard(self.merge(fused)), mismatch
