"""Stain normalisation: the colours of a slide brought to those of a stated reference, tile by tile.

Off unless it is asked for. What a slide's stain is, is estimated once from a sample of its tissue tiles; then every
tile goes through the same function, so that a tile becomes the same whatever lies beside it. White stays white.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from survdash.errors import InputError, NotEnoughDataError, SlideError
from survdash.slide.reader import Slide
from survdash.slide.tiles import TileGrid

STAINS = ("none", "macenko", "reinhard")
SAMPLE_TILES, SAMPLE_STEP = 64, 4  # every fourth pixel each way of at most 64 tiles: 262,144 pixels
LEAST_PIXELS = 1000
STAINED = 0.15  # optical density (natural logarithm) above which a pixel is stained (beta of Macenko 2009)
ANGLE_PERCENT, STRENGTH_PERCENT = 1.0, 99.0  # alpha, and what stands for the maximum, of Macenko 2009
LEAST_ANGLE = 0.05  # radians between two stains; closer ones are one stain and noise

# Of the authors' reference slide, as their code states it (haematoxylin and eosin in columns, per red, green, blue).
MACENKO_VECTORS = ((0.5626, 0.2159), (0.7201, 0.8012), (0.4062, 0.5581))
MACENKO_STRENGTH = (1.9705, 1.0308)
# Mean and deviation in l, alpha, beta of TCGA-A2-A3XS-DX1, the reference of Amgad et al. (2019) and of HistomicsTK.
REINHARD_MEAN = (8.74108109, -0.12440419, 0.0444982)
REINHARD_DEVIATION = (0.6135447, 0.10989545, 0.0286032)
LEAST_DEVIATION = 1e-3

RGB_TO_LMS = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
LMS_TO_LAB = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])
DENSITY = -np.log(np.maximum(np.arange(256), 1) / 255).astype(np.float32)  # of each grey level; 0 for white
HINT = "Embed it without stain normalisation, or look whether the tissue was found."


@dataclass(frozen=True, slots=True, kw_only=True)
class Stain:
    """How the tiles of one slide are brought to the reference; made by ``fit_stain``.

    Parameters
    ----------
    method : {"macenko", "reinhard"}
    matrix : tuple of 3 tuples of 3 float
        Of the densities (Macenko) or of l, alpha, beta (Reinhard).
    shift : tuple of 3 float
        Added after it.
    """

    method: str
    matrix: tuple[tuple[float, ...], ...]
    shift: tuple[float, ...] = (0.0, 0.0, 0.0)

    def apply(self, tile: np.ndarray) -> np.ndarray:
        """The tile in the reference's colours.

        Parameters
        ----------
        tile : ndarray, shape (h, w, 3)
            RGB uint8.

        Returns
        -------
        ndarray, shape (h, w, 3)
            RGB uint8.
        """
        density = DENSITY[tile]
        if self.method == "macenko":
            changed = 255 * np.exp(-cv2.transform(density, np.array(self.matrix, np.float32)))
        else:
            lab = cv2.transform(_lab(tile), np.column_stack([self.matrix, self.shift]).astype(np.float32))
            whole = _rgb(lab)
            # A pixel paler than what the fit looked at moves in proportion: glass keeps its colour without a seam.
            share = np.minimum(1, density.max(axis=2, keepdims=True) / np.float32(STAINED))
            changed = tile + share * (whole - tile)
        return np.clip(np.rint(changed), 0, 255).astype(np.uint8)


def check_stain(name: str) -> str:
    """Return ``name`` where it is one of ``STAINS``.

    Raises
    ------
    InputError
        If it is not.
    """
    if name not in STAINS:
        raise InputError(f"No stain normalisation is called {name!r}.", hint=f"Known: {', '.join(STAINS)}.")
    return name


def sample_pixels(slide: Slide, grid: TileGrid, *, skip_unreadable: bool = False) -> np.ndarray:
    """Pixels (n, 3) RGB uint8 of tiles spread evenly over the grid; always the same ones.

    Raises
    ------
    SlideError
        If a tile cannot be read and is not to be skipped, or none can.
    """
    places = np.unique(np.linspace(0, grid.size - 1, min(SAMPLE_TILES, grid.size)).round().astype(int))
    found = []
    for x, y in grid.coords[places].tolist():
        try:
            tile = slide.read_tile(x, y, level0_px=grid.level0_px, tile_px=grid.tile_px)
        except SlideError:
            if not skip_unreadable:
                raise
            continue
        found.append(tile[::SAMPLE_STEP, ::SAMPLE_STEP].reshape(-1, 3))
    if not found:
        raise SlideError(f"{slide.path.name}: none of the {len(places)} tiles of the stain's sample can be read.")
    return np.concatenate(found)


def fit_stain(pixels: np.ndarray, method: str) -> Stain:
    """Estimate the stain of a slide.

    Parameters
    ----------
    pixels : ndarray, shape (n, 3)
        RGB uint8, of tissue.
    method : {"macenko", "reinhard"}

    Returns
    -------
    Stain

    Raises
    ------
    NotEnoughDataError
        If fewer than 1,000 pixels are stained, or there is one colour only.

    Notes
    -----
    Macenko et al. (2009), "A method for normalizing histology slides for quantitative analysis": the two stains are the
    extreme directions (1st and 99th percentile of the angle) in the plane of the two largest components of the optical
    densities, strengths are their 99th percentiles. Reinhard et al. (2001), "Color transfer between images": mean and
    deviation of each channel in l, alpha, beta. White is 255 in both, so it is mapped to itself.
    """
    density = DENSITY[pixels].astype(float)
    stained = (density >= STAINED).all(axis=1) if method == "macenko" else density.max(axis=1) >= STAINED
    if stained.sum() < LEAST_PIXELS:
        raise NotEnoughDataError(
            f"The stain cannot be estimated: {int(stained.sum())} of {len(pixels)} sampled pixels are stained.",
            hint=HINT,
        )
    return _fit_macenko(density, stained) if method == "macenko" else _fit_reinhard(pixels[stained])


def _fit_macenko(density: np.ndarray, stained: np.ndarray) -> Stain:
    """From all sampled densities (n, 3); the two directions from the stained ones (n,) alone."""
    _, vectors = np.linalg.eigh(np.cov(density[stained], rowvar=False))
    plane = vectors[:, [2, 1]] * np.where(vectors[:, [2, 1]].sum(axis=0) < 0, -1, 1)
    flat = density[stained] @ plane
    low, high = np.percentile(np.arctan2(flat[:, 1], flat[:, 0]), [ANGLE_PERCENT, 100 - ANGLE_PERCENT])
    if high - low < LEAST_ANGLE:
        raise NotEnoughDataError("The stain cannot be estimated: the tissue has one colour, not two.", hint=HINT)
    ends = plane @ np.array([[np.cos(low), np.cos(high)], [np.sin(low), np.sin(high)]])
    stains = ends[:, np.argsort(-ends[0])]  # haematoxylin absorbs more red than eosin
    unmix = np.linalg.pinv(stains)
    strength = np.percentile(density @ unmix.T, STRENGTH_PERCENT, axis=0)
    if (strength <= 0).any():
        raise NotEnoughDataError("The stain cannot be estimated: one of the two stains has no strength.", hint=HINT)
    matrix = np.array(MACENKO_VECTORS) @ np.diag(np.array(MACENKO_STRENGTH) / strength) @ unmix
    return Stain(method="macenko", matrix=_plain(matrix))


def _fit_reinhard(pixels: np.ndarray) -> Stain:
    lab = _lab(pixels[None]).astype(float)[0]
    mean, deviation = lab.mean(axis=0), lab.std(axis=0)
    if (deviation < LEAST_DEVIATION).any():
        raise NotEnoughDataError("The stain cannot be estimated: the tissue has one colour only.", hint=HINT)
    scale = np.array(REINHARD_DEVIATION) / deviation
    shift = np.array(REINHARD_MEAN) - scale * mean
    return Stain(method="reinhard", matrix=_plain(np.diag(scale)), shift=tuple(float(value) for value in shift))


def _lab(pixels: np.ndarray) -> np.ndarray:
    """Colours l, alpha, beta of Ruderman et al. (1998), float32; black counts as one grey level."""
    lms = cv2.transform(np.maximum(pixels, 1).astype(np.float32), RGB_TO_LMS.astype(np.float32))
    return cv2.transform(np.log(lms), LMS_TO_LAB.astype(np.float32))


def _rgb(lab: np.ndarray) -> np.ndarray:
    lms = np.exp(cv2.transform(lab, np.linalg.inv(LMS_TO_LAB).astype(np.float32)))
    return cv2.transform(lms, np.linalg.inv(RGB_TO_LMS).astype(np.float32))


def _plain(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in matrix)
