"""Tiles as QuPath takes them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from survdash.errors import SlideError
from survdash.slide.tile_geojson import tiles_to_geojson


def test_each_tile_is_a_closed_square_with_its_numbers_from_the_corner_of_the_scan() -> None:
    made = tiles_to_geojson(np.array([[512, 256], [768, 256]]), 256, {"plan: A": np.array([0.5, 1.5])}, corner=(500, 0))
    made = json.loads(json.dumps(made, allow_nan=False))
    first, second = made["features"]
    ring = first["geometry"]["coordinates"][0]
    assert ring == [[12, 256], [268, 256], [268, 512], [12, 512], [12, 256]]
    assert first["properties"] == {"objectType": "tile", "measurements": {"plan: A": 0.5}}
    assert second["geometry"]["coordinates"][0][0] == [268, 256]
    assert made["type"] == "FeatureCollection"


def test_a_number_that_is_none_is_refused() -> None:
    for values in (np.array([np.nan]), np.array([1.0, 2.0])):
        with pytest.raises(SlideError):
            tiles_to_geojson(np.zeros((1, 2), int), 256, {"weight": values})
