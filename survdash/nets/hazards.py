"""From hazard logits to survival and risk: the one place where it is done, and where the sign of a risk is decided."""

from __future__ import annotations

import torch
from torch import Tensor


def survival_from_logits(logits: Tensor) -> Tensor:
    """Probability to be alive after each time bin, S_k = prod_{z<=k} (1 - sigmoid(logit_z)).

    Parameters
    ----------
    logits : Tensor, shape (..., B)

    Returns
    -------
    Tensor, shape (..., B)
        Never rises along B, stays in [0, 1] (Zhang 2025, eq. 17).
    """
    return torch.cumprod(torch.sigmoid(-logits), dim=-1)


def risk_from_logits(logits: Tensor) -> Tensor:
    """Risk score, minus the sum of survival over the bins: higher means an earlier death (Zhang 2025, eq. 18).

    Parameters
    ----------
    logits : Tensor, shape (..., B)

    Returns
    -------
    Tensor, shape (...)
        Between -B and 0.
    """
    return -survival_from_logits(logits).sum(dim=-1)
