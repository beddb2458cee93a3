"""The slide that zooms, with the map of its tiles: what is handed to the viewer's program in the browser.

The program (``viewer/viewer.js``, OpenSeadragon below it) gets numbers and words as data and sets them as text. Where
the slide is not on this machine the same map lies on an empty ground, and says so.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from plotly.colors import sequential, unlabel_rgb

from survdash.explanation.record import TileMap
from survdash.language import later, tr
from survdash.slide.deep_zoom import TILE_PX, Pyramid
from survdash.ui.slide_routes import address_root
from survdash.usecases.case_slides import CaseSlide, SlideSize
from survdash.usecases.slide_access import grant_slide

HERE = Path(__file__).with_name("viewer")
COMPONENT = "survdash_slide_viewer"
TOP = 8
WORDS = {
    "opacity": later("Opacity"),
    "heat": later("Heat map"),
    "smooth": later("Smoothed"),
    "zoom_in": later("Zoom in"),
    "zoom_out": later("Zoom out"),
    "whole": later("Whole slide"),
    "full": later("Full resolution"),
    "screen": later("Full screen"),
    "viewer": later("Slide viewer. Plus and minus zoom, arrow keys move, Enter tells of the tile in the middle."),
    "no_program": later("The viewer's program could not be loaded. Reload the page."),
    "tile_failed": later("A part of the slide could not be loaded. Reload the page: its permission holds for an hour."),
    "no_scale": later("no scale: the resolution is not known"),
    "legend": later("Percentile among this slide's tiles, and how many times an equal share that is"),
    "click": later("Click a tile, or press Enter on the middle one, to see which gene groups it was matched to."),
    "tile": later("Tile {number} of {count}, at {at}"),
    "value": later("This map: ×{times} of an equal share, percentile {percentile}"),
    "ranked": later("Gene groups by the share that this tile has in each (1 = equal share)"),
    "gallery": later("Tiles with the largest shares, at full resolution"),
    "picture": later("Tile number {number} on the slide, {times} times an equal share"),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownMap:
    """One number a tile of one slide, in units of an equal share, and its name."""

    title: str
    values: np.ndarray


def show_viewer(
    tiles: TileMap, slide: CaseSlide, size: SlideSize | None, shown: ShownMap, *, ranked: Sequence[ShownMap],
    identity: str, note: str, key: str,
) -> None:  # fmt: skip
    """Draw the viewer.

    Parameters
    ----------
    tiles : TileMap
    slide : CaseSlide
        The one of the case's slides that is looked at.
    size : SlideSize or None
        Of its file; None where it is not on this machine.
    shown : ShownMap
        What colours the tiles.
    ranked : sequence of ShownMap
        For each gene group, what a tile that is clicked is told of it.
    identity : str
        Changes with the case or the slide: the viewer then begins anew.
    note : str
        Shown below the legend.
    key : str
    """
    _component()(
        data=viewer_data(tiles, slide, size, shown, ranked=ranked, identity=identity, note=note),
        key=key,
    )


def viewer_data(
    tiles: TileMap, slide: CaseSlide, size: SlideSize | None, shown: ShownMap, *, ranked: Sequence[ShownMap],
    identity: str, note: str,
) -> dict[str, Any]:  # fmt: skip
    """What the program in the browser gets; see ``show_viewer``."""
    coords = tiles.coords[tiles.slide_index == slide.number].astype(np.int64)
    step = slide.tile_px or grid_step(coords)
    own = coords - (coords.min(axis=0) if size is None else (size.left, size.top))
    root = address_root(st.get_option("server.baseUrlPath"))
    ground: dict[str, Any] = {"mpp": slide.mpp, "tile_px": TILE_PX, "url": None, "last_level": 0}
    if size is None or slide.path is None:
        width, height = (own.max(axis=0) + step).tolist()
    else:
        width, height = size.width, size.height
        grant = grant_slide(slide.sha256, slide.path)
        ground |= {"url": f"{root}/{grant}", "last_level": Pyramid(width, height).last_level}
        ground["mpp"] = slide.mpp or size.mpp
    order = np.argsort(-shown.values, kind="stable")[:TOP]
    return {
        "id": identity, "program": f"{root}/openseadragon.js", "note": note,
        "words": {name: tr(words) for name, words in WORDS.items()},
        "slide": ground | {"width": width, "height": height},
        "tiles": {"size": step, "x": _pack(own[:, 0], "<i4"), "y": _pack(own[:, 1], "<i4")},
        "shown": {"title": shown.title, "values": _pack(shown.values, "<f4")},
        "ranked": [{"title": one.title, "values": _pack(one.values, "<f4")} for one in ranked],
        "top": order.tolist(), "colours": [list(unlabel_rgb(_as_rgb(one))) for one in sequential.Cividis],
    }  # fmt: skip


def in_equal_shares(values: np.ndarray) -> np.ndarray:
    """Weights of tiles in units of their mean; as they are where all are 0."""
    mean = float(values.mean())
    return values / mean if mean else values


def grid_step(coords: np.ndarray) -> int:
    """Side of a tile in level-0 pixels, by how far apart neighbours lie; 1 for a single tile."""
    gaps = np.concatenate([np.diff(np.unique(axis)) for axis in coords.T])
    return int(gaps.min()) if gaps.size else 1


@cache
def _component() -> Any:
    return st.components.v2.component(
        COMPONENT,
        html='<div class="sv-host"></div>',
        css=(HERE / "viewer.css").read_text(encoding="utf-8"),
        js=(HERE / "viewer.js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )


def _pack(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, kind).tobytes()).decode("ascii")


def _as_rgb(colour: str) -> str:
    if colour.startswith("rgb"):
        return colour
    return f"rgb({int(colour[1:3], 16)}, {int(colour[3:5], 16)}, {int(colour[5:7], 16)})"
