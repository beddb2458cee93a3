"""What is looked at before any work starts: does it open, its resolution, its tissue, which genes are there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from survdash import usecases
from survdash.errors import SlideError, SurvdashError
from survdash.figures.words import percent_text
from survdash.store import file_sha256
from survdash.ui.case_form import refuse
from survdash.ui.error_box import show_error
from survdash.ui.prose import escape
from survdash.ui.upload import Upload

SIGNS = {"good": ":green[:material/check_circle:]", "warn": ":orange[:material/warning:]"}
KEPT = 16
MPP_HELP = (
    "Width of one pixel at full resolution. A 40× scan has about 0.25 µm, a 20× scan about 0.5 µm; the scanner's "
    "protocol says it exactly. It is never guessed, because a wrong one changes what the model sees."
)
INK_HELP = (
    "Thick strokes of green, blue or black pen are left out, because a pen says nothing of the patient. Dark or bluish "
    "tissue can be mistaken for one: look at the picture below, where what was left out is outlined in orange."
)
OVERLAY_CAPTION = "What was taken for tissue, outlined. Label and macro pictures of a slide are never opened."


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideAnswer:
    """What the user says of a slide.

    ``mpp`` is the resolution that the user stated (None where the file's own is used), ``keep_ink`` whether what looks
    like ink is tissue, ``ready`` whether all that must be known is.
    """

    mpp: float | None
    keep_ink: bool
    ready: bool


def show_line(sign: str, what: str, finding: str) -> None:
    """One finding: good or warn."""
    st.markdown(f"{SIGNS[sign]} **{what}**: {escape(finding)}")


def check_slide(upload: Upload, part: str) -> SlideAnswer:
    """Show what is known of a slide; ask for its resolution where the file does not say, and about possible ink.

    A slide that was given before, under whatever name, is refused.
    """
    path, which = upload.files[part], part.removeprefix("slide") and f"_{part}"
    changed = path.stat().st_mtime_ns
    try:
        _refuse_twin(upload, part)
        check = _slide(path, changed, None, keep_ink=False)
    except SurvdashError as error:
        refuse(upload, part, error)
    stated = None
    if check.mpp is None:
        show_line("warn", "Resolution", "this file does not say it")
        stated = st.number_input(
            "Resolution (µm per pixel)", 0.05, 20.0, None, 0.05, key=f"new_case.mpp{which}", format="%.3f",
            help=MPP_HELP, placeholder="for instance 0.25 for 40×, 0.5 for 20×",
        )
        if stated is not None:
            try:
                check = _slide(path, changed, stated, keep_ink=False)
            except SurvdashError as error:
                # The file may be good and the number wrong, so nothing is deleted.
                show_error(error.message, error.hint)
                return SlideAnswer(mpp=None, keep_ink=False, ready=False)
    keep_ink = False
    if check.ink_tiles and st.toggle("Read what looks like ink too", key=f"new_case.keep_ink{which}", help=INK_HELP):
        keep_ink, check = True, _slide(path, changed, stated, keep_ink=True)
    _show_slide(check, stated=stated is not None)
    return SlideAnswer(mpp=stated, keep_ink=keep_ink, ready=check.tiles > 0)


def _refuse_twin(upload: Upload, part: str) -> None:
    path = upload.files[part]
    for other, there in upload.slides.items():
        if other == part:
            return  # those after it will be compared with it
        same_size = there.stat().st_size == path.stat().st_size
        if same_size and _sha256(there, there.stat().st_mtime_ns) == _sha256(path, path.stat().st_mtime_ns):
            raise SlideError(
                f"{upload.names[part]} is the same slide as {upload.names[other]}.",
                hint="Give each slide once: its tiles would count double.",
            )


@st.cache_resource(max_entries=KEPT, show_spinner="Comparing the slides …")
def _sha256(path: Path, changed: int) -> str:
    return file_sha256(path)


def _show_slide(check: usecases.SlideCheck, *, stated: bool) -> None:
    show_line("good", "Opens", f"{check.width:,} × {check.height:,} pixels")
    if check.mpp is not None:
        show_line("good", "Resolution", f"{check.mpp:.3g} µm per pixel, {'as you say' if stated else 'from the file'}")
        share = percent_text(check.tissue_fraction)
        sign = "good" if check.tiles else "warn"
        show_line(sign, "Tissue", f"{share} of the picture, {check.tiles:,} tiles to read")
    for warning in check.warnings:
        show_line("warn", "Note", warning)
    st.image(check.overlay, caption=OVERLAY_CAPTION, width="stretch", alt="The slide with the outline of the tissue.")


def check_genes(upload: Upload, path: Path, *, cohort: str) -> None:
    """Show how the gene table fits the cohort's models, group by group; one that does not fit is refused."""
    try:
        check = _genes(path, path.stat().st_mtime_ns, cohort)
    except SurvdashError as error:
        refuse(upload, "genes", error)
    found, expected = int(check.values.notna().sum()), len(check.values)
    show_line("good" if found == expected else "warn", "Genes", f"{found:,} of the model's {expected:,} found")
    for what, names in (
        ("Missing", check.missing), ("Given twice", check.duplicated), ("Not a number", check.not_numeric),
        ("Outside what the model has seen", check.out_of_range),
    ):
        if names:
            show_line("warn", what, f"{len(names):,}: {', '.join(names[:4])}{' …' if len(names) > 4 else ''}")
    for warning in check.warnings:
        show_line("warn", "Note", warning)
    st.dataframe(
        check.per_group[["group", "expected", "found", "missing"]], hide_index=True, key="new_case.groups",
        alt="Genes found and missing in each group.",
        column_config={"group": "Group of genes", "expected": "Expected", "found": "Found", "missing": "Missing"},
    )


@st.cache_resource(max_entries=KEPT, show_spinner="Opening the slide and looking for tissue …")
def _slide(path: Path, changed: int, mpp: float | None, *, keep_ink: bool) -> usecases.SlideCheck:
    return usecases.check_slide(path, mpp=mpp, keep_ink=keep_ink)


@st.cache_resource(max_entries=KEPT, show_spinner="Reading the gene table …")
def _genes(path: Path, changed: int, cohort: str) -> usecases.GeneCheck:
    return usecases.check_genes(path, cohort=cohort)
