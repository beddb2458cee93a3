"""Why a model says what it says of one case: the warning first, then parts, genes, tiles, and patients like this."""

from __future__ import annotations

import streamlit as st

from survdash.explanation.familiarity import familiarity_words
from survdash.explanation.neighbours import describe_neighbours
from survdash.explanation.record import Explanation, GeneShares, Ledger, Shares, TileMap
from survdash.figures.explanation import plot_shares, plot_tiles
from survdash.prediction import LANDMARKS
from survdash.ui.piece import figure_config
from survdash.ui.prose import NOT_KNOWN, escape, years

ALL_GROUPS = "All groups together"
SAYS = "where the model looked, not where the disease is"
PARTS = {"genes": "Genes", "slide": "Slide", "clinical": "Age, sex, stage"}
MAPS = {"plan": "Transport plan (which tissue was matched to the group)",
        "attention": "Attention (which tissue the group asked)"}  # fmt: skip


def show_explanation(explanation: Explanation, *, page: str) -> None:
    """Draw all of it.

    Parameters
    ----------
    explanation : Explanation
    page : str
        First half of the widgets' keys.
    """
    _show_familiarity(explanation)
    left, right = st.columns(2, gap="large")
    with left:
        _show_shares(explanation.shares, slides=explanation.slides, page=page)
    with right:
        _show_ledger(explanation.ledger)
    genes, tiles = explanation.genes, explanation.tiles
    groups = () if genes is None else tuple(title for title, _ in genes.groups)
    chosen = ALL_GROUPS
    if groups:
        chosen = st.selectbox("Gene group", [ALL_GROUPS, *groups], key=f"{page}.why_group",
                              help="Left its genes, right the tissue that it was matched to.")  # fmt: skip
    left, right = st.columns(2, gap="large")
    with left:
        if genes is not None:
            _show_genes(genes, chosen, page=page)
    with right:
        if tiles is not None:
            _show_tiles(tiles, chosen, page=page)
    _show_neighbours(explanation)
    for note in explanation.notes:
        st.caption(f":material/info: {escape(note)}")


def _show_familiarity(explanation: Explanation) -> None:
    # A new case has them among the warnings of its prediction already, above the curve.
    if explanation.role != "new case":
        for warning in familiarity_words(explanation.familiarity):
            st.warning(escape(warning), icon=":material/warning:")
    usual = [one for one in explanation.familiarity if one.level == "like"]
    if usual:
        words = " and ".join(f"{PARTS[one.part].lower()} farther off than {one.percentile:.0f} of 100" for one in usual)
        st.caption(f":material/check: Like the patients the model learnt from: {words} held-out patients.")


def _show_shares(shares: Shares, *, slides: Shares | None, page: str) -> None:
    st.markdown("**What the risk is made of**", help="Shapley shares: what each part adds to the risk score, on "
                "average over the orders in which the parts can come in. They add up exactly.")  # fmt: skip
    names = [PARTS[name] for name in shares.shares]
    values, told = list(shares.shares.values()), [f"against: {shares.stand_ins[name]}" for name in shares.shares]
    if slides is not None:
        names += [f"  {name}" for name in slides.shares]
        values += list(slides.shares.values())
        told += [slides.stand_ins[name] for name in slides.shares]
    st.plotly_chart(plot_shares(names, values, told=told), key=f"{page}.why_shares", config=figure_config("shares"),
                    alt="Shares of the parts of this case in its risk score.")  # fmt: skip
    without = "; ".join(f"{PARTS[name].lower()}: {words}" for name, words in shares.stand_ins.items())
    st.caption(f"From {shares.baseline:.3g}, without any part, to {shares.risk:.3g}. In place of a part: {without}.")


