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


def plain_output(logits: Tensor) -> Output:
    """Output of a network without deals and without a loss of its own."""
    return Output(logits=logits, variants=logits[None], extra_loss=logits.new_zeros(len(logits)))
