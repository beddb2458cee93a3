"""What is looked at before any work starts: does it open, its resolution, its tissue, which genes are there.

What was found stands in the page's list of checks (``checklist``); what must be asked, and pictures and tables of it,
stand where the file was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from survdash import usecases
from survdash.errors import SlideError, SurvdashError
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.settings import settings
from survdash.slide.rules import DEFAULT_TILES, DEFAULT_TISSUE, TileRule, TissueRule
from survdash.store import file_sha256
from survdash.ui.case_form import refuse
from survdash.ui.case_lines import SLIDE_CHECKS, slide_lines
from survdash.ui.checklist import Check, refused, show_line, waiting
from survdash.ui.error_box import show_error
from survdash.ui.prose import escape
from survdash.ui.tissue_rule import ask_rule
from survdash.ui.upload import Upload, areas_of, name_part

if TYPE_CHECKING:
    from survdash.slide.tissue import SlideView

KEPT = 16
MPP_HELP = later(
    "Width of one pixel at full resolution. A 40× scan has about 0.25 µm, a 20× scan about 0.5 µm; the scanner's "
    "protocol says it exactly. It is never guessed, because a wrong one changes what the model sees.")
OVERLAY_CAPTION = later("What was taken for tissue, outlined. Label and macro pictures of a slide are never opened.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideAnswer:
    """What the user says of a slide.

    ``mpp`` is the resolution that the user stated (None where the file's own is used), ``tissue`` and ``tiles`` how it
    is looked at, ``areas`` the mask drawn on it, ``ready`` whether all that must be known is, ``checks`` the lines of
    ``SLIDE_CHECKS``.
    """

    mpp: float | None
    ready: bool
    checks: tuple[Check, ...]
    tissue: TissueRule = DEFAULT_TISSUE
    tiles: TileRule = DEFAULT_TILES
    areas: Path | None = None


def check_slide(upload: Upload, part: str) -> SlideAnswer:
    """Show what is known of a slide; ask for its resolution where the file does not say, and how tissue is found.

    A slide that was given before, under whatever name, is refused.
    """
    path, which = upload.files[part], part.removeprefix("slide") and f"_{part}"
    changed = path.stat().st_mtime_ns
    try:
        _refuse_twin(upload, part)
        with st.spinner(tr("Opening the slide and looking for tissue …")):
            view = _view(path, changed, None)
    except SurvdashError as error:
        refuse(upload, part, error)
    _show_privacy(upload, part, path, changed)
    stated, doubt = None, ""
    if view.mpp is None:
        doubt = tr("this file {doubt}", doubt=retell(view.mpp_doubt) or tr("does not say it"))
        stated = st.number_input(
            tr("Resolution (µm per pixel)"), 0.05, 20.0, None, 0.05, key=f"new_case.mpp{which}", format="%.3f",
            help=tr(MPP_HELP), placeholder=tr("for instance 0.25 for 40×, 0.5 for 20×"),
        )
        if stated is not None:
            view = _view(path, changed, stated)
    tissue, tiles, areas = ask_rule(upload, part)
    try:
        check = _check(view, path, changed, tissue=tissue, tiles=tiles, areas=areas)
    except SlideError as error:
        if areas is not None and error.message.startswith(areas.name):
            refuse(upload, areas_of(part), error)
        # The file may be good and the number wrong, so nothing is deleted.
        show_error(error.message, error.hint)
        return SlideAnswer(mpp=None, ready=False, checks=refused(waiting(SLIDE_CHECKS), at=1))
    st.image(check.overlay, caption=tr(OVERLAY_CAPTION), width="stretch",
             alt=tr("The slide with the outline of the tissue."))
    return SlideAnswer(mpp=stated, ready=check.tiles > 0, tissue=tissue, tiles=tiles, areas=areas,
                       checks=slide_lines(check, stated=stated is not None, doubt=doubt))  # fmt: skip


def _show_privacy(upload: Upload, part: str, path: Path, changed: int) -> None:
    """Say what in the slide's header may name the patient; of an uploaded copy it can be taken out here."""
    hints = _headers(path, changed)
    if not hints:
        return
    places = ", ".join(usecases.told_places(hints))
    show_line(Check(state="look", what=tr("Privacy"),
                    finding=tr("this slide may say who the patient is, in its {places}", places=places)))  # fmt: skip
    if part in upload.chosen:
        st.caption(tr("The file in the inbox folder stays as it is. On the server, `python -m survdash deidentify` "
                      "writes a copy without these."))  # fmt: skip
    elif all(hint.can_strip for hint in hints):
        if st.button(tr("Take this out of the uploaded copy"), key=f"new_case.strip_{part}",
                     icon=":material/visibility_off:", help=tr("Texts and label pictures are overwritten; the tissue "
                                                               "is not touched.")):  # fmt: skip
            usecases.strip_header(path)
            name_part(upload, part, upload.names[part])  # its hash is another now
            st.rerun()
    else:
        st.caption(tr("This kind of file cannot be changed here. It is deleted {hours:g} hours after it came.",
                      hours=settings().keep_upload_hours))  # fmt: skip


def _refuse_twin(upload: Upload, part: str) -> None:
    path = upload.files[part]
    for other, there in upload.slides.items():
        if other == part:
            return  # those after it will be compared with it
        same_size = there.stat().st_size == path.stat().st_size
        with st.spinner(tr("Comparing the slides …")):
            twin = same_size and _hash_of(upload, other) == _hash_of(upload, part)
        if twin:
            raise SlideError(
                f"{upload.names[part]} is the same slide as {upload.names[other]}.",
                hint="Give each slide once: its tiles would count double.",
            )


def _hash_of(upload: Upload, part: str) -> str:
    """Known of a file that was hashed as it came."""
    path = upload.files[part]
    return upload.hashes.get(part) or _sha256(path, path.stat().st_mtime_ns)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _sha256(path: Path, changed: int) -> str:
    return file_sha256(path)


def check_genes(upload: Upload, path: Path, *, cohort: str) -> usecases.GeneCheck:
    """How the gene table fits the cohort's models, group by group, in a table; one that does not fit is refused."""
    try:
        with st.spinner(tr("Reading the gene table …")):
            check = _genes(path, path.stat().st_mtime_ns, cohort)
    except SurvdashError as error:
        refuse(upload, "genes", error)
    groups = check.per_group
    st.table({
        tr("Group of genes"): [escape(tr(name)) for name in groups["group"]],
        tr("Expected"): groups["expected"].to_list(),
        tr("Found"): groups["found"].to_list(), tr("Missing"): groups["missing"].to_list(),
    }, border="horizontal", hide_index=True)  # fmt: skip
    for warning in check.warnings:
        show_line(Check(state="look", what=tr("Note"), finding=retell(warning)))
    return check


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _view(path: Path, changed: int, mpp: float | None) -> SlideView:
    return usecases.view_slide(path, mpp=mpp)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _headers(path: Path, changed: int) -> tuple[usecases.HeaderHint, ...]:
    return usecases.header_hints(path)


def _check(
    view: SlideView, path: Path, changed: int, *, tissue: TissueRule, tiles: TileRule, areas: Path | None
) -> usecases.SlideCheck:
    drawn = None if areas is None else areas.stat().st_mtime_ns
    return _judged(view, (path, changed, view.mpp, drawn), tissue, tiles, areas)


@st.cache_resource(max_entries=4 * KEPT, show_spinner=False)
def _judged(
    _view: SlideView, key: tuple[Any, ...], tissue: TissueRule, tiles: TileRule, areas: Path | None
) -> usecases.SlideCheck:
    """``key`` says which view and areas these are; the pixels themselves are not hashed."""
    return usecases.check_view(_view, tissue=tissue, tiles=tiles, areas=areas)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _genes(path: Path, changed: int, cohort: str) -> usecases.GeneCheck:
    return usecases.check_genes(path, cohort=cohort)
