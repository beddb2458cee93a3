"""The first layer over the tiles, Linear, ReLU, Dropout: by far most of a network's work, so nothing of it is wasted.

Whether a number passes is seen in what comes out: it is zero where ReLU or Dropout stopped it. So one (M, d) table is
kept for the gradient in place of three, and chance is drawn as bytes, eight of one random integer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

DROPOUT = 0.25
BYTES = 256


class TileProjection(nn.Sequential):
    """(M, D) tiles to (M, d): Linear -> ReLU -> Dropout; ``width`` is a multiple of 8."""

    def __init__(self, tile_dim: int, width: int) -> None:
        # In place: the layer before needs its output no more, and a fresh M x d table costs as much as the ReLU.
        super().__init__(nn.Linear(tile_dim, width), nn.ReLU(inplace=True), nn.Dropout(DROPOUT))

    def forward(self, tiles: Tensor) -> Tensor:
        """Project every tile."""
        linear, _, dropout = self
        if not isinstance(linear, nn.Linear) or not isinstance(dropout, nn.Dropout):
            raise TypeError("A projection is a linear layer, ReLU and dropout.")
        stopped = round(dropout.p * BYTES)
        if not (self.training and stopped):
            passed: Tensor = super().forward(tiles)
            return passed
        scale = BYTES / (BYTES - stopped)  # of the few weights in place of the many numbers
        rows = functional.linear(tiles, linear.weight * scale, linear.bias * scale)
        passed = _Pass.apply(rows, stopped)
        return passed


class _Pass(torch.autograd.Function):
    """ReLU and dropout in place of the rows: ``stopped`` of 256 numbers are set to zero, whatever they are."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, stopped: int) -> Tensor:
        words = torch.empty(rows.numel() // 8, dtype=torch.int64, device=rows.device)
        chance = words.random_(torch.iinfo(torch.int64).min, None).view(torch.uint8).view(rows.shape)
        rows.relu_().masked_fill_(chance < stopped, 0.0)
        ctx.mark_dirty(rows)
        ctx.save_for_backward(rows)
        return rows

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        (passed,) = ctx.saved_tensors
        return torch.ops.aten.threshold_backward(slope, passed, 0), None
