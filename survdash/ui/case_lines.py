"""What the list of checks says of a new case: of its slides, gene table and clinical facts, and of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from survdash import usecases
from survdash.figures.words import percent_text
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.ui.case_form import refusal_of
from survdash.ui.checklist import Check, refused, together, waiting
from survdash.ui.prose import MODALITIES, listed
from survdash.ui.upload import SLIDE_PARTS, Upload

SLIDE_CHECKS = (later("Slide readable"), later("Resolution known"), later("Tissue found"))
GENE_CHECKS = (later("Gene table readable"), later("Genes found per group"), later("Scale"))
FACTS, FITS = later("Clinical facts"), later("Model fits")
FACT_WORDS = {"age": later("age"), "sex": later("sex"), "stage": later("stage")}


def slide_lines(check: usecases.SlideCheck, *, stated: bool, doubt: str) -> tuple[Check, ...]:
    """The lines of ``SLIDE_CHECKS`` for one slide.

    Parameters
    ----------
    check : SlideCheck
    stated : bool
        Whether the resolution is the user's word.
    doubt : str
        Why it must be asked for, where it is.
    """
    opens, resolution, tissue = waiting(SLIDE_CHECKS)
    opens = replace(opens, state="good",
                    finding=tr("{width:,} × {height:,} pixels", width=check.width, height=check.height))  # fmt: skip
    if check.mpp is None:
        to_do = tr("Give it below the slide's name.")
        return opens, replace(resolution, state="todo", finding=doubt, to_do=to_do), tissue
    told = tr("{mpp:.3g} µm per pixel, as you say", mpp=check.mpp) if stated \
        else tr("{mpp:.3g} µm per pixel, from the file", mpp=check.mpp)
    found = tr("{share} of the picture, {tiles:,} tiles to read", share=percent_text(check.tissue_fraction),
               tiles=check.tiles)  # fmt: skip
    return (
        opens, replace(resolution, state="good", finding=told),
        replace(tissue, state="todo" if not check.tiles else "look" if check.warnings else "good", finding=found,
                to_do=" ".join(retell(words) for words in check.warnings)),
    )  # fmt: skip


def slide_checks(
    upload: Upload | None, said: Mapping[str, tuple[Check, ...]], *, wanted: bool
) -> tuple[Check, ...]:
    """The lines of ``SLIDE_CHECKS`` for all slides of the case.

    Parameters
    ----------
    upload : Upload or None
    said : mapping
        What was found of each slide, by its part.
    wanted : bool
        False where no model of the cohort looks at slides.
    """
    was_refused = any(refusal_of(part) for part in SLIDE_PARTS)
    if upload is not None and said:
        lines = together([(upload.names[part], found) for part, found in said.items()])
        if not was_refused:
            return lines
        extra = tr("Another file was refused; why stands where you gave it.")
        return replace(lines[0], state="look", to_do=extra), *lines[1:]
    if was_refused:
        return refused(waiting(SLIDE_CHECKS))
    without = not wanted or (upload is not None and upload.genes is not None)
    return waiting(SLIDE_CHECKS, state="none" if without else "wait")


def gene_checks(upload: Upload | None, said: usecases.GeneCheck | None, *, wanted: bool) -> tuple[Check, ...]:
    """The lines of ``GENE_CHECKS``; ``said`` is what ``check_genes`` found, the rest as in ``slide_checks``."""
    table, groups, scale = lines = waiting(GENE_CHECKS)
    if said is None:
        if refusal := refusal_of("genes"):
            is_scale = "another scale" in refusal[0] or "below zero" in refusal[0]
            return refused(lines, at=1 if "too many genes are missing" in refusal[0] else 2 if is_scale else 0)
        without = not wanted or (upload is not None and upload.slides)
        return waiting(GENE_CHECKS, state="none" if without else "wait")
    odd = [tr("{count:,} given twice", count=len(said.duplicated)) if said.duplicated else "",
           tr("{count:,} not a number", count=len(said.not_numeric)) if said.not_numeric else ""]
    odd = [words for words in odd if words]
    found, expected = int(said.values.notna().sum()), len(said.values)
    counted = tr("{found:,} of the model's {expected:,} found", found=found, expected=expected)
    see = tr("The notes below the table say what becomes of them.")
    if found < expected:
        rows = said.per_group[["group", "found", "expected"]].itertuples(index=False)
        group, here, of = min(rows, key=lambda row: row[1] / row[2])
        fewest = tr("fewest in {group}, {found:,} of {expected:,}", group=tr(str(group)), found=here, expected=of)
        counted = tr("; ").join([counted, fewest])
    outside = len(said.out_of_range)
    return (
        replace(table, state="look" if odd else "good", finding=tr("; ").join(odd), to_do=see if odd else ""),
        replace(groups, state="good" if found == expected else "look", finding=counted,
                to_do="" if found == expected else see),
        replace(scale, state="look" if outside else "good", to_do=see if outside else "",
                finding=tr("{count:,} values far outside what the model has seen", count=outside) if outside
                else tr("as in the patients the model learnt from")),
    )  # fmt: skip


def fact_check(reads: Sequence[str], given: Mapping[str, object]) -> Check:
    """The line of the clinical facts.

    Parameters
    ----------
    reads : sequence of str
        Modalities of the model; none where there is no model yet.
    given : mapping
        Age, sex and stage by their names in ``FACT_WORDS``; None or "" where not given.
    """
    here = [tr(FACT_WORDS[name]) for name, value in given.items() if value not in (None, "")]
    missing = [tr(FACT_WORDS[name]) for name, value in given.items() if value in (None, "")]
    if "clinical" not in reads:
        if not here:
            return Check(state="none" if reads else "wait", what=tr(FACTS),
                         finding=tr("not needed by this model") if reads else "")  # fmt: skip
        return Check(state="look", what=tr(FACTS), finding=tr("{facts}: not read by this model", facts=listed(here)))
    if missing:
        return Check(state="look", what=tr(FACTS), finding=tr("{facts} not given", facts=listed(missing)),
                     to_do=tr("The average of the training patients stands in."))
    return Check(state="good", what=tr(FACTS), finding=listed(here))


def fit_check(reads: Sequence[str], given: Sequence[str]) -> Check:
    """The line of the model: whether it can work with what was given, and looks at all of it.

    Parameters
    ----------
    reads : sequence of str
        Modalities of the chosen model; none where no model of the cohort works with what is given.
    given : sequence of str
        Of "genes" and "slide", those that have come.
    """
    what, words = tr(FITS), listed([tr(MODALITIES[name]) for name in given])
    if not given:
        return Check(state="wait", what=what)
    if not reads:
        return Check(state="todo", what=what, to_do=tr("Give the other part too."),
                     finding=tr("no model of this cohort works with {words} alone", words=words))  # fmt: skip
    if unread := [tr(MODALITIES[name]) for name in given if name not in reads]:
        return Check(state="look", what=what, finding=tr("it does not read {words}", words=listed(unread)),
                     to_do=tr("Choose a model that reads all you gave, or leave that out."))  # fmt: skip
    return Check(state="good", what=what, finding=tr("reads {words}", words=words))
