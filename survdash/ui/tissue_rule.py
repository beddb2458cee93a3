"""The controls of how tissue is found: every move redraws the overlay, one button brings the default back."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from survdash.language import later, tr
from survdash.slide.rules import DEFAULT_TILES, DEFAULT_TISSUE, TileRule, TissueRule, change_words
from survdash.ui.case_form import show_part
from survdash.ui.upload import Upload, areas_of

METHODS = {"follow": later("Follows the slide"), "fixed": later("Fixed threshold")}
METHOD_HELP = later("The first takes a share of Otsu's threshold of this slide's saturation; the second is the "
                    "paper's way.")
OTSU_HELP = later("Threshold of saturation as a share of Otsu's; less keeps paler tissue.")
LIMIT_HELP = later("The threshold never leaves these limits (saturation, 0 to 255).")
MEDIAN_HELP = later("Smooths the saturation before the threshold; in pixels of the view (2,048 on its longer side).")
CLOSE_HELP = later("Closes gaps up to this size, in pixels of the view.")
PIECE_HELP = later("Smaller pieces are dropped and smaller holes filled.")
SHARE_HELP = later("A tile is read when at least this share of it is tissue.")
INK_HELP = later(
    "Thick strokes of green, blue or black pen say nothing of the patient. Dark or bluish tissue can be "
    "mistaken for one: what was left out is outlined in orange.")
EDGE_HELP = later("Long thin grey lines: the rims of air bubbles and of the coverslip. Outlined in yellow.")
FOLD_HELP = later(
    "A band twice as dense as the same tissue on both of its sides is a fold, outlined in purple; a tile goes where "
    "most of it is fold. Other dark tissue may be folded, but dense epithelium and keratin look the same: it stays, "
    "counted.")
MASK_HELP = later(
    "Areas drawn on this slide, as GeoJSON from QuPath in pixels of full resolution. Class **Tissue** adds an "
    "area; **Ignore**, **Ink** or **Artefact** takes it away.")


def ask_rule(upload: Upload, part: str) -> tuple[TissueRule, TileRule, Path | None]:
    """Draw the controls of one slide; return what they say, and the mask that was given with the slide."""
    number = part.removeprefix("slide")
    own = f"new_case.rule{number}_"  # of every control's key; no slide's is the beginning of another's
    default = DEFAULT_TISSUE
    with st.expander(tr("How tissue is found"), icon=":material/tune:", key=f"new_case.rule{number}"):
        method = st.segmented_control(
            tr("Threshold"), list(METHODS), default=default.method, format_func=lambda name: tr(METHODS[name]),
            required=True, key=f"{own}method", help=tr(METHOD_HELP),
        ) or default.method  # fmt: skip
        share, limits, threshold = default.otsu_share, (default.lowest, default.highest), default.threshold
        if method == "follow":
            share = st.slider(tr("Share of Otsu's threshold"), 0.0, 2.0, share, 0.05, key=f"{own}otsu",
                              help=tr(OTSU_HELP))  # fmt: skip
            limits = st.slider(tr("Lowest and highest"), 0.0, 100.0, limits, 1.0, key=f"{own}limits",
                               help=tr(LIMIT_HELP))  # fmt: skip
        else:
            threshold = st.slider(tr("Saturation above"), 0, 100, threshold, 1, key=f"{own}threshold")
        left, right = st.columns(2)
        median = left.select_slider(
            tr("Median filter (px)"), range(1, 32, 2), default.median_px, key=f"{own}median", help=tr(MEDIAN_HELP)
        )
        close = right.slider(tr("Closing (px)"), 1, 31, default.close_px, 1, key=f"{own}close", help=tr(CLOSE_HELP))
        piece = left.number_input(
            tr("Smallest piece (% of the picture)"), 0.0, 5.0, 100 * default.min_share, 0.01, key=f"{own}piece",
            format="%.3f", help=tr(PIECE_HELP),
        )  # fmt: skip
        least = right.slider(
            tr("Least tissue of a tile (%)"), 5, 100, round(100 * DEFAULT_TILES.min_tissue), 5, key=f"{own}least",
            help=tr(SHARE_HELP),
        )  # fmt: skip
        ink = st.toggle(tr("Leave thick pen strokes out"), default.exclude_ink, key=f"{own}ink", help=tr(INK_HELP))
        edges = st.toggle(
            tr("Leave rims of bubbles and coverslips out"), default.exclude_edges, key=f"{own}edges", help=tr(EDGE_HELP)
        )
        folds = st.toggle(
            tr("Leave tiles that are mostly fold out"), default.exclude_folds, key=f"{own}folds", help=tr(FOLD_HELP)
        )
        st.markdown(tr("Correct by hand (optional)"), help=tr(MASK_HELP))
        mask = show_part(upload, areas_of(part), wanted=True)
        tissue = TissueRule(
            method="fixed" if method == "fixed" else "follow", threshold=threshold, otsu_share=share,
            lowest=limits[0], highest=limits[1], median_px=median, close_px=close,
            min_share=round(piece / 100, 7), exclude_ink=ink, exclude_edges=edges, exclude_folds=folds,
        )  # fmt: skip
        tiles = TileRule(min_tissue=least / 100)
        changes = change_words(tissue, tiles)
        st.button(tr("Back to the default"), key=f"{own}reset", icon=":material/undo:", on_click=_reset,
                  args=(own,), disabled=not changes)  # fmt: skip
    if changes:
        st.warning(
            tr("Other than the default: {changes}. Models learn from tissue found in the default way; another way "
               "can change what they see.", changes=changes), icon=":material/warning:",
        )  # fmt: skip
    return tissue, tiles, mask


def _reset(own: str) -> None:
    for key in [key for key in st.session_state if str(key).startswith(own)]:
        del st.session_state[key]
