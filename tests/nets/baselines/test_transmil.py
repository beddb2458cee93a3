from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from survdash.nets.baselines.transmil import TOGETHER, PyramidPositionEncoding, TransMil, alike, fill_square
from tests.nets.layers import TILE, linear, size


def test_it_has_the_published_size():
    norm = 2 * 512
    attention = 3 * 512 * 512 + linear(512, 512) + 8 * 33
    encoding = sum(512 * span**2 + 512 for span in (7, 5, 3))
    layers = 2 * (norm + attention) + encoding
    published = linear(TILE, 512) + 512 + layers + norm + linear(512, 4)
    assert published == 2_673_172  # the public file, with four outputs
    assert size(TransMil(tile_dim=TILE)) == published


@pytest.mark.parametrize("tiles", [1, 2, 3, 4, 5, 9, 10, 99, 101, 1000])
def test_a_bag_is_filled_to_a_square_with_its_first_tiles(tiles):
    bag = torch.arange(tiles)[:, None]
    filled = fill_square(bag)
    side = math.ceil(math.sqrt(tiles))
    assert len(filled) == side**2
    assert torch.equal(filled[:tiles], bag)
    assert torch.equal(filled[tiles:], bag[: side**2 - tiles])


@given(sizes=st.lists(st.sampled_from([1, 4, 2500, 4096, 10_000]), max_size=12))
def test_every_case_is_in_one_group_of_its_size_and_groups_are_bounded(sizes):
    groups = alike(sizes)
    assert sorted(case for group in groups for case in group) == list(range(len(sizes)))
    for group in groups:
        assert len({sizes[case] for case in group}) == 1
        assert len(group) == 1 or sum(sizes[case] for case in group) <= TOGETHER


@pytest.mark.parametrize("side", [1, 2, 3, 8])
def test_the_encoding_is_the_sum_of_its_convolutions(side):
    torch.manual_seed(0)
    encode, tokens = PyramidPositionEncoding(8).double(), torch.randn(2, side**2, 8, dtype=torch.float64)
    square = tokens.transpose(1, 2).reshape(2, 8, side, side)
    summed = square + encode.conv_7(square) + encode.conv_5(square) + encode.conv_3(square)
    torch.testing.assert_close(encode(tokens), summed.flatten(2).transpose(1, 2))


def test_of_the_second_layer_the_class_token_is_all_that_is_read():
    # Written out as in the paper, every token through both layers: the same answer.
    torch.manual_seed(0)
    model, tiles = TransMil(tile_dim=6, width=16).double().eval(), torch.randn(30, 6, dtype=torch.float64)
    x = torch.cat([model.class_token, fill_square(model.project(tiles))])[None]
    x = x + model.attend_1(model.norm_1(x))
    x = torch.cat([x[:, :1], model.encode_position(x[:, 1:])], dim=1)
    x = x + model.attend_2(model.norm_2(x))
    expected = model.hazard(model.norm_out(x)[:, 0])
    torch.testing.assert_close(model(tiles, torch.tensor([30]), []).logits, expected)
