"""SNN gene tokens under a Transformer (Klambauer 2017 and Vaswani 2017; the pair as used by Zhou 2023)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from survdash.nets.aggregator import Aggregator
from survdash.nets.output import Output, plain_output
from survdash.nets.snn import GeneEncoder


class SnnTrans(nn.Module):
    """One SNN for each gene group, a Transformer over the groups, pooled; the slide is not looked at.

    Genes J x (N, d_j) -> group tokens (N, J, d) by two SNN blocks each -> 2 Transformer encoder layers (8 heads) ->
    gated attention pooling -> feed-forward (N, d) -> Linear (N, B).

    Notes
    -----
    Deliberate differences: SELU where public code has ELU, and the aggregator of Zhang 2025 (section 2.5) as the
    Transformer with its pooling and feed-forward layer, so that this is that paper's gene branch by itself.
    """

    def __init__(
        self, *, gene_dims: Sequence[int], bins: int = 4, tile_dim: int | None = None, width: int = 256
    ) -> None:
        super().__init__()
        self.encode = GeneEncoder(gene_dims, width)
        self.aggregate = Aggregator(width)
        self.hazard = nn.Linear(width, bins)

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        return plain_output(self.hazard(self.aggregate(self.encode(genes))))
