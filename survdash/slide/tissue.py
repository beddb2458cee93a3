"""Where the tissue is: saturation, median filter, threshold, pieces with their holes.

The paper's pipeline with a threshold that follows the slide: ``clip(0.6 * Otsu, 15, 25)`` kept pale stroma and left
the pink fluid of glands out where the plain thresholds of the public programs did not. Everything is judged on one view
of the whole slide, so that another rule costs no second reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from survdash.progress import Cancel, Report, silent
from survdash.slide.areas import Areas
from survdash.slide.artefacts import Artefacts, find_artefacts
from survdash.slide.ink import Ink, find_ink
from survdash.slide.reader import Slide
from survdash.slide.regions import find_parts
from survdash.slide.rules import DEFAULT_TISSUE, TissueRule

__all__ = ["DEFAULT_TISSUE", "SlideView", "Tissue", "TissueRule", "find_tissue", "judge_tissue", "take_view"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlideView:
    """A slide as tissue is judged on it; the file need not be open any more.

    Parameters
    ----------
    pixels : ndarray, shape (h, w, 3)
        RGB uint8, the whole slide.
    path : Path
    width, height, left, top : int
        Of the slide's scanned area at level 0, which is what the view shows.
    mpp : float or None
        Of level 0, in um per pixel.
    mpp_doubt : str
        See ``Slide``.
    ink : Ink, optional
        None where the resolution is not known.
    """

    pixels: np.ndarray
    path: Path
    width: int
    height: int
    mpp: float | None
    mpp_doubt: str = ""
    left: int = 0
    top: int = 0
    ink: Ink | None = None

    @property
    def downsample(self) -> float:
        """Level-0 pixels per pixel of the view."""
        return self.width / self.pixels.shape[1]


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
    artefacts : Artefacts, optional
        Possible folds and rims among what would be tissue, excluded or not; None as for ``ink``.
    left_out : ndarray, shape (h, w), optional
        bool; what would be tissue and was taken for a rim. None where nothing was.
    folded : ndarray, shape (h, w), optional
        bool; folds, for which tiles are left out that they mostly fill. None where the rule keeps such tiles.
    added, removed : ndarray, shape (h, w), optional
        bool; what the user's areas changed. None without any.
    padding : ndarray, shape (h, w), optional
        bool; black without a colour. None where there is none.
    saturation, brightness : ndarray, shape (h, w), optional
        uint8, of the view that it was found on; None where only a mask is known.
    """

    mask: np.ndarray
    downsample: float
    fraction: float
    threshold: float
    excluded: np.ndarray | None = None
    ink: Ink | None = None
    artefacts: Artefacts | None = None
    left_out: np.ndarray | None = None
    folded: np.ndarray | None = None
    added: np.ndarray | None = None
    removed: np.ndarray | None = None
    padding: np.ndarray | None = None
    saturation: np.ndarray | None = None
    brightness: np.ndarray | None = None


def find_tissue(
    slide: Slide, rule: TissueRule = DEFAULT_TISSUE, *, areas: Areas | None = None, report: Report = silent,
    cancel: Cancel | None = None,
) -> Tissue:  # fmt: skip
    """Find the tissue on a view of at most ``rule.view_px`` pixels; see ``judge_tissue``.

    Returns
    -------
    Tissue
        With an empty mask on bare glass; ``lay_grid`` then says so.

    Raises
    ------
    SlideError
        If the slide cannot be read, or the areas do not fit it.
    Cancelled
        If ``cancel`` is set.
    """
    return judge_tissue(take_view(slide, rule.view_px, report=report, cancel=cancel), rule, areas=areas)


def take_view(
    slide: Slide, view_px: int = DEFAULT_TISSUE.view_px, *, report: Report = silent, cancel: Cancel | None = None
) -> SlideView:
    """Read the view that tissue is judged on, and look for ink on it.

    Raises
    ------
    SlideError
        If the slide cannot be read.
    Cancelled
        If ``cancel`` is set.
    """
    pixels = slide.thumbnail(view_px, report=report, cancel=cancel)
    ink = None if slide.mpp is None else find_ink(pixels, um_per_px=slide.mpp * slide.width / pixels.shape[1])
    return SlideView(
        pixels=pixels, path=slide.path, width=slide.width, height=slide.height, mpp=slide.mpp,
        mpp_doubt=slide.mpp_doubt, left=slide.left, top=slide.top, ink=ink,
    )  # fmt: skip


