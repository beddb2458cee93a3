"""Optimal transport between the two modalities' tokens (Zhang 2025, section 2.4)."""

from __future__ import annotations

import numpy as np
import ot
import torch
from torch import Tensor

REGULARISATION = 0.01  # of the largest cost: the cost of such a plan of many tokens is about 1 % above the least
NEWTON_STEPS = 200  # a bound only: some twenty are taken
MARGINAL_ERROR = 1e-10
ROUNDING = 1e-13  # near its end a Newton step gains less than the objective's rounding, and is right all the same


def transport_cost(slide: Tensor, genes: Tensor) -> Tensor:
    """Squared Euclidean cost between tokens, (N, C, G) from (N, C, d) and (N, G, d), each case over its maximum.

    C_uv = |b_u^pg - b_v^gp|^2 / max C. The division keeps the plan free of the features' scale; a case whose tokens
    are all equal costs nothing.
    """
    cost = torch.cdist(slide, genes, compute_mode="donot_use_mm_for_euclid_dist").square()
    return cost / cost.amax(dim=(1, 2), keepdim=True).clamp_min(torch.finfo(cost.dtype).tiny)


def exact_plan(cost: Tensor) -> Tensor:
    """Kantorovich plan of each case with uniform marginals, by POT's network simplex.

    P = argmin <P, C> over P >= 0 with P 1 = 1/C and P^T 1 = 1/G.

    Parameters
    ----------
    cost : Tensor, shape (N, C, G)

    Returns
    -------
    Tensor, shape (N, C, G)
        Rows sum to 1/C, columns to 1/G. No gradient passes: the plan is a constant of the step.
    """
    host = cost.detach().double().cpu().numpy()
    rows, columns = (np.full(size, 1.0 / size) for size in host.shape[1:])
    # The marginals are uniform and the potentials unused: without checking and centring them it takes half the time.
    plans = np.stack([ot.emd(rows, columns, one, center_dual=False, check_marginals=False) for one in host])
    return torch.as_tensor(plans, dtype=cost.dtype, device=cost.device)


def entropic_plan(cost: Tensor, *, regularisation: float = REGULARISATION) -> Tensor:
    """Entropic plan of one case with uniform marginals, for many tokens against a few.

    P = argmin <P, C> + regularisation * sum P log P, as Sinkhorn's iteration finds it. Here the few potentials of the
    short side are found by Newton's method on the semi-dual (Cuturi and Peyre 2018), all exponentials in
    the log domain: each step is one softmax over M x G numbers, and a handful of steps suffices where Sinkhorn takes
    hundreds or thousands. The regularisation falls to its value by halves, so that each start is near its end.

    Parameters
    ----------
    cost : Tensor, shape (M, G)
        Time and memory are linear in M.
    regularisation : float
        Above zero, in units of the cost; the plan's cost tends to the exact one as it falls.

    Returns
    -------
    Tensor, shape (M, G)
        Rows sum to 1/M exactly, columns to 1/G within 1e-10. No gradient passes.
    """
    host = cost.detach().double().T.contiguous()  # (G, M): sums over few rows of many are quick
    potentials = host.new_zeros(len(host), 1)
    blur = max(regularisation, 0.5)
    while blur > regularisation:
        potentials = _newton(host, potentials, blur, tolerance=1e-3)[0]
        blur /= 2
    soft = _newton(host, potentials, regularisation, tolerance=MARGINAL_ERROR)[1]
    return (soft.T / host.shape[1]).to(cost.dtype)


def _newton(cost: Tensor, potentials: Tensor, blur: float, *, tolerance: float) -> tuple[Tensor, Tensor]:
    """Minimise the convex F(g) = mean_u blur * logsumexp_v((g_v - C_uv) / blur) - mean_v g_v from a start.

    Returns the potentials (G, 1), and where each token's mass goes by them, (G, M).
    """
    size, many = cost.shape
    level, soft = _semi_dual(cost, potentials, blur)
    for _ in range(NEWTON_STEPS):
        columns = soft.mean(dim=1)
        slope = columns - 1 / size
        if slope.abs().max() <= tolerance:
            break
        curvature = (torch.diag(columns) - soft @ soft.T / many) / blur
        # A constant added to all potentials changes nothing; a column far from all mass has hardly any curvature.
        curvature += torch.ones_like(curvature) + 1e-12 / blur * torch.eye(size, dtype=cost.dtype, device=cost.device)
        step = -torch.linalg.solve(curvature, slope)
        length, descent = 1.0, float(slope @ step)
        while True:
            trial = potentials + length * step[:, None]
            reached, there = _semi_dual(cost, trial, blur)
            if reached <= level + 1e-4 * length * descent + ROUNDING or length < 1e-9:
                break
            length /= 2
        potentials, level, soft = trial, reached, there
    return potentials, soft


def _semi_dual(cost: Tensor, potentials: Tensor, blur: float) -> tuple[float, Tensor]:
    """F(g), and its softmax (G, M), of the same exponentials."""
    soft = (potentials - cost).div_(blur)
    top = soft.amax(dim=0)
    total = soft.sub_(top).exp_().sum(dim=0)
    level = float(blur * (total.log() + top).mean() - potentials.mean())
    return level, soft.div_(total)
