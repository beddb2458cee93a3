"""The tiles' part in the answer, of real fold models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from survdash.case import Bag, BagOrigin
from survdash.explanation.tile_map import fused_vectors, map_tiles


def bag_of(tiles: np.ndarray) -> Bag:
    coords = np.stack([np.arange(len(tiles)), np.zeros(len(tiles))], axis=1).astype(np.int32) * 256
    return Bag(features=tiles, coords=coords, slide_index=np.zeros(len(tiles), np.int32), slide_ids=("a",),
               origin=BagOrigin(encoder="made", weights="", dim=tiles.shape[1]))  # fmt: skip


def test_weights_and_plans_share_out_the_whole(ask_demo) -> None:
    case = ask_demo("glg")
    titles = [f"g{number}" for number in range(6)]
    made = map_tiles(case, bag_of(case.inputs.bags[0]), titles=titles)
    assert made is not None
    size = len(case.inputs.bags[0])
    assert made.weight.shape == (size,)
    assert made.attention.shape == made.plan.shape == (size, 6)
    assert made.weight.sum() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(made.attention.sum(axis=0), 1, atol=1e-4)
    np.testing.assert_allclose(made.plan.sum(axis=0), 1 / 6, atol=1e-4)


def test_the_map_follows_its_tiles_in_whatever_order_they_come(ask_demo) -> None:
    case = ask_demo("glg", folds=(0,))
    tiles = case.inputs.bags[0]
    order = np.random.default_rng(0).permutation(len(tiles))
    turned = replace(case, inputs=replace(case.inputs, bags=[tiles[order]]))
    here, there = (map_tiles(one, bag_of(one.inputs.bags[0]), titles=list("abcdef")) for one in (case, turned))
    assert here is not None
    assert there is not None
    # Equal deals, summed in another order: float32 rounding.
    np.testing.assert_allclose(there.weight, here.weight[order], atol=1e-5)


def test_a_model_that_looks_at_no_tiles_or_tells_nothing_has_no_map(ask_demo) -> None:
    genes, other = ask_demo("glg-genes"), ask_demo("attnmil")
    tiles = np.zeros((3, 1280), np.float16)
    assert map_tiles(genes, bag_of(tiles), titles=()) is None
    assert map_tiles(other, bag_of(tiles), titles=()) is None
    assert fused_vectors(other.folds[0], other.inputs) is None


def test_the_fused_vector_is_one_of_a_case(ask_demo) -> None:
    case = ask_demo("glg")
    found = fused_vectors(case.folds[0], case.inputs)
    assert found is not None
    assert found.shape == (1, 128)
