"""Bands of doubled tissue are found; layers that part two things, or absorb other colours, are not."""

from __future__ import annotations

import numpy as np
import pytest

from survdash.slide.folds import find_folds

UM = 8.0
STROMA, NUCLEI = np.array([0.10, 0.30, 0.18]), np.array([0.45, 0.50, 0.28])  # densities of red, green, blue


def _picture(left: np.ndarray, band: np.ndarray, right: np.ndarray, *, width_um: float = 100) -> np.ndarray:
    """A band down the middle of 2 mm x 1.6 mm, in densities with a little noise."""
    density = np.empty((200, 250, 3))
    half = round(width_um / UM / 2)
    density[:, :125], density[:, 125:], density[:, 125 - half : 125 + half] = left, right, band
    density *= np.random.default_rng(0).uniform(0.95, 1.05, density.shape[:2])[..., None]
    return (245 * 10**-density).astype(np.uint8)


def _share(view: np.ndarray, tissue: np.ndarray | None = None) -> float:
    """Of the band's middle that is found."""
    everywhere = np.ones(view.shape[:2], bool)
    return float(find_folds(view, everywhere if tissue is None else tissue, um_per_px=UM)[:, 123:127].mean())


@pytest.mark.parametrize(("width_um", "least"), [(50, 0.4), (100, 0.9), (150, 0.9)])
def test_a_band_of_twice_the_same_tissue_is_a_fold(width_um: float, least: float) -> None:
    view = _picture(STROMA, 2 * STROMA, STROMA, width_um=width_um)
    assert _share(view) > least
    assert not find_folds(view, np.ones((200, 250), bool), um_per_px=UM)[:, :100].any()


@pytest.mark.parametrize(
    ("left", "band", "right"),
    [
        (STROMA, STROMA + NUCLEI, STROMA),  # an epithelium: more red is absorbed
        (0 * STROMA, 2 * STROMA, STROMA),  # a rim: glass on one side
        (STROMA / 2, 2 * STROMA, STROMA),  # a layer between two different things
        (STROMA, 1.5 * STROMA, STROMA),  # a thicker part of the section
        (STROMA, 4 * STROMA, STROMA),  # something else that is dark
    ],
)
def test_other_dark_bands_are_not(left: np.ndarray, band: np.ndarray, right: np.ndarray) -> None:
    assert _share(_picture(left, band, right)) == 0


def test_a_short_spot_is_not() -> None:
    view = _picture(STROMA, STROMA, STROMA)
    view[90:110, 115:135] = (245 * 10 ** -(2 * STROMA)).astype(np.uint8)  # 160 um
    assert _share(view) == 0


def test_a_side_that_is_no_tissue_does_not_count() -> None:
    view = _picture(STROMA, 2 * STROMA, STROMA)
    tissue = np.ones(view.shape[:2], bool)
    tissue[:, :119] = False
    assert _share(view, tissue) == 0
    assert not find_folds(view, np.zeros_like(tissue), um_per_px=UM).any()


@pytest.mark.parametrize("um_per_px", [2.0, 19.0, 24.0, 200.0])
def test_any_scale_may_come_and_too_coarse_a_view_has_no_folds(um_per_px: float) -> None:
    found = find_folds(_picture(STROMA, 2 * STROMA, STROMA), np.ones((200, 250), bool), um_per_px=um_per_px)
    assert (found.shape, found.dtype) == ((200, 250), bool)
    assert um_per_px < 20 or not found.any()
