"""How tissue is told from glass and how slides are cut: two sets of plain numbers, with their defaults and limits.

Nothing heavy is imported here, so that pages and jobs can carry a rule without a picture library.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from survdash.errors import InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

YES_NO = {"yes": True, "no": False}


def _check_kinds(rule: DataclassInstance) -> None:
    """Refuse what is no number where one is due: a comparison with NaN would pass in silence."""
    for field in fields(rule):
        value, usual = getattr(rule, field.name), field.default
        if isinstance(usual, bool):
            fits = isinstance(value, bool)
        elif isinstance(usual, int):
            fits = isinstance(value, int) and not isinstance(value, bool)
        elif isinstance(usual, float):
            fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        else:
            fits = isinstance(value, str)
        if not fits:
            raise InputError(f"{field.name} cannot be {value!r}.", hint=f"The default is {usual!r}.")


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
        Pixels whose brightest colour is below this are padding: their saturation is noise. 0 takes none for padding.
    min_share : float
        Pieces and holes smaller than this share of the picture are dropped and filled ...
    small_um : float
        ... but never one larger than a square of this side, so that biopsies on large slides stay. Without a resolution
        the share alone counts.
    view_px : int
        Longest side of the view that is looked at.
    exclude_ink : bool
        Whether thick strokes of green, blue and black ink are no tissue. They are looked for, and told, in any case.
    exclude_edges : bool
        Whether long thin grey lines, the rims of air bubbles and of coverslips, are no tissue.
    exclude_folds : bool
        Whether tiles that are mostly fold are left out, folds by a strict rule. What may be a fold, or dense epithelium
        or keratin, is told in any case and stays.
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
    small_um: float = 128.0
    view_px: int = 2048
    exclude_ink: bool = True
    exclude_edges: bool = True
    exclude_folds: bool = True

    def __post_init__(self) -> None:
        _check_kinds(self)
        if self.method not in ("follow", "fixed"):
            raise InputError(f"Tissue method {self.method!r} is not known.", hint="Use follow or fixed.")
        if not 0 <= self.threshold <= 255 or not 0 <= self.lowest <= self.highest <= 255:
            raise InputError("Saturation thresholds lie between 0 and 255, the lowest not above the highest.")
        if not 0 <= self.otsu_share <= 5 or not 0 <= self.min_share < 1 or not 0 <= self.black_below <= 255:
            raise InputError("The Otsu share is 0 to 5, the smallest piece's share below 1, black 0 to 255.")
        if not (1 <= self.median_px <= 99 and self.median_px % 2) or not 1 <= self.close_px <= 99:
            raise InputError("The median filter needs an odd size, both it and closing 1 to 99 px.")
        if not 64 <= self.view_px <= 16_384 or not 0 <= self.small_um <= 100_000:
            raise InputError("The view has 64 to 16,384 px, the small piece at most 100,000 um.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TileRule:
    """How a slide is cut.

    Parameters
    ----------
    tile_px : int
        Side of a tile as the encoder sees it.
    target_mpp : float
        Its resolution in um per pixel; 0.5 is 20x.
    min_tissue : float
        Share of a tile that must be tissue, above 0 and up to 1.
    least_saturation, least_brightness : float
        Tiles whose mean saturation (0 to 255), or mean brightest colour, lies below are white or black, whatever was
        taken for tissue in them. Judged on the view; 0 is no limit. The first is that of CLAM's presets. Its second,
        50, is off: padding is no tissue anyway, and what else is so dark is ink, which has a switch of its own.
    snap : float
        A slide whose resolution is within this share of a whole multiple of ``target_mpp`` is read by whole pixels
        instead of being resampled.
    most_enlarged : float
        Slides coarser than this times ``target_mpp`` are refused: enlarging does not bring back what was not scanned.
    """

    tile_px: int = 256
    target_mpp: float = 0.5
    min_tissue: float = 0.5
    least_saturation: float = 5.0
    least_brightness: float = 0.0
    snap: float = 0.02
    most_enlarged: float = 4.0

    def __post_init__(self) -> None:
        _check_kinds(self)
        if self.tile_px < 16 or not 0.05 <= self.target_mpp <= 20 or not 0 < self.min_tissue <= 1:
            raise InputError(
                f"Tiles of {self.tile_px} px, {self.target_mpp:g} um/px, {self.min_tissue:g} tissue are not possible.",
                hint="At least 16 px, 0.05 to 20 um/px, and a share of tissue above 0 and up to 1.",
            )
        if not 0 <= self.least_saturation <= 255 or not 0 <= self.least_brightness <= 255:
            raise InputError("The limits of white and black tiles lie between 0 and 255.")

    def level0_px(self, mpp: float) -> int:
        """Side of a tile at level 0 of a slide of ``mpp`` um per pixel."""
        ratio = self.target_mpp / mpp
        whole = round(ratio)
        if whole >= 1 and abs(ratio - whole) <= self.snap * ratio:
            return self.tile_px * whole
        return max(1, round(self.tile_px * ratio))


DEFAULT_TISSUE = TissueRule()
DEFAULT_TILES = TileRule()
# What a user may change; the tiles' size and resolution are the model's, not the slide's.
OF_TILES = ("min_tissue", "least_saturation", "least_brightness")
OF_TISSUE = tuple(field.name for field in fields(TissueRule))


def parse_rules(texts: Iterable[str]) -> tuple[TissueRule, TileRule]:
    """Rules from ``KEY=VALUE`` texts; what is not named keeps its default.

    Parameters
    ----------
    texts : iterable of str
        Such as ``otsu_share=0.8``, ``method=fixed``, ``exclude_ink=no``, ``min_tissue=0.3``.

    Raises
    ------
    InputError
        If a text has no ``=``, a key is not known or named twice, or a value is not possible.
    """
    changed: dict[str, Any] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or key not in (*OF_TISSUE, *OF_TILES):
            raise InputError(f"Tissue rule {text!r} is not KEY=VALUE with a known key.",
                             hint=f"Known: {', '.join((*OF_TISSUE, *OF_TILES))}.")  # fmt: skip
        if key in changed:
            raise InputError(f"Tissue rule {key} is given twice.", hint="Give it once.")
        changed[key] = _parse(key, value)
    tiles = {key: changed.pop(key) for key in OF_TILES if key in changed}
    return TissueRule(**changed), TileRule(**tiles)


def rule_changes(tissue: TissueRule, tiles: TileRule) -> dict[str, str | float | bool]:
    """What differs from the default rules, by name; empty where nothing does."""
    ours, usual = asdict(tissue) | asdict(tiles), asdict(DEFAULT_TISSUE) | asdict(DEFAULT_TILES)
    return {key: value for key, value in ours.items() if value != usual[key]}


def change_words(tissue: TissueRule, tiles: TileRule) -> str:
    """``rule_changes`` in words: ``otsu_share 0.8 (default 0.6), exclude_ink no (default yes)``."""
    usual = asdict(DEFAULT_TISSUE) | asdict(DEFAULT_TILES)
    found = rule_changes(tissue, tiles)
    return ", ".join(f"{key} {_word(value)} (default {_word(usual[key])})" for key, value in found.items())


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _parse(key: str, value: str) -> Any:
    usual = (asdict(DEFAULT_TISSUE) | asdict(DEFAULT_TILES))[key]
    if isinstance(usual, str):
        return value
    if isinstance(usual, bool):
        if value not in YES_NO:
            raise InputError(f"Tissue rule {key} is yes or no, not {value!r}.")
        return YES_NO[value]
    try:
        return int(value) if isinstance(usual, int) else float(value)
    except ValueError:
        kind = "whole number" if isinstance(usual, int) else "number"
        raise InputError(f"Tissue rule {key} is a {kind}, not {value!r}.", hint=f"The default is {usual:g}.") from None
