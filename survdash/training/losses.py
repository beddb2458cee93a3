"""The discrete-time survival loss (Zhang 2025, eq. 19; Zadeh and Schmid 2020), and Cox's partial likelihood (1975)."""

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


def cox_loss(log_hazard: Tensor, time_months: Tensor, event: Tensor) -> Tensor:
    """Negative log partial likelihood of each case among the cases given, a mean over the deaths.

    l_i = log sum over {j: t_j >= t_i} of exp(eta_j) - eta_i for a death, 0 for a censored case; tied deaths share one
    risk set (Breslow 1974). Each l_i is multiplied by N / deaths, so that the mean over the N cases is the mean over
    the deaths however many died.

    Parameters
    ----------
    log_hazard : Tensor, shape (N,)
        Log hazard ratios eta, up to a constant.
    time_months : Tensor, shape (N,)
    event : Tensor, shape (N,), bool

    Returns
    -------
    Tensor, shape (N,)
        Zeros where nobody died.
    """
    cases = len(log_hazard)
    at_risk = time_months[None, :] >= time_months[:, None]
    total = log_hazard.expand(cases, cases).masked_fill(~at_risk, -torch.inf).logsumexp(dim=1)
    return (total - log_hazard) * event * (cases / event.sum().clamp_min(1))
