"""TransMIL: a Transformer over tiles with Nyström attention and convolutional position encoding (Shao 2021)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from survdash.nets.baselines.nystrom import NystromAttention
from survdash.nets.output import Output, plain_output

DROPOUT = 0.1  # after each attention
TOGETHER = 8192  # tokens worked on at once where bags are small: bounds the memory, and large bags go one by one


class TransMil(nn.Module):
    """Correlated multiple-instance learning (Shao 2021, sections 3.2 and 3.3, algorithm 2).

    Each case apart: tiles (M, D) -> projection (M, d), ReLU -> its first tiles again until there are S^2, a square
    -> class token before them -> x + attention(LayerNorm x) -> PPEG on the S x S square -> x + attention(LayerNorm x)
    -> LayerNorm of the class token -> Linear (B,). d is ``width``, 512 in the paper.

    Notes
    -----
    Which tiles are neighbours on the square, in a run of the landmarks' means and in the convolutions follows from
    their order in the bag, so **the answer depends on the order of the tiles**, as in the paper. Deliberate
    differences: those of ``NystromAttention``; and of the second layer only the class token is computed, which is all
    that the paper reads of it.
    """

    def __init__(
        self, *, tile_dim: int, bins: int = 4, gene_dims: Sequence[int] = (), width: int = 512
    ) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(tile_dim, width), nn.ReLU())
        self.class_token = nn.Parameter(torch.randn(1, width))
        self.norm_1, self.attend_1 = nn.LayerNorm(width), NystromAttention(width, dropout=DROPOUT)
        self.encode_position = PyramidPositionEncoding(width)
        self.norm_2, self.attend_2 = nn.LayerNorm(width), NystromAttention(width, dropout=DROPOUT)
        self.norm_out = nn.LayerNorm(width)
        self.hazard = nn.Linear(width, bins)

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        squares = [fill_square(bag) for bag in self.project(tiles).split(lengths.tolist())]
        classes: list[Tensor] = [self.class_token] * len(squares)
        for cases in alike([len(square) for square in squares]):
            answers = self._class_of(torch.stack([squares[case] for case in cases]))
            for case, answer in zip(cases, answers.split(1), strict=True):
                classes[case] = answer
        return plain_output(self.hazard(self.norm_out(torch.cat(classes))))

    def _class_of(self, squares: Tensor) -> Tensor:
        """The class token (N, d) after both layers, from N cases with squares of one size (N, S^2, d)."""
        tokens = torch.cat([self.class_token.expand(len(squares), 1, -1), squares], dim=1)
        tokens = tokens + self.attend_1(self.norm_1(tokens))
        tokens = torch.cat([tokens[:, :1], self.encode_position(tokens[:, 1:])], dim=1)
        return (tokens[:, :1] + self.attend_2(self.norm_2(tokens), first=1))[:, 0]


def fill_square(bag: Tensor) -> Tensor:
    """Repeat the first tiles at the end until their number is a square: (S^2, d) from (M, d), S = ceil(sqrt M)."""
    side = math.isqrt(len(bag) - 1) + 1
    return torch.cat([bag, bag[: side**2 - len(bag)]])


def alike(sizes: Sequence[int]) -> list[list[int]]:
    """Deal the cases into groups of one size of square and at most ``TOGETHER`` tokens, small bags being many."""
    by_size: dict[int, list[int]] = {}
    for case, size in enumerate(sizes):
        by_size.setdefault(size, []).append(case)
    steps = ((cases, max(1, TOGETHER // size)) for size, cases in by_size.items())
    return [cases[start : start + step] for cases, step in steps for start in range(0, len(cases), step)]


class PyramidPositionEncoding(nn.Module):
    """PPEG (Shao 2021, section 3.3): x plus depth-wise convolutions of 7, 5 and 3 over the square of tokens.

    (N, S^2, d) to (N, S^2, d). A sum of convolutions is the convolution by the sum of their kernels, so one pass of
    7 x 7 does all of it; x itself is a kernel with a one in the middle.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv_7, self.conv_5, self.conv_3 = (
            nn.Conv2d(width, width, span, padding=span // 2, groups=width) for span in (7, 5, 3)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Encode the tokens of each case, row by row of its square."""
        width = tokens.shape[2]
        kernel = self.conv_7.weight + F.pad(self.conv_5.weight, [1] * 4) + F.pad(self.conv_3.weight, [2] * 4)
        kernel = kernel + F.pad(kernel.new_ones(width, 1, 1, 1), [3] * 4)
        biases: list[Tensor] = [conv.get_parameter("bias") for conv in (self.conv_7, self.conv_5, self.conv_3)]
        bias = biases[0] + biases[1] + biases[2]  # a sum over a stack would let the three share one gradient in memory
        square = tokens.transpose(1, 2).unflatten(2, (math.isqrt(tokens.shape[1]), -1))
        encoded = F.conv2d(square, kernel, bias, padding=3, groups=width)
        return encoded.flatten(2).transpose(1, 2)
