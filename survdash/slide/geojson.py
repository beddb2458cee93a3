"""Tissue as GeoJSON in the form that QuPath reads: one annotation for each piece, its holes cut out, in level-0 pixels.

Outlines run along the edges of the mask's pixels, so that filling them gives the mask back.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from survdash.slide.reader import Slide
from survdash.slide.tissue import Tissue
from survdash.store import write_text

TISSUE, INK = "Tissue", "Possible ink"
COLOURS = {TISSUE: [0, 114, 178], INK: [230, 159, 0]}
Point = tuple[int, int]
Ring = list[Point]


def tissue_to_geojson(tissue: Tissue, slide: Slide) -> dict[str, object]:
    """Pieces of tissue, and of ink that was excluded, as a FeatureCollection.

    Returns
    -------
    dict
        RFC 7946 in its form, with x to the right and y downwards in pixels of level 0 as QuPath has them, which counts
        from the corner of the scanned area (``Slide.left``, ``Slide.top``); rings are closed, outer ones turn the other
        way than holes, and none crosses itself.
    """
    across, down = slide.width / tissue.mask.shape[1], slide.height / tissue.mask.shape[0]
    features = []
    for name, mask in ((TISSUE, tissue.mask), (INK, tissue.excluded)):
        for rings in [] if mask is None else outline_pieces(mask):
            places = [[[round(x * across, 2), round(y * down, 2)] for x, y in ring] for ring in rings]
            features.append({
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": places},
                "properties": {
                    "objectType": "annotation", "classification": {"name": name, "color": COLOURS[name]},
                },
            })  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


def write_tissue_geojson(tissue: Tissue, slide: Slide, path: Path) -> None:
    """Write ``tissue_to_geojson`` as a file."""
    write_text(path, json.dumps(tissue_to_geojson(tissue, slide), allow_nan=False) + "\n")


def outline_pieces(mask: np.ndarray) -> list[list[Ring]]:
    """Rings along the pixel edges of each piece (pixels that share an edge).

    Parameters
    ----------
    mask : ndarray, shape (h, w)
        bool.

    Returns
    -------
    list of list of list of (x, y)
        For each piece its outer ring and then those of its holes; the last point of a ring is its first.
    """
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    pieces: list[list[Ring]] = [[] for _ in range(count)]
    for ring, piece in _trace(labels):
        corners = _without_straight(ring)
        if _signed_area(corners) > 0:
            pieces[piece].insert(0, corners)
        else:
            pieces[piece].append(corners)
    return pieces[1:]


def _trace(labels: np.ndarray) -> list[tuple[Ring, int]]:
    """Walk along the edges with the piece on the right hand as seen on the screen; cut a walk where it meets itself."""
    leaving = _directed_edges(labels)
    rings = []
    while leaving:
        (start, piece), ends = next(iter(leaving.items()))
        path, place, at = [start], {start: 0}, start
        while True:
            ends = leaving[at, piece]
            following = ends.pop()
            if not ends:
                del leaving[at, piece]
            if following in place:  # a loop is closed: a hole that touches by a corner, or the whole walk
                cut = place[following]
                rings.append(([*path[cut:], following], piece))
                for point in path[cut + 1 :]:
                    del place[point]
                del path[cut + 1 :]
                if cut == 0:
                    break
            else:
                place[following] = len(path)
                path.append(following)
            at = following
    return rings


def _directed_edges(labels: np.ndarray) -> dict[tuple[Point, int], list[Point]]:
    """Edges between a piece and what is not that piece, from corner to corner, clockwise on the screen."""
    padded = np.pad(labels, 1)
    inner = padded[1:-1, 1:-1]
    sides = (  # the neighbour, and where the edge begins and ends on the pixel
        (padded[:-2, 1:-1], (0, 0), (1, 0)), (padded[1:-1, 2:], (1, 0), (1, 1)),
        (padded[2:, 1:-1], (1, 1), (0, 1)), (padded[1:-1, :-2], (0, 1), (0, 0)),
    )  # fmt: skip
    leaving: dict[tuple[Point, int], list[Point]] = {}
    for neighbour, (from_x, from_y), (to_x, to_y) in sides:
        rows, columns = np.nonzero((inner > 0) & (neighbour != inner))
        for x, y, piece in zip(columns.tolist(), rows.tolist(), inner[rows, columns].tolist(), strict=True):
            leaving.setdefault(((x + from_x, y + from_y), piece), []).append((x + to_x, y + to_y))
    return leaving


def _without_straight(ring: Ring) -> Ring:
    """Corners only."""
    points = ring[:-1]
    turns = [
        point
        for before, point, after in zip([points[-1], *points[:-1]], points, [*points[1:], points[0]], strict=True)
        if (point[0] - before[0]) * (after[1] - point[1]) != (point[1] - before[1]) * (after[0] - point[0])
    ]
    return [*turns, turns[0]]


def _signed_area(ring: Ring) -> float:
    return sum(x * after_y - after_x * y for (x, y), (after_x, after_y) in pairwise(ring)) / 2
