"""Clustering-constrained attention multiple-instance learning, single branch (CLAM-SB, Lu 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from survdash.nets.attention import DROPOUT, GatedAttentionPool
from survdash.nets.output import Output
from survdash.nets.segments import segment_index

SAMPLES = 8  # k: tiles of most, and of least, attention that the instance loss looks at
BAG_WEIGHT = 0.7
MARGIN = 1.0


class Clam(nn.Module):
    """Attention pooling whose most and least attended tiles must be told apart, by the bag's class.

    Tiles (ΣM, D) -> projection (ΣM, ``width``) -> gated attention (hidden ``hidden``), pooled (N, ``width``) -> Linear
    (N, B). Beside it one two-way Linear per class on single tiles, used by the loss alone:
    L = 0.7 L_survival + 0.3 L_instance (Lu 2021, Methods, "Instance-level clustering" and "Training details").

    Notes
    -----
    Deliberate differences from the paper's code. The class of a bag is the time bin that holds its follow-up, since
    survival has no other label. A bag of fewer than 2k tiles lends half of its tiles to each side, so that no tile is
    in both; a bag of one tile has no instance loss and keeps its survival loss whole. Only the classifier of the bag's
    own class learns (the paper's rule where classes may coexist): a neighbouring bin is no opposite of this one. The
    public survival variant of 397,325 weights is ``width=256, hidden=256``.
    """

    def __init__(
        self, *, tile_dim: int, bins: int = 4, gene_dims: Sequence[int] = (), width: int = 512,
        hidden: int = 256,
    ) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(tile_dim, width), nn.ReLU(), nn.Dropout(DROPOUT))
        self.pool = GatedAttentionPool(width, hidden)
        self.hazard = nn.Linear(width, bins)
        self.instance = nn.Linear(width, 2 * bins)  # the two-way classifiers of all classes, side by side

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        projected = self.project(tiles)
        pooled, attention = self.pool(projected, segment_index(lengths), segments=len(lengths))
        logits = self.hazard(pooled)
        return Output(
            logits=logits, variants=logits[None], extra_loss=logits.new_zeros(len(logits)),
            loss_with=partial(self._loss, projected, attention, lengths),
        )

    def _loss(
        self, projected: Tensor, attention: Tensor, lengths: Tensor, survival_loss: Tensor, bins: Tensor
    ) -> Tensor:
        """0.7 L_survival + 0.3 L_instance of each case: (N,)."""
        counts = lengths.tolist()
        per_case = []
        cases = zip(projected.split(counts), attention.split(counts), survival_loss, bins.tolist(), strict=True)
        for rows, weights, loss, label in cases:
            if len(rows) > 1:
                most, least = extreme_tiles(weights)
                classify = slice(2 * label, 2 * label + 2)
                scores = F.linear(rows[torch.cat([most, least])], self.instance.weight[classify],
                                  self.instance.bias[classify])
                loss = BAG_WEIGHT * loss + (1 - BAG_WEIGHT) * instance_loss(scores)
            per_case.append(loss)
        return torch.stack(per_case)


def extreme_tiles(attention: Tensor) -> tuple[Tensor, Tensor]:
    """Positions of the k most and the k least attended of (M,) tiles, k = min(8, M // 2)."""
    order = torch.argsort(attention.detach(), descending=True, stable=True)
    count = min(SAMPLES, len(order) // 2)
    return order[:count], order[len(order) - count :]


def instance_loss(scores: Tensor) -> Tensor:
    """Smooth top-1 SVM loss with temperature 1 and margin 1, mean over the tiles (Berrada 2018, as Lu 2021 takes it).

    Parameters
    ----------
    scores : Tensor, shape (2k, 2)
        Scores (out of class, in class); the first k rows are to be in the class, the others out of it.

    Returns
    -------
    Tensor, shape ()
        Mean of log(e^{s_y} + e^{s_other + 1}) - s_y, which is softplus(1 + s_other - s_y).
    """
    lead = scores[:, 1] - scores[:, 0]
    most, least = lead.chunk(2)
    return F.softplus(MARGIN + torch.cat([-most, least])).mean()
