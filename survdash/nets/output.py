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
    loss_with : callable, optional
        For a network that weighs the survival loss itself: takes it (N,) and the time bins (N,), returns the whole
        loss of each case (N,), in place of survival loss + ``extra_loss``.
    """

    logits: Tensor
    variants: Tensor
    extra_loss: Tensor
    loss_with: Callable[[Tensor, Tensor], Tensor] | None = None


def plain_output(logits: Tensor) -> Output:
    """Output of a network without deals and without a loss of its own."""
    return Output(logits=logits, variants=logits[None], extra_loss=logits.new_zeros(len(logits)))
