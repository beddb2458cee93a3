"""Optimal transport between the two modalities' tokens (Zhang 2025, section 2.4)."""

from __future__ import annotations

import numpy as np
import ot
import torch
from torch import Tensor


def transport_cost(slide: Tensor, genes: Tensor) -> Tensor:
    """Squared Euclidean cost between tokens, (N, C, G) from (N, C, d) and (N, G, d), each case over its maximum.

    The division keeps the plan free of the features' scale; a case whose tokens are all equal costs nothing.
    """
    cost = torch.cdist(slide, genes, compute_mode="donot_use_mm_for_euclid_dist").square()
    return cost / cost.amax(dim=(1, 2), keepdim=True).clamp_min(torch.finfo(cost.dtype).tiny)


def exact_plan(cost: Tensor) -> Tensor:
    """Kantorovich plan of each case with uniform marginals, by POT's network simplex.

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
    plans = np.stack([ot.emd(rows, columns, one) for one in host])
    return torch.as_tensor(plans, dtype=cost.dtype, device=cost.device)
