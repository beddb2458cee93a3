"""From one pass of the fusion network to what each tile had to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from survdash.nets.output import Explained, Output


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """One pass over N cases in R rounds (deals).

    Parameters
    ----------
    logits : Tensor, shape (R, N, B)
    mismatch : Tensor, shape (R, N)
        Alignment loss.
    fused : Tensor, shape (R, N, ...)
        The vector H.
    slide_weights : Tensor, shape (R, N, T), or None
        Pooling weights of the slide's aggregator over its T tokens; None without a slide.
    gene_weights : Tensor, shape (R, N, J), or None
    attention, plan : sequence of N tensors, shape (R, C, J), or None
        What the gene tokens gave each slide token of a case; None where that step is left out.
    shares : sequence of N tensors, shape (R * C, M), or None
        What each tile weighs in each slide token; None where every tile is a token, or without a slide.
    """

    logits: Tensor
    mismatch: Tensor
    fused: Tensor
    slide_weights: Tensor | None
    gene_weights: Tensor | None
    attention: Sequence[Tensor] | None
    plan: Sequence[Tensor] | None
    shares: Sequence[Tensor] | None

    def output(self, rounds: int) -> Output:
        """The answer, as the mean over the first ``rounds`` rounds."""
        variants = self.logits[:rounds]
        return Output(
            logits=variants.mean(dim=0), variants=variants, extra_loss=self.mismatch[:rounds].mean(dim=0)
        )


def explain_trace(trace: Trace, sizes: Sequence[int], *, rounds: int) -> Explained:
    """Hand what each slide token got back to its tiles.

    Parameters
    ----------
    trace : Trace
        As many rounds as the explanation is averaged over.
    sizes : sequence of int
        Tiles of each case.
    rounds : int
        The answer and ``fused`` are the mean of the first ``rounds``, as without an explanation.
    """
    attention, plan, weight = [], [], []
    for case, size in enumerate(sizes):
        if trace.slide_weights is None or not size:
            continue
        shares = None if trace.shares is None else trace.shares[case]
        weight.append(_to_tiles(_token_weight(trace, case)[..., None], shares).squeeze(1))
        if trace.attention is not None:
            attention.append(_to_tiles(trace.attention[case], shares))
        if trace.plan is not None:
            plan.append(_to_tiles(trace.plan[case], shares))
    dealt = trace.shares is not None and trace.plan is not None
    return Explained(
        output=trace.output(rounds), fused=trace.fused[:rounds].mean(dim=0),
        tile_weight=torch.cat(weight) if weight else None,
        tile_attention=torch.cat(attention) if attention else None,
        tile_plan=torch.cat(plan) if plan else None,
        plan=torch.stack(list(trace.plan), dim=1) if dealt and trace.plan is not None else None,
    )


def _token_weight(trace: Trace, case: int) -> Tensor:
    """Weight of each slide token of a case, (R, C): mean of the slide's side and the genes' side."""
    if trace.slide_weights is None:
        raise TypeError("Without a slide there are no slide tokens.")
    side = trace.slide_weights[:, case]
    if trace.plan is not None:  # the T = J tokens that were pooled are made of the C by the plan
        plan = trace.plan[case]
        side = plan.shape[2] * (plan @ side[..., None]).squeeze(-1)
    if trace.attention is None or trace.gene_weights is None:
        return side
    return (side + (trace.attention[case] @ trace.gene_weights[:, case, :, None]).squeeze(-1)) / 2


def _to_tiles(values: Tensor, shares: Tensor | None) -> Tensor:
    """(R, C, K) values of a case's slide tokens to its tiles, (M, K): each token's value is shared by its tiles."""
    if shares is None:
        return values.squeeze(0)
    return shares.T @ values.flatten(0, 1) / len(values)