def _show_ledger(ledger: Ledger) -> None:
    st.markdown("**What each part says alone**")
    if ledger.disagree:
        st.warning("Slide and genes disagree: alone, one puts this patient into the low risk group and the other into "
                   "the high one. Trust the answer less.", icon=":material/call_split:")  # fmt: skip
    elif ledger.disagree is not None:
        st.caption(":material/check: Slide alone and genes alone put this patient into the same risk group.")
    table: dict[str, list[str]] = {"Read from": [], **{f"Alive at {years(month)}": [] for month in LANDMARKS},
                                   "Risk group": [], "Model": []}  # fmt: skip
    for row in ledger.rows:
        table["Read from"].append(row.parts)
        for month, share in zip(LANDMARKS, row.at, strict=True):
            table[f"Alive at {years(month)}"].append(NOT_KNOWN if share is None else f"{round(100 * share)} of 100")
        table["Risk group"].append(row.group or "no cut")
        table["Model"].append(escape(row.model))
    st.table(table, border="horizontal", hide_index=True)
    for note in ledger.notes:
        st.caption(escape(note))


def _show_genes(genes: GeneShares, chosen: str, *, page: str) -> None:
    if chosen == ALL_GROUPS:
        st.markdown("**What the gene groups add**")
        names, values, told = [title for title, _ in genes.groups], [share for _, share in genes.groups], []
    else:
        st.markdown(f"**Genes of {escape(chosen)}**")
        top = [one for one in genes.top if one.group == chosen]
        names, values = [one.column for one in top], [one.share for one in top]
        told = [f"{abs(one.value):.1f} standard deviations {'above' if one.value >= 0 else 'below'} the mean"
                for one in top]  # fmt: skip
    st.plotly_chart(plot_shares(names, values, told=told), key=f"{page}.why_genes", config=figure_config("genes"),
                    alt="Shares of the genes in the risk score.")  # fmt: skip
    how = "coefficient times value, exact" if genes.steps == 0 else f"integrated gradients, {genes.steps} steps"
    st.caption(f"Against a patient with every gene at the training mean ({how}). All genes together: "
               f"{genes.difference:+.3g}.")  # fmt: skip


def _show_tiles(tiles: TileMap, chosen: str, *, page: str) -> None:
    st.markdown("**Tissue that carries the answer**" if chosen == ALL_GROUPS else f"**Tissue for {escape(chosen)}**")
    values, title = tiles.weight, "Weight in the answer"
    tables = {name: getattr(tiles, name) for name in MAPS if getattr(tiles, name) is not None}
    if chosen in tiles.groups and tables:
        kind = st.radio("Map", list(tables), format_func=MAPS.__getitem__, key=f"{page}.why_map", horizontal=True)
        values, title = tables[kind][:, tiles.groups.index(chosen)], MAPS[kind].partition(" (")[0]
    slide, numbers = 0, sorted(set(tiles.slide_index.tolist()))
    if len(numbers) > 1:
        slide = st.selectbox("Slide", numbers, format_func=lambda one: f"Slide {one + 1}", key=f"{page}.why_slide")
    own = tiles.slide_index == slide
    st.plotly_chart(plot_tiles(tiles.coords[own], values[own], title=f"{title}, 1 = equal"), key=f"{page}.why_tiles",
                    config=figure_config("tiles"), alt=f"Map of the tiles by {title.lower()}: {SAYS}.")  # fmt: skip
    least, most = (bound / values[own].mean() for bound in (values[own].min(), values[own].max()))
    st.caption(f"{SAYS[0].upper()}{SAYS[1:]}. Each square is a tile; 1 is an equal share, and these reach from "
               f"{least:.2f} to {most:.2f}.")  # fmt: skip


def _show_neighbours(explanation: Explanation) -> None:
    found = explanation.neighbours
    if not found:
        return
    st.markdown("**Patients like this one**", help="Nearest in the fused vector from which the model reads the risk, "
                "each compared under the one model that never saw them. Distance: the share of pairs of patients that "
                "are more alike than these two.")  # fmt: skip
    st.table({
        "Patient": [escape(one.case_id) for one in found],
        "What happened": [f"{'died' if one.died else 'alive when last seen'}, {one.time_months:.0f} months"
                          for one in found],
        "Risk score": [f"{one.risk:.3g}" for one in found],
        "Distance": [f"{100 * one.farness:.1f} %" for one in found],
    }, border="horizontal", hide_index=True)  # fmt: skip
    st.caption(describe_neighbours(found))
