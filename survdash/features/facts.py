"""What a bag says of how its tiles were made, and the warnings that follow from it, also when it is found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TypeVar

import numpy as np

from survdash.slide.areas import Areas
from survdash.slide.focus import BLURRED_BELOW, FOCUS_MPP
from survdash.slide.reader import Slide
from survdash.slide.tiles import ArtefactTiles, InkTiles, TileGrid, TileRule
from survdash.slide.tissue import TissueRule

VERSION = 4  # raise it when the same slide and settings would give other numbers
# Of sharp sections no tile is below the limit and of one blurred by 0.75 um nine in ten are; but pale tissue and our
# simulated slides (up to 0.38) measure low without blur, so it takes more than half.
BLURRED_SHARE = 0.50
FOCUS_SLACK = 0.2  # tiles of a resolution further than this from the measure's own are not judged
Facts = dict[str, str | float]
Counts = TypeVar("Counts", InkTiles, ArtefactTiles)


def slide_facts(
    slide: Slide, grid: TileGrid, *, tissue_fraction: float, tissue_rule: TissueRule, tile_rule: TileRule,
    areas: Areas | None = None,
) -> Facts:  # fmt: skip
    """What is known before the first tile is encoded: slide, rules, areas, the tiles that ink and artefacts concern."""
    facts: Facts = {
        "slide_sha256": slide.sha256, "mpp": float(slide.mpp or 0), "mpp_source": slide.mpp_source,
        "width": slide.width, "height": slide.height, "left": slide.left, "top": slide.top,
        "level0_px": grid.level0_px, "tissue_fraction": tissue_fraction, "version": VERSION,
    }  # fmt: skip
    if slide.mpp_doubt:
        facts["mpp_doubt"] = slide.mpp_doubt  # what the user's answer was asked for
    told = (("tile", tile_rule), ("tissue", tissue_rule), ("ink", grid.ink), ("artefacts", grid.artefacts))
    for name, part in told:
        facts |= {f"{name}.{key}": value for key, value in asdict(part).items()}
    if areas is not None:
        facts["areas_sha256"] = areas.sha256
    return facts


def focus_facts(focus: np.ndarray) -> Facts:
    """How many of the tiles are blurred, from the measure (M,) of each."""
    return {"tiles_blurred": int((focus < BLURRED_BELOW).sum()), "focus_median": float(np.median(focus))}


def warnings_from(facts: Mapping[str, str | float], *, tiles: int, name: str) -> tuple[str, ...]:
    """What the user should know before trusting the features.

    Parameters
    ----------
    facts : mapping
        Attributes of the slide in its bag file.
    tiles : int
        Tiles in the bag.
    name : str
        Of the bag file, for bags so old that they do not tell.
    """
    warnings = [note for note in str(facts.get("notes", "")).splitlines() if note]
    if lost := int(facts.get("tiles_lost", 0)):
        warnings.append(f"{lost} of {tiles + lost} tiles could not be read and were left out.")
    enlarged = float(facts["level0_px"]) < float(facts["tile.tile_px"])
    if enlarged:
        warnings.append(f"The slide has {facts['mpp']:g} um per pixel: its tiles were enlarged and are blurred.")
    if not {"ink.thick", "artefacts.edges", "tiles_blurred"} <= facts.keys():
        warnings.append(
            "This slide was embedded by a survdash that did not count blurred tiles, possible ink or artefacts; to "
            f"have them counted delete bags/{name} in the data folder and embed it again."
        )
        return tuple(warnings)
    warnings += [*_counted(facts, "ink", InkTiles).warnings, *_counted(facts, "artefacts", ArtefactTiles).warnings]
    blurred, judged = int(facts["tiles_blurred"]), abs(float(facts["tile.target_mpp"]) / FOCUS_MPP - 1) <= FOCUS_SLACK
    if judged and not enlarged and blurred > BLURRED_SHARE * tiles:
        warnings.append(f"{blurred} of {tiles} tiles ({blurred / tiles:.0%}) are blurred; they were not left out.")
    return tuple(warnings)


def _counted(facts: Mapping[str, str | float], name: str, kind: type[Counts]) -> Counts:
    """The counts that ``slide_facts`` took apart, with numbers and truths of Python again."""
    usual = asdict(kind())
    return kind(**{key: type(value)(facts.get(f"{name}.{key}", value)) for key, value in usual.items()})
