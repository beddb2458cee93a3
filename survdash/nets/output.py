"""What every network returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Output:
    """Hazard logits of N cases over B time bins.

    Parameters
    ----------
    logits : Tensor, shape (N, B)
        Hazards before the sigmoid; the mean over variants where there are several.
    variants : Tensor, shape (R, N, B)
        The logits of each random deal of the tiles; R = 1 for a network without deals.
    extra_loss : Tensor, shape (N,)
        What the network adds to the survival loss of each case; zeros for most.
    loss_with : callable or None
        For a network whose own loss needs the cases' time bins: (survival loss (N,), bins (N,)) to its whole loss (N,).
    """

    logits: Tensor
    variants: Tensor
    extra_loss: Tensor
    loss_with: Callable[[Tensor, Tensor], Tensor] | None = None

    def total_loss(self, survival_loss: Tensor, bins: Tensor) -> Tensor:
        """What training lowers, of each case: (N,) from the survival loss (N,) and the time bin (N,) of each."""
        if self.loss_with is None:
            return survival_loss + self.extra_loss
        return self.loss_with(survival_loss, bins) + self.extra_loss


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explained:
    """What a fusion network looked at on the way to its answer for N cases with ΣM tiles and J gene groups.

    Where tiles were dealt into groups, a tile has its equal share of what its group got, averaged over the R deals:
    with few deals neighbours in a deal cannot be told apart, so an explanation is best taken from 64 deals or more.

    Parameters
    ----------
    output : Output
        The answer of the same pass.
    fused : Tensor, shape (N, 2d)
        The vector H that the risk is read from (3d with clinical facts, d with one modality); near cases are alike.
    tile_weight : Tensor, shape (ΣM,), or None
        What each tile weighs: mean of the slide side (pooling weight of each transported token, times the tile's part
        in it) and of the gene side (pooling weight of each gene token, times its attention to the tile). The mixing
        inside the aggregator's Transformer is left out. Sums to 1 over a case's tiles. None without a slide.
    tile_attention : Tensor, shape (ΣM, J), or None
        Attention of each gene group to each tile, mean of the heads; each column sums to 1 over a case's tiles. None
        without cross-attention.
    tile_plan : Tensor, shape (ΣM, J), or None
        Mass that the transport plan carries from each tile to each gene group: 1/J for a group over a case's tiles.
        None without transport.
    plan : Tensor, shape (R, N, C, J), or None
        The plan between the dealt groups of each deal. Groups of two deals have no tile order in common, so it is not
        averaged here: the mean over deals is ``tile_plan``. None where every tile is a token, or without transport.
    """

    output: Output
    fused: Tensor
    tile_weight: Tensor | None
    tile_attention: Tensor | None
    tile_plan: Tensor | None
    plan: Tensor | None


def plain_output(logits: Tensor) -> Output:
    """Output of a network without deals and without a loss of its own."""
    return Output(logits=logits, variants=logits[None], extra_loss=logits.new_zeros(len(logits)))
