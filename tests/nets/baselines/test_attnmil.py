from __future__ import annotations

import pytest
import torch

from survdash.errors import InputError
from survdash.nets.baselines.attnmil import AttnMil


def test_a_bag_of_equal_tiles_is_one_tile():
    # Attention sums to one, so the number of equal tiles cannot matter.
    torch.manual_seed(0)
    model, tile = AttnMil(tile_dim=6, width=8).double().eval(), torch.randn(1, 6, dtype=torch.float64)
    one = model(tile, torch.tensor([1]), []).logits
    torch.testing.assert_close(model(tile.repeat(7, 1), torch.tensor([7]), []).logits, one)


def test_genes_alone_are_refused():
    with pytest.raises(InputError, match="slide"):
        AttnMil(tile_dim=None, gene_dims=(3,))
