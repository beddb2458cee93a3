"""Areas that a user drew to correct what was found: polygons in GeoJSON, as QuPath exports and survdash writes them.

Each area's class says what it is: "Tissue" adds it, "Ignore", "Ink" or "Artefact" take it away. What is both is taken
away. A class that is not known is refused, because an outline of the tumour is no outline of the tissue.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from survdash.errors import SlideError

MAX_BYTES = 20_000_000
MAX_POINTS = 300_000
MAX_COVERS = 200.0  # times the picture, all areas' bounding boxes together: beyond it is made to take long
ADDS = frozenset({"tissue"})
REMOVES = frozenset({"ignore", "ignore*", "ink", "possible ink", "artefact", "artifact"})
HINT = "Export annotations as GeoJSON from QuPath, or edit the tissue.geojson that the tissue command writes."
Edges = np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Areas:
    """Areas of one slide.

    Parameters
    ----------
    added, removed : tuple of ndarray, each of shape (E, 4)
        Every polygon as its edges ``x0, y0, x1, y1`` in level-0 pixels from the corner of the scanned area, which is
        where QuPath counts from; holes among them.
    sha256 : str
        Of the file.
    name : str
        Of the file, for messages.
    """

    added: tuple[Edges, ...]
    removed: tuple[Edges, ...]
    sha256: str
    name: str

    def masks(self, shape: tuple[int, int], size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """What is added and what is taken away, as pixels.

        Parameters
        ----------
        shape : (int, int)
            Height and width of the masks.
        size : (int, int)
            Width and height of the slide at level 0.

        Returns
        -------
        (ndarray, ndarray), each of shape (h, w)
            bool; a pixel counts where its centre lies inside a polygon and not inside a hole of it.

        Raises
        ------
        SlideError
            If an area lies outside the slide, or they cover it hundreds of times.
        """
        width, height = size
        covered = 0.0
        for edges in (*self.added, *self.removed):
            left, right = edges[:, [0, 2]].min(), edges[:, [0, 2]].max()
            top, bottom = edges[:, [1, 3]].min(), edges[:, [1, 3]].max()
            outside = right <= 0 or bottom <= 0 or left >= width or top >= height
            if outside or min(left + width, top + height) < 0 or right > 2 * width or bottom > 2 * height:
                raise SlideError(
                    f"{self.name}: an area at x={left:,.0f}, y={top:,.0f} lies outside the slide of "
                    f"{width:,} x {height:,} px.", hint="Was it drawn on another slide, or at another level?",
                )  # fmt: skip
            covered += (min(right, width) - max(left, 0)) * (min(bottom, height) - max(top, 0)) / (width * height)
        if covered > MAX_COVERS:
            raise SlideError(f"{self.name}: the areas cover the slide {covered:,.0f} times.", hint=HINT)
        scale = np.array([shape[1] / width, shape[0] / height] * 2)
        added, removed = (_fill([edges * scale for edges in part], shape) for part in (self.added, self.removed))
        return added & ~removed, removed


def read_areas(path: Path) -> Areas:
    """Read areas from a GeoJSON file.

    Parameters
    ----------
    path : Path
        A FeatureCollection, a Feature or a list of Features; Polygons and MultiPolygons in level-0 pixels, each with a
        ``classification`` among its properties.

    Raises
    ------
    SlideError
        If the file is missing, too large, no GeoJSON of polygons, or an area's class is not known.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SlideError(f"{path.name} is larger than {MAX_BYTES // 10**6} MB.", hint="Draw fewer, simpler areas.")
        data = path.read_bytes()
    except OSError as error:
        raise SlideError(f"{path.name} cannot be read: {error.strerror}.", hint=f"Looked at {path}.") from error
    try:
        content = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # too deep, or no JSON at all; UnicodeDecodeError is a ValueError
        raise SlideError(f"{path.name} is no GeoJSON: {str(error)[:100]}.", hint=HINT) from error
    added: list[Edges] = []
    removed: list[Edges] = []
    points = 0
    for number, feature in enumerate(_features(content, path), start=1):
        where = f"{path.name}, area {number}"
        name = _class_name(feature)
        if name.lower() not in ADDS | REMOVES:
            raise SlideError(
                f"{where}: the class {name[:60]!r} says neither tissue nor what to leave out.",
                hint="Give each area the class Tissue (adds) or Ignore, Ink or Artefact (take away).",
            )
        for polygon in _polygons(feature.get("geometry"), where):
            edges = np.concatenate([_ring(ring, where) for ring in polygon])
            points += len(edges)
            if points > MAX_POINTS:
                raise SlideError(f"{path.name} has more than {MAX_POINTS:,} points.", hint="Draw simpler areas.")
            (added if name.lower() in ADDS else removed).append(edges)
    if not added and not removed:
        raise SlideError(f"{path.name} has no areas.", hint=HINT)
    return Areas(
        added=tuple(added), removed=tuple(removed), sha256=hashlib.sha256(data).hexdigest(), name=path.name
    )  # fmt: skip