def judge_tissue(view: SlideView, rule: TissueRule = DEFAULT_TISSUE, *, areas: Areas | None = None) -> Tissue:
    """Tell tissue from glass on a view.

    Parameters
    ----------
    view : SlideView
    rule : TissueRule
    areas : Areas, optional
        What the user drew: it goes before everything found.

    Returns
    -------
    Tissue
        With an empty mask on bare glass.

    Raises
    ------
    SlideError
        If the areas do not fit the slide.
    """
    pixels, downsample, ink = view.pixels, view.downsample, view.ink
    saturation, brightness = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV))[1:]
    # Vivid ink would raise the threshold of pale tissue.
    vivid = ink is not None and rule.exclude_ink and ink.thick.any() and not ink.thick.all()
    counted = ~ink.thick if ink is not None and vivid else None
    threshold = _threshold(saturation, rule, counted)
    padding = brightness < rule.black_below
    raw = (_median_above(saturation, threshold, rule.median_px) & ~padding).view(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rule.close_px, rule.close_px))
    closed = cv2.morphologyEx(raw, cv2.MORPH_CLOSE, kernel).view(bool)
    smallest = rule.min_share * closed.size
    if view.mpp is not None:
        smallest = min(smallest, (rule.small_um / (view.mpp * downsample)) ** 2)
    mask, excluded = _keep_large(closed, smallest), None
    if ink is not None and rule.exclude_ink and ink.thick.any():
        mask, excluded = _without(ink.thick, mask, closed, smallest)
    artefacts, left_out, folded = None, None, None
    if view.mpp is not None:
        artefacts = find_artefacts(pixels, mask, um_per_px=view.mpp * downsample)
        if rule.exclude_edges and artefacts.edges.any():
            mask, left_out = _without(artefacts.edges, mask, mask, smallest)
        folded = artefacts.doubled if rule.exclude_folds else None
    added, removed = None, None
    if areas is not None:
        added, removed = areas.masks(mask.shape, (view.width, view.height))
        found, mask = mask, (mask | added) & ~removed
        folded = None if folded is None else folded & ~added
        added, removed = mask & ~found, found & ~mask
        excluded, left_out = (None if one is None else one & ~added & ~removed for one in (excluded, left_out))
    for one in (mask, excluded, left_out, added, removed, padding):
        if one is not None:
            one.setflags(write=False)
    return Tissue(
        mask=mask, downsample=downsample, fraction=np.count_nonzero(mask) / mask.size, threshold=threshold,
        excluded=excluded, ink=ink, artefacts=artefacts, left_out=left_out, added=added, removed=removed,
        folded=folded, padding=padding if padding.any() else None, saturation=saturation, brightness=brightness,
    )  # fmt: skip


def _without(
    out: np.ndarray, whole: np.ndarray, candidates: np.ndarray, smallest: float
) -> tuple[np.ndarray, np.ndarray]:
    """The mask less ``out``, with what that leaves too small dropped; and what the mask lost."""
    mask = _keep_large(candidates & ~out, smallest) & ~out
    return mask, whole & ~mask


def _threshold(saturation: np.ndarray, rule: TissueRule, counted: np.ndarray | None) -> float:
    """What the rule makes of Otsu's threshold of the median-filtered saturation, where it is counted.

    Every second pixel both ways, filtered by a median of half the side, gives the threshold of all of them to a level
    or two in a two-hundredth of the time.
    """
    if rule.method == "fixed":
        return float(rule.threshold)
    few = cv2.medianBlur(np.ascontiguousarray(saturation[::2, ::2]), rule.median_px // 2 | 1)
    if counted is not None and counted[::2, ::2].any():
        few = few[counted[::2, ::2]]
    otsu, _ = cv2.threshold(few, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(np.clip(rule.otsu_share * otsu, rule.lowest, rule.highest))


def _median_above(saturation: np.ndarray, threshold: float, side: int) -> np.ndarray:
    """Where the median of a square of ``side`` pixels is above: where more than half of them are, which is quicker."""
    above = (saturation > int(threshold)).view(np.uint8)  # whole numbers are compared ten times as fast
    kind = cv2.CV_8U if side * side < 256 else cv2.CV_16U
    count = cv2.boxFilter(above, kind, (side, side), normalize=False, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(count > side * side // 2)


def _keep_large(mask: np.ndarray, smallest: float) -> np.ndarray:
    """Drop pieces and fill holes of fewer pixels than ``smallest``."""
    pieces = _large_parts(mask, smallest, connectivity=8)
    return ~_large_parts(~pieces, smallest, connectivity=4)


def _large_parts(mask: np.ndarray, smallest: float, *, connectivity: int) -> np.ndarray:
    found = find_parts(mask, connectivity=connectivity)
    return found.only(found.pixels >= smallest)
