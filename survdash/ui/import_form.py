"""The form of an import: what there is, its files, its name, where its folds come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from survdash import usecases
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.ui import caching
from survdash.ui.error_box import show_error
from survdash.ui.import_files import show_part
from survdash.ui.import_mapping import ask_mapping
from survdash.ui.import_report import show_curve, show_report
from survdash.ui.inbox import inbox_folder
from survdash.ui.piece import facts
from survdash.ui.prose import data_size, escape

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of import: its title, what it is, and the parts it can be given beside the first."""

    title: str
    words: str
    first: str
    others: tuple[str, ...]


KINDS = {
    "research": Kind(title=later("A research table"), first="table", others=("folds", "features", "clinical"),
                     words=later("As MCAT, PORPOISE and SurvPath publish them: one line a slide, with genes.")),
    "hospital": Kind(title=later("A hospital's table"), first="table", others=("features", "genes", "mapping"),
                     words=later("Any table with follow-up and status; you say once what its columns mean.")),
    "study": Kind(title=later("A study folder"), first="study", others=("folds", "features"),
                  words=later("Of cBioPortal or Xena, unpacked in the inbox folder of this server.")),
    "archive": Kind(title=later("An archive of survdash"), first="archive", others=(),
                    words=later("A whole cohort with its models, from another machine.")),
}  # fmt: skip
RARE = ("groups", "slide_map")
FOLDS = {"event": later("stratified by outcome"), "site": later("by whole hospitals")}


def ask_request(kind: str, *, page: str) -> usecases.ImportRequest | None:
    """Draw the form; what it says once everything that is needed is there.

    Parameters
    ----------
    kind : str
        One of ``KINDS`` but "archive".
    page : str
        First half of the widgets' keys.
    """
    wanted, given = KINDS[kind], dict[str, Path | None]()
    columns = st.columns(2)
    for place, part in enumerate((wanted.first, *wanted.others)):
        with columns[place % 2], st.container(border=True):
            given[part] = show_part(part, page=page)
    table = given[wanted.first]
    if table is None:
        st.caption(tr("Give the first of these to go on; the others may be left out."))
        return None
    mapping = None
    if kind == "hospital":
        st.header(tr("What the columns mean"), anchor=False)
        mapping = ask_mapping(table, given["mapping"], page=page)
        if mapping is None:
            return None
    left, right = st.columns(2)
    name = left.text_input(tr("Name of the cohort"), proposed_name(table), key=f"{page}.name_{table.name}",
                           max_chars=40, help=tr("Lower-case letters a to z, digits, - and _."))
    by_site = False
    if given.get("folds") is None:
        by_site = right.radio(
            tr("Folds are made"), list(FOLDS), format_func=lambda name: tr(FOLDS[name]), key=f"{page}.made_folds",
            horizontal=True, help=tr("By whole hospitals, nobody is judged by a model that learnt from patients of the "
                                     "same hospital.")) == "site"  # fmt: skip
    encoder, link = _ask_of_bags(given, page=page)
    if not NAME.fullmatch(name):
        what = tr("“{name}” cannot name a cohort.", name=name) if name else tr("The cohort needs a name.")
        show_error(what, tr("Use lower-case letters a to z, digits, - and _."))
        return None
    return usecases.ImportRequest(
        table=table, name=name, folds=given.get("folds"), features=given.get("features"),
        clinical=given.get("clinical"), by_site=by_site, mapping=mapping, genes=given.get("genes"),
        gene_groups=given["groups"], slide_map=given["slide_map"], encoder=encoder, link=link,
    )


def _ask_of_bags(given: dict[str, Path | None], *, page: str) -> tuple[str | None, bool]:
    """What is seldom asked: groups of genes, and of bags whose slides they are, what made them, copies or links."""
    with st.expander(tr("More: gene groups of your own; bags of other programs")):
        columns = st.columns(2)
        for column, part in zip(columns, RARE, strict=True):
            with column:
                given[part] = show_part(part, page=page)
        encoder = columns[0].text_input(tr("What made the tile features"), key=f"{page}.encoder", max_chars=100,
                                        help=tr(
            "Where the bags do not say it themselves, for instance uni_v1.")).strip()
        features = given.get("features")
        # What was uploaded is deleted after the import, so a link to it would lose the slides.
        stays = features is not None and features.is_relative_to(inbox_folder())
        link = columns[1].checkbox(tr("Refer to the bag files in place of copying them"), key=f"{page}.link",
                                   disabled=not stays,
                                   help=tr(
                                       "Saves disk; the files must stay where they are, and the cohort cannot travel."))
    return encoder or None, link and stays


def proposed_name(table: Path) -> str:
    """A cohort's name from a file's.

    Examples
    --------
    >>> proposed_name(Path("TCGA-BLCA RNAseq.csv.zip"))
    'tcga-blca-rnaseq'
    """
    start = table.name.partition(".")[0].lower()
    return re.sub(r"[^a-z0-9_-]+", "-", start).strip("-_")[:40] or "mine"


def show_archive(*, page: str) -> usecases.Archive | None:
    """Draw the uploader of an archive, and what it says it holds."""
    with st.columns(2)[0], st.container(border=True):
        path = show_part("archive", page=page)
    if path is None:
        return None
    preview = caching.archive_preview(path)
    archive = preview.archive
    st.header(tr("What is in it"), anchor=False)
    rows = {
        tr("Cohort"): f"{escape(retell(archive.title))}, {escape(archive.name)}",
        tr("Made by"): escape(archive.software),
        tr("Files"): tr("{count}, {size}; each is held against its SHA-256 on the way in",
                        count=len(archive.files), size=data_size(archive.bytes)),
        tr("Models"): escape(", ".join(archive.runs)) or tr("none"),
    }  # fmt: skip
    facts(rows)
    if archive.report is not None:
        show_report(archive.report, preview.curve, page=page)
    else:
        show_curve(preview.curve, page=page, name=archive.name)
    return archive
