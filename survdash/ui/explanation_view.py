"""Why: a gene group and the tissue it was matched to, on the slide; which genes weigh; what each part adds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st

from survdash.errors import SurvdashError
from survdash.explanation.record import Explanation, GeneShare, GeneShares, Shares, TileMap
from survdash.figures.explanation import plot_shares
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.slide.tile_geojson import tiles_to_geojson
from survdash.ui import caching
from survdash.ui.drawn import drawn
from survdash.ui.figure_view import NO_TOOLS, export_buttons
from survdash.ui.prediction_view import PARTS
from survdash.ui.prose import escape
from survdash.ui.slide_viewer import ShownMap, grid_step, in_equal_shares, show_viewer
from survdash.usecases import CaseSlide, SlideSize

ALL_GROUPS = later("All groups together")
SAYS = later("Where the model looked, not where the disease is.")
MAPS = {"plan": later("Transport plan"), "attention": later("Attention")}
MAPS_HELP = later(
    "Transport plan: which tissue was matched to the gene group. Attention: which tissue the gene group asked."
)
Slides = Callable[[], tuple[CaseSlide, ...]]


def show_explanation(explanation: Explanation, *, page: str, slides: Slides, stamp: str) -> None:
    """Draw all of it.

    Parameters
    ----------
    explanation : Explanation
    page : str
        First half of the widgets' keys.
    slides : callable
        Gives the slides of the case, asked only where there is a map of tiles.
    stamp : str
        For the figures that are taken away.
    """
    st.fragment(_show_groups)(explanation, page, slides, stamp)
    for note in explanation.notes:
        st.caption(f":material/info: {escape(retell(note))}")


def heaviest_genes(genes: GeneShares, *, most: int = 10) -> list[GeneShare]:
    """The columns with the largest shares, one that stands in several groups with its shares added up."""
    joined: dict[str, GeneShare] = {}
    for one in genes.top:
        before = joined.get(one.column)
        joined[one.column] = one if before is None else replace(before, share=before.share + one.share)
    return sorted(joined.values(), key=lambda one: (-abs(one.share), one.column))[:most]


def _show_groups(explanation: Explanation, page: str, slides: Slides, stamp: str) -> None:
    genes, tiles = explanation.genes, explanation.tiles
    titles = tuple(title for title, _ in genes.groups) if genes is not None else () if tiles is None else tiles.groups
    chosen = ALL_GROUPS
    if titles:
        chosen = st.pills(
            tr("Gene group"), [ALL_GROUPS, *titles], default=ALL_GROUPS, key=f"{page}.why_group",
            format_func=lambda title: escape(tr(title)),
            help=tr("Choose one: the tissue it was matched to lights up, and its genes are shown below."),
        ) or ALL_GROUPS  # fmt: skip
    if tiles is not None:
        _show_tissue(tiles, explanation, chosen, page=page, slides=slides)
    left, right = st.columns(2, gap="large")
    if genes is not None:
        with left:
            _show_genes(genes, chosen, page=page, name=explanation.case_id, stamp=stamp)
    with right if genes is not None else left:
        _show_shares(explanation.shares, slides=explanation.slides, page=page, name=explanation.case_id, stamp=stamp)


def _show_tissue(tiles: TileMap, explanation: Explanation, chosen: str, *, page: str, slides: Slides) -> None:
    here = {slide.number: slide for slide in slides()}
    numbers = sorted(set(tiles.slide_index.tolist()))
    tables = {name: getattr(tiles, name) for name in MAPS if getattr(tiles, name) is not None}
    number, kind = numbers[0], next(iter(tables), "")
    with st.container(horizontal=True):
        if len(numbers) > 1:
            number = st.segmented_control(
                tr("Slide"), numbers, default=numbers[0], key=f"{page}.why_slide",
                format_func=lambda one: tr("Slide {number}", number=one + 1),
            ) or numbers[0]  # fmt: skip
        if chosen in tiles.groups and len(tables) > 1:
            kind = st.segmented_control(
                tr("Map"), list(tables), default=kind, key=f"{page}.why_map", format_func=lambda one: tr(MAPS[one]),
                help=tr(MAPS_HELP),
            ) or kind  # fmt: skip
    own = tiles.slide_index == number
    slide = here.get(number) or CaseSlide(number=number, name="", sha256="", path=None, note="", tile_px=None, mpp=None)
    size, trouble = _size(slide)
    shown = ShownMap(title=tr("Weight of each tile in the answer"), values=in_equal_shares(tiles.weight[own]))
    if chosen in tiles.groups and kind:
        values = tables[kind][own, tiles.groups.index(chosen)]
        shown = ShownMap(title=f"{tr(chosen)}: {tr(MAPS[kind])}", values=in_equal_shares(values))
    ranked = [ShownMap(title=tr(title), values=in_equal_shares(tables[kind][own, place]))
              for place, title in enumerate(tiles.groups)] if kind else []  # fmt: skip
    note = tr(slide.note, name=slide.name) if slide.note else ""
    if size is None:
        st.info(escape(trouble or note or tr("The slide itself is not on this machine.")), icon=":material/grid_on:")
        note = tr("Each square is a tile where it lay on the slide.")
    show_viewer(
        tiles, slide, size, shown, ranked=ranked, note=f"{tr(SAYS)} {note}".strip(),
        identity=f"{explanation.model} {explanation.case_id} {number} {slide.sha256}", key=f"{page}.viewer",
    )  # fmt: skip
    st.download_button(
        tr("Tiles for QuPath (GeoJSON)"), lambda: _geojson(tiles, slide, size, own, tables),
        f"{explanation.case_id}_slide{number + 1}.geojson", "application/geo+json", key=f"{page}.geojson",
        icon=":material/download:", on_click="ignore",
        help=tr("Every tile with its weight and its share in each gene group as measurements."),
    )  # fmt: skip


def _size(slide: CaseSlide) -> tuple[SlideSize | None, str]:
    """Of the file; None, and why in words, where it cannot be opened (any more)."""
    if slide.path is None:
        return None, ""
    try:
        return caching.slide_size(slide.path), ""
    except SurvdashError as error:
        return None, retell(error.message)


def _geojson(
    tiles: TileMap, slide: CaseSlide, size: SlideSize | None, own: np.ndarray, tables: dict[str, np.ndarray]
) -> bytes:
    coords = tiles.coords[own]
    measured = {"weight": in_equal_shares(tiles.weight[own])}
    for kind, table in tables.items():
        measured |= {f"{kind}: {title}": in_equal_shares(table[own, place]) for place, title in enumerate(tiles.groups)}
    corner = (0, 0) if size is None else (size.left, size.top)
    made = tiles_to_geojson(coords, slide.tile_px or grid_step(coords), measured, corner=corner)
    return json.dumps(made, allow_nan=False).encode()


def _show_genes(genes: GeneShares, chosen: str, *, page: str, name: str, stamp: str) -> None:
    if chosen == ALL_GROUPS:
        title = tr("Genes that weigh most")
        top = heaviest_genes(genes)
    else:
        title = tr("Genes of {group}", group=tr(chosen))
        top = [one for one in genes.top if one.group == chosen]
    st.markdown(f"**{escape(title)}**")
    told = [tr("{value:.1f} standard deviations above the mean", value=one.value) if one.value >= 0
            else tr("{value:.1f} standard deviations below the mean", value=-one.value) for one in top]  # fmt: skip
    figure = drawn(plot_shares, [one.column for one in top], [one.share for one in top], told=told)
    words = "; ".join(tr("{gene} raises the risk", gene=one.column) if one.share >= 0
                      else tr("{gene} lowers the risk", gene=one.column) for one in top)  # fmt: skip
    st.plotly_chart(figure, key=f"{page}.why_genes", config=NO_TOOLS, alt=words)
    how = (tr("coefficient times value, exact") if genes.steps == 0
           else tr("integrated gradients, {steps} steps", steps=genes.steps))  # fmt: skip
    st.caption(tr("Against a patient with every gene at the training mean ({how}). All genes together: "
                  "{difference:+.3g}.", how=how, difference=genes.difference))  # fmt: skip
    export_buttons(figure, key=f"{page}.why_genes", name=f"{name}_genes", title=title, stamp=stamp)


def _show_shares(shares: Shares, *, slides: Shares | None, page: str, name: str, stamp: str) -> None:
    title = tr("What the risk is made of")
    st.markdown(f"**{title}**", help=tr(
        "Shapley shares: what each part adds to the risk score, on average over the orders in which the parts can come "
        "in. They add up exactly."
    ))  # fmt: skip
    names = [tr(PARTS[part]) for part in shares.shares]
    values, told = list(shares.shares.values()), [shares.stand_ins[part] for part in shares.shares]
    if slides is not None:
        names += ["  " + tr("Slide {number}", number=part.removeprefix("slide ")) for part in slides.shares]
        values += list(slides.shares.values())
        told += [slides.stand_ins[part] for part in slides.shares]
    figure = drawn(plot_shares, names, values, told=[retell(words) for words in told])
    words = "; ".join(f"{part}: {value:+z.3f}" for part, value in zip(names, values, strict=True))
    st.plotly_chart(figure, key=f"{page}.why_shares", config=NO_TOOLS, alt=words)
    without = "; ".join(f"{tr(PARTS[part])}: {retell(words)}" for part, words in shares.stand_ins.items())
    st.caption(tr("From {baseline:z.3f}, without any part, to {risk:z.3f}. In place of a part: {without}.",
                  baseline=shares.baseline, risk=shares.risk, without=without))  # fmt: skip
    export_buttons(figure, key=f"{page}.why_shares", name=f"{name}_shares", title=title, stamp=stamp)
