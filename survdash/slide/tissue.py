"""Where the tissue is: saturation, median filter, threshold, pieces with their holes.

The paper's pipeline with a threshold that follows the slide: ``clip(0.6 * Otsu, 15, 25)`` kept pale stroma and left
the pink fluid of glands out where the plain thresholds of the public programs did not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from survdash.errors import InputError
from survdash.progress import Cancel, Report, silent
from survdash.slide.ink import Ink, find_ink
from survdash.slide.reader import Slide


@dataclass(frozen=True, slots=True, kw_only=True)
class TissueRule:
    """How tissue is told from glass.

    Parameters
    ----------
    method : {"follow", "fixed"}
        "follow": threshold = clip(otsu_share * Otsu, lowest, highest). "fixed": the paper's plain ``threshold``.
    threshold : int
        Saturation (0 to 255) above which a pixel is tissue, for "fixed".
    otsu_share, lowest, highest : float
        For "follow".
    median_px, close_px : int
        Median filter (odd) and closing, in pixels of the view.
    black_below : int
        Pixels whose brightest colour is below this are padding: their saturation is noise.
    min_share : float
        Pieces and holes smaller than this share of the picture are dropped and filled ...
    small_px : int
        ... but never one larger than a square of this side at level 0, so that biopsies on large slides stay.
    view_px : int
        Longest side of the view that is looked at.
    exclude_ink : bool
        Whether thick strokes of green, blue and black ink are no tissue. They are looked for, and told, in any case.
    """

    method: Literal["follow", "fixed"] = "follow"
    threshold: int = 8
    otsu_share: float = 0.6
    lowest: float = 15.0
    highest: float = 25.0
    median_px: int = 7
    close_px: int = 5
    black_below: int = 30
    min_share: float = 2e-4
    small_px: int = 512
    view_px: int = 2048
    exclude_ink: bool = True

    def __post_init__(self) -> None:
        if self.method not in ("follow", "fixed"):
            raise InputError(f"Tissue method {self.method!r} is not known.", hint="Use follow or fixed.")
        if not 0 <= self.threshold <= 255 or not 0 <= self.lowest <= self.highest <= 255:
            raise InputError("Saturation thresholds lie between 0 and 255, the lowest not above the highest.")
        if self.median_px < 1 or self.median_px % 2 == 0 or self.close_px < 1 or self.view_px < 64:
            raise InputError("The median filter needs an odd size, closing at least 1 px, the view at least 64 px.")


DEFAULT_TISSUE = TissueRule()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tissue:
    """What was found.

    Parameters
    ----------
    mask : ndarray, shape (h, w)
        bool; True is tissue. Covers the whole slide.
    downsample : float
        Level-0 pixels per pixel of the mask.
    fraction : float
        Share of the slide that is tissue, 0 to 1.
    threshold : float
        Saturation above which a pixel counted.
    excluded : ndarray, shape (h, w), optional
        bool; what would be tissue and was taken for ink. None where nothing was excluded.
    ink : Ink, optional
        What was taken for ink, excluded or not. None where it could not be judged: that needs the slide's resolution.
    """

    mask: np.ndarray
    downsample: float
    fraction: float
    threshold: float
    excluded: np.ndarray | None = None
    ink: Ink | None = None


def find_tissue(
    slide: Slide, rule: TissueRule = DEFAULT_TISSUE, *, report: Report = silent, cancel: Cancel | None = None
) -> Tissue:
    """Find the tissue on a view of at most ``rule.view_px`` pixels.

    Returns
    -------
    Tissue
        With an empty mask on bare glass; ``lay_grid`` then says so.

    Raises
    ------
    SlideError
        If the slide cannot be read.
    Cancelled
        If ``cancel`` is set.
    """
    view = slide.thumbnail(rule.view_px, report=report, cancel=cancel)
    downsample = slide.width / view.shape[1]
    ink = None if slide.mpp is None else find_ink(view, um_per_px=slide.mpp * downsample)
    hsv = cv2.cvtColor(view, cv2.COLOR_RGB2HSV)
    saturation = cv2.medianBlur(np.ascontiguousarray(hsv[..., 1]), rule.median_px)
    judged = saturation
    if ink is not None and rule.exclude_ink and not ink.thick.all():
        judged = saturation[~ink.thick]  # vivid ink would raise the threshold of pale tissue
    threshold = _threshold(judged, rule)
    raw = ((saturation > threshold) & (hsv[..., 2] >= rule.black_below)).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rule.close_px, rule.close_px))
    closed = cv2.morphologyEx(raw, cv2.MORPH_CLOSE, kernel)
    smallest = min(rule.min_share * closed.size, (rule.small_px / downsample) ** 2)
    mask, excluded = _keep_large(closed, smallest), None
    if ink is not None and rule.exclude_ink and ink.thick.any():
        whole = mask
        mask = _keep_large((closed.astype(bool) & ~ink.thick).astype(np.uint8), smallest) & ~ink.thick
        excluded = whole & ~mask
        excluded.setflags(write=False)
    mask.setflags(write=False)
    return Tissue(
        mask=mask, downsample=downsample, fraction=float(mask.mean()), threshold=threshold, excluded=excluded, ink=ink
    )


def _threshold(saturation: np.ndarray, rule: TissueRule) -> float:
    if rule.method == "fixed":
        return float(rule.threshold)
    otsu, _ = cv2.threshold(saturation, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(np.clip(rule.otsu_share * otsu, rule.lowest, rule.highest))


def _keep_large(mask: np.ndarray, smallest: float) -> np.ndarray:
    """Drop pieces and fill holes of fewer pixels than ``smallest``."""
    pieces = _large_parts(mask, smallest, connectivity=8)
    return ~_large_parts((~pieces).astype(np.uint8), smallest, connectivity=4)


def _large_parts(mask: np.ndarray, smallest: float, *, connectivity: int) -> np.ndarray:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)
    keep = stats[:, cv2.CC_STAT_AREA] >= smallest
    keep[0] = False  # label 0 is what lies outside
    return np.asarray(keep[labels])
