"""The paper's model: global-local-global fusion of slide and genes (Zhang 2025, sections 2.1 to 2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from survdash.errors import InputError
from survdash.nets.aggregator import Aggregator
from survdash.nets.association import BidirectionalCrossAttention
from survdash.nets.deal import content_deals, random_deal
from survdash.nets.explanation import Trace, explain_trace
from survdash.nets.output import Explained, Output
from survdash.nets.presence import Presence, check_inputs, drop_modalities
from survdash.nets.projection import TileProjection
from survdash.nets.snn import GeneEncoder, SnnBlock
from survdash.nets.transport import entropic_plan, exact_plan, transport_cost


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sides:
    """Both modalities after they met, in R rounds of N cases; see ``Trace`` for ``attention`` and ``plan``."""

    slide: Tensor  # (R * N, T, d)
    genes: Tensor  # (R * N, J, d)
    mismatch: Tensor  # (R * N,)
    attention: Sequence[Tensor] | None
    plan: Sequence[Tensor] | None


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
    clinical_dim : int
        Number of clinical columns; 0 for none. They make one token of two SNN blocks, which joins H beside the two
        aggregated modalities (an aggregator has nothing to do with one token).
    width : int
        Token width d, a multiple of 8; the paper's 256 by default.
    deals : int
        Random deals that are averaged at inference.
    tokens : {"dealt", "tiles"}
        "tiles": no dealing, every projected tile is a token; the plan is then entropic, and everything linear in M.
    alignment, cross_attention, transport : bool
        The paper's ablations: each False leaves that step out.
    stand_ins : bool
        Learn tokens that stand in for a missing slide or missing genes. In training one of two present modalities is
        then left out with probability 1/4. Without it a case that lacks a modality is refused.

    Raises
    ------
    InputError
        If there is nothing to look at, or the options contradict each other.

    Notes
    -----
    Deliberate differences from the paper: inference averages several deals drawn from the case's content instead of
    one at random; transported tokens are divided by the gene marginal, so that their scale does not depend on the
    number of tokens. With one modality there is nothing to align, to ask or to transport. With as many slide tokens as
    gene tokens the exact plan is a permutation, which the aggregator does not see: see docs/decisions/005.
    """

    def __init__(
        self, *, tile_dim: int | None, gene_dims: Sequence[int], bins: int = 4, clinical_dim: int = 0,
        width: int = 256, deals: int = 8, tokens: str = "dealt", alignment: bool = True, cross_attention: bool = True,
        transport: bool = True, stand_ins: bool = False,
    ) -> None:
        super().__init__()
        self.has_slide, self.has_genes = tile_dim is not None, bool(gene_dims)
        self.clinical_dim = clinical_dim
        sides = self.has_slide + self.has_genes + bool(clinical_dim)
        fuses = self.has_slide and self.has_genes
        _check_options(sides=sides, fuses=fuses, tokens=tokens, transport=transport, stand_ins=stand_ins)
        self.every_tile = tokens == "tiles"
        self.deals = deals if self.has_slide and not self.every_tile else 1
        self.alignment, self.transport = alignment and fuses, transport and fuses
        self.slide_groups = len(gene_dims) or 6
        if tile_dim is not None:
            self.project = TileProjection(tile_dim, width)
            self.slide_token = nn.Linear(width, width)
            self.aggregate_slide = Aggregator(width)
        if gene_dims:
            self.encode_genes = GeneEncoder(gene_dims, width)
            self.aggregate_genes = Aggregator(width)
        self.cross_attention = BidirectionalCrossAttention(width) if cross_attention and fuses else None
        self.merge = nn.Sequential(nn.Linear(sides * width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.hazard = nn.Linear(width, bins)
        self.stand_ins = stand_ins
        if stand_ins:  # about the size of the tokens they stand in for
            self.slide_stand_in = nn.Parameter(torch.randn(self.slide_groups, width) / width**0.5)
            self.gene_stand_in = nn.Parameter(torch.randn(len(gene_dims), width))
        if clinical_dim:
            self.encode_clinical = nn.Sequential(SnnBlock(clinical_dim, width), SnnBlock(width, width))

    def forward(
        self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor], clinical: Tensor | None = None
    ) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes.

        In training one random deal is drawn; in evaluation ``deals`` deals are drawn from the content. With
        ``stand_ins`` a case of length 0 has no slide, and one whose genes are all NaN has none.

        Raises
        ------
        InputError
            If a case lacks what the network needs.
        """
        rounds = 1 if self.training else self.deals
        return self._pass(tiles, lengths, genes, clinical, rounds=rounds, explaining=False).output(rounds)

    def explain(
        self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor], clinical: Tensor | None = None, *,
        deals: int | None = None,
    ) -> Explained:
        """The answer for N cases, and what the network looked at on the way to it; for a network in evaluation.

        Parameters
        ----------
        tiles, lengths, genes, clinical
            As in ``forward``.
        deals : int or None
            Random deals that the explanation is averaged over: those of the answer if None, which leaves the tiles
            coarse; take 64. The answer is the same whatever their number. A network that deals no tiles has none.

        Raises
        ------
        InputError
            If a case lacks what the network needs, or there are fewer deals than the answer takes.
        """
        if self.training:
            raise RuntimeError("A network explains itself in evaluation only: call eval() first.")
        if deals is not None and deals < self.deals:
            raise InputError(f"An explanation takes at least the {self.deals} deals of the answer, not {deals}.")
        dealing = self.has_slide and not self.every_tile
        rounds = deals if deals is not None and dealing else self.deals
        with torch.no_grad():
            trace = self._pass(tiles, lengths, genes, clinical, rounds=rounds, explaining=True)
        return explain_trace(trace, lengths.tolist() if self.has_slide else [], rounds=self.deals)

    def _pass(
        self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor], clinical: Tensor | None, *, rounds: int,
        explaining: bool,
    ) -> Trace:
        """All of the computation: tokens of each side, their meeting, aggregation, hazards."""
        presence = check_inputs(
            lengths if self.has_slide else None, genes if self.has_genes else (), clinical,
            stand_ins=self.stand_ins, clinical_dim=self.clinical_dim,
        )
        if self.training and self.stand_ins:
            presence = drop_modalities(presence)
        slide, shares = self._slide_tokens(tiles, lengths, presence, rounds) if self.has_slide else (None, None)
        gene = self._gene_tokens(genes, presence).repeat(rounds, 1, 1) if self.has_genes else None
        sides = None
        if slide is not None and gene is not None:
            sides = self._meet_tiles(slide, gene, presence) if self.every_tile else self._meet(
                slide[0], gene, rounds=rounds, explaining=explaining
            )
            slide, gene = [sides.slide], sides.genes
        parts, slide_weights, gene_weights = [], None, None
        if slide is not None:
            aggregated, slide_weights = self.aggregate_slide.with_weights(slide[0])
            parts.append(aggregated)
        if gene is not None:
            aggregated, gene_weights = self.aggregate_genes.with_weights(gene)
            parts.append(aggregated)
        if clinical is not None:
            parts.append(self.encode_clinical(clinical).repeat(rounds, 1))
        fused = torch.cat(parts, dim=1)  # H = [H^p ; H^g], section 2.5
        mismatch = fused.new_zeros(len(fused)) if sides is None else sides.mismatch * presence.both.repeat(rounds)
        rows = (rounds, -1)
        return Trace(
            logits=self.hazard(self.merge(fused)).unflatten(0, rows), mismatch=mismatch.unflatten(0, rows),
            fused=fused.unflatten(0, rows), shares=shares,
            slide_weights=None if slide_weights is None else slide_weights.unflatten(0, rows),
            gene_weights=None if gene_weights is None else gene_weights.unflatten(0, rows),
            attention=None if sides is None else sides.attention, plan=None if sides is None else sides.plan,
        )

    def _gene_tokens(self, genes: Sequence[Tensor], presence: Presence) -> Tensor:
        """B^g, section 2.1: (N, J, d)."""
        if not self.stand_ins:
            return self.encode_genes(genes)
        there = presence.genes[:, None, None]
        # Whatever is given for absent genes gets no gradient; NaN would make one all the same.
        tokens = self.encode_genes([group.nan_to_num() for group in genes])
        return torch.where(there, tokens, self.gene_stand_in)

    def _slide_tokens(
        self, tiles: Tensor, lengths: Tensor, presence: Presence, rounds: int
    ) -> tuple[list[Tensor], list[Tensor] | None]:
        """B^p, section 2.2: one (rounds * N, C_p, d) table and the shares of the tiles in it.

        Where every tile is a token N tables (M, d) of projected tiles, to be met with ``slide_token`` still to come.
        """
        sizes = lengths.tolist()
        projected = self.project(tiles)
        if self.every_tile:
            return list(projected.split(sizes)), None
        groups = self.slide_groups
        if self.training:
            keys = torch.rand(len(tiles), device=tiles.device)
            shares = [random_deal(own, groups=groups, dtype=tiles.dtype) for own in keys.split(sizes)]
        else:
            shares = [content_deals(own, deals=rounds, groups=groups) for own in tiles.split(sizes)]
        means = torch.stack([share @ rows for share, rows in zip(shares, projected.split(sizes), strict=True)])
        dealt = self.slide_token(means.unflatten(1, (rounds, groups)).transpose(0, 1).flatten(0, 1))
        if self.stand_ins:
            dealt = torch.where(presence.slide.repeat(rounds)[:, None, None], dealt, self.slide_stand_in)
        return [dealt], shares

    def _meet(self, slide: Tensor, genes: Tensor, *, rounds: int, explaining: bool) -> _Sides:
        """Sections 2.2 to 2.4 on (R * N, C, d) and (R * N, J, d) tokens."""
        mismatch = slide.new_zeros(len(slide))
        if self.alignment:  # global alignment SimMe, section 2.2: L_sim = 1 - cos(B^p, B^g)
            mismatch = 1 - functional.cosine_similarity(slide.flatten(1), genes.flatten(1), dim=1)
        attention = plan = None
        if self.cross_attention is not None:  # local association BDCA, section 2.3
            slide, genes, attention = self.cross_attention(slide, genes, weights=explaining)
        if self.transport:  # global consistency, section 2.4: diag(1/mu_g) P^T B^pg
            plan = exact_plan(transport_cost(slide, genes))
            slide = plan.shape[2] * plan.transpose(1, 2) @ slide
        by_case = (rounds, -1)
        return _Sides(
            slide=slide, genes=genes, mismatch=mismatch,
            attention=None if attention is None else attention.mT.unflatten(0, by_case).unbind(1),
            plan=None if plan is None else plan.unflatten(0, by_case).unbind(1),
        )

    def _meet_tiles(self, projected: Sequence[Tensor], genes: Tensor, presence: Presence) -> _Sides:
        """The same with every tile a token, case by case: N tables (M, d) and (N, J, d) tokens.

        A token is a linear layer on a projected tile, and what follows takes weighted means of tokens, so the layer is
        moved to the means; what a token was given is a mix of 8 J answers, and is made for the costs alone.
        """
        moved, answered, attentions, plans, means = [], [], [], [], []
        for tiles, gene, there in zip(projected, genes, presence.slide.tolist(), strict=True):
            rows, token = (tiles, self.slide_token) if there else (self.slide_stand_in, nn.Identity())
            means.append(token(rows.mean(dim=0)))
            if self.cross_attention is None:
                met, given = gene, token(rows.detach())
                plan = entropic_plan(transport_cost(given.detach()[None], met.detach()[None])[0])
                moved.append(token(plan.shape[1] * plan.T @ rows))
            else:
                mix, answers, met, attention = self.cross_attention.with_many(rows, gene, token)
                given = mix.detach().T @ answers.detach()
                plan = entropic_plan(transport_cost(given[None], met.detach()[None])[0])
                moved.append(plan.shape[1] * (mix @ plan).T @ answers)
                attentions.append(attention.T[None])
            answered.append(met)
            plans.append(plan[None])
        mismatch = genes.new_zeros(len(genes))
        if self.alignment:  # of the token means: the two sides have no tokens in pairs
            mismatch = 1 - functional.cosine_similarity(torch.stack(means), genes.mean(dim=1), dim=1)
        return _Sides(
            slide=torch.stack(moved), genes=torch.stack(answered), mismatch=mismatch,
            attention=attentions or None, plan=plans,
        )


def _check_options(*, sides: int, fuses: bool, tokens: str, transport: bool, stand_ins: bool) -> None:
    if not sides:
        raise InputError("The model needs genes, a slide, or clinical facts.")
    if tokens == "tiles" and not (fuses and transport):
        # The slide's aggregator is quadratic in its tokens; the plan makes as many of them as there are gene groups.
        raise InputError(
            "With every tile a token, the slide must be transported to genes.",
            hint="Give slide and genes and leave transport on, or choose tokens=dealt.",
        )
    if stand_ins and not fuses:
        raise InputError("Stand-ins are for a missing slide or missing genes: the model needs both.")
