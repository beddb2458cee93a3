"""The discrete-time survival loss (Zhang 2025, eq. 19; Zadeh and Schmid 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

from survdash.nets.hazards import survival_from_logits

FLOOR = 1e-7  # keeps the logarithm of a probability of 0 finite, as in the reference code


def survival_loss(logits: Tensor, bins: Tensor, event: Tensor) -> Tensor:
    """Negative log-likelihood of each case.

    L = -c log S_k - (1 - c) [log S_{k-1} + log h_k] with c = 1 for a censored case, S_{-1} = 1, natural logarithm.

    Parameters
    ----------
    logits : Tensor, shape (N, B)
    bins : Tensor, shape (N,), int64
        The bin k that holds each case's time.
    event : Tensor, shape (N,), bool
        True for an observed death, so c = not event.

    Returns
    -------
    Tensor, shape (N,)
    """
    column = bins[:, None]
    survival = survival_from_logits(logits)
    survival = torch.cat([torch.ones_like(survival[:, :1]), survival], dim=1)
    before = survival.gather(1, column).squeeze(1).clamp_min(FLOOR).log()
    after = survival.gather(1, column + 1).squeeze(1).clamp_min(FLOOR).log()
    hazard = torch.sigmoid(logits).gather(1, column).squeeze(1).clamp_min(FLOOR).log()
    return -torch.where(event, before + hazard, after)
