"""Tiles with their numbers as GeoJSON in the form that QuPath reads: one tile object each, numbers as measurements."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from survdash.errors import SlideError


def tiles_to_geojson(
    coords: np.ndarray, side: int, measurements: Mapping[str, np.ndarray], *, corner: tuple[int, int] = (0, 0)
) -> dict[str, object]:
    """Squares of ``side`` level-0 pixels, each with its measurements.

    Parameters
    ----------
    coords : ndarray, shape (M, 2)
        Top-left corners in the slide's own level-0 coordinates.
    side : int
    measurements : mapping
        Name to (M,) finite numbers.
    corner : (x, y), optional
        Of the scanned area, from which QuPath counts.

    Returns
    -------
    dict
        A FeatureCollection; rings run clockwise on the screen and are closed.

    Raises
    ------
    SlideError
        If a measurement is not one finite number a tile.
    """
    for name, values in measurements.items():
        if len(values) != len(coords) or not np.isfinite(values).all():
            raise SlideError(f"{name!r} is not one number for each of {len(coords)} tiles.")
    features = []
    for place, (x, y) in enumerate((np.asarray(coords, int) - np.asarray(corner, int)).tolist()):
        ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
        features.append({
            "type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {
                "objectType": "tile",
                "measurements": {name: round(float(values[place]), 6) for name, values in measurements.items()},
            },
        })  # fmt: skip
    return {"type": "FeatureCollection", "features": features}