def _refuse_constant(text: str) -> float:
    raise SlideError(f"{text} is no coordinate", hint=HINT)


def _features(content: Any, path: Path) -> list[dict[str, Any]]:
    if isinstance(content, dict):
        content = content.get("features") if content.get("type") == "FeatureCollection" else [content]
    if not isinstance(content, list) or not all(
        isinstance(one, dict) and one.get("type") == "Feature" for one in content
    ):
        raise SlideError(f"{path.name} is no GeoJSON of features.", hint=HINT)
    return content


def _class_name(feature: dict[str, Any]) -> str:
    properties = feature.get("properties")
    kind = properties.get("classification") if isinstance(properties, dict) else None
    name = kind.get("name") if isinstance(kind, dict) else kind
    return name.strip() if isinstance(name, str) else ""


def _polygons(geometry: Any, where: str) -> list[list[Any]]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    inside = geometry.get("coordinates") if isinstance(geometry, dict) else None
    polygons = [inside] if kind == "Polygon" else inside
    if kind not in ("Polygon", "MultiPolygon") or not isinstance(polygons, list) or not all(
        isinstance(one, list) and one for one in polygons
    ):
        raise SlideError(f"{where} is no polygon.", hint="Only closed outlines count; leave points and lines out.")
    return polygons


def _ring(ring: Any, where: str) -> Edges:
    """Edges of a ring, closed where the file left it open."""
    if not isinstance(ring, list) or len(ring) < 3 or not all(_is_point(point) for point in ring):
        raise SlideError(f"{where} has a ring that is no list of at least three points (x, y).", hint=HINT)
    at = np.array([point[:2] for point in ring], float)
    return np.concatenate([at, np.roll(at, -1, axis=0)], axis=1)


def _is_point(point: Any) -> bool:
    return isinstance(point, list) and len(point) >= 2 and all(
        isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9 and math.isfinite(value)
        for value in point[:2]
    )


def _fill(polygons: list[Edges], shape: tuple[int, int]) -> np.ndarray:
    """Even-odd filling at the pixels' centres: along a row, every edge crossed changes inside to outside."""
    mask = np.zeros(shape, bool)
    for edges in polygons:
        top = max(0, math.floor(edges[:, [1, 3]].min()))
        bottom = min(shape[0], math.ceil(edges[:, [1, 3]].max()))
        left = max(0, math.floor(edges[:, [0, 2]].min()))
        right = min(shape[1], math.ceil(edges[:, [0, 2]].max()))
        turns = np.zeros((bottom - top, right - left + 1), np.int32)
        for row in range(top, bottom):
            x0, y0, x1, y1 = edges[(edges[:, 1] > row + 0.5) != (edges[:, 3] > row + 0.5)].T
            crossing = x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            column = np.clip(np.ceil(crossing - 0.5).astype(int) - left, 0, right - left)
            np.add.at(turns[row - top], column, 1)
        mask[top:bottom, left:right] |= np.cumsum(turns[:, :-1], axis=1) % 2 == 1
    return mask
