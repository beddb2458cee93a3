"""What an import found, drawn: before anything is stored on the import page, and afterwards on the cohort's own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.figures.survival import plot_groups
from survdash.figures.words import percent_text
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.sources.outcome_check import LONGEST_MONTHS
from survdash.stamp import stamp
from survdash.statistics.kaplan_meier import KaplanMeier
from survdash.ui.figure_view import show_figure
from survdash.ui.glossary import define
from survdash.ui.piece import facts, number_card
from survdash.ui.prose import NOT_KNOWN, escape

LONGEST_YEARS = 10  # beyond, few patients are left in any cohort and the curve says little
MOST_TICKS = 6
FOLLOW_UP = later("Median follow-up by the reverse Kaplan-Meier estimate: how long patients were watched, deaths "
                  "aside.")
KINDS = {"rna": later("Expression (rna)"), "cnv": later("Copy number (cnv)"), "mut": later("Mutation (mut)")}


def show_report(told: usecases.ImportReport, curve: KaplanMeier, *, page: str) -> None:
    """Numbers, doubts, curve, what is left out, and the tables in tabs.

    Parameters
    ----------
    told : ImportReport
    curve : KaplanMeier
        Of all patients.
    page : str
        First half of the widgets' keys.
    """
    for words in told.doubts:
        st.warning(escape(retell(words)), icon=":material/warning:")
    _show_numbers(told)
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_curve(curve, page=page, name=told.name)
    with right:
        _show_lists(told)
    show_tables(told, page=page)


def show_curve(curve: KaplanMeier, *, page: str, name: str) -> None:
    """The outcome of all patients: a flipped status or days taken for months show here."""
    years = max(1, math.ceil(curve.last_follow_up / 12))
    if curve.last_follow_up <= LONGEST_MONTHS:  # beyond, it is doubted and drawn to its end
        years = min(years, LONGEST_YEARS)
    horizon, step = 12 * years, 12 * math.ceil(years / MOST_TICKS)
    st.markdown(tr("**How long the patients live**"),
                help=tr("Kaplan-Meier estimate of all patients with its 95 % band."))
    show_figure(
        plot_groups({later("all patients"): curve}, horizon_months=horizon, at_risk_times=range(0, horizon + 1, step)),
        key=f"{page}.km", name=f"{name}_km", title=tr("How long the patients live"), stamp=stamp({"cohort": name}),
        alt=tr("Share of all patients alive over the months, with numbers at risk below."),
    )
    if curve.last_follow_up > horizon:
        st.caption(tr("Drawn up to {years} years; the longest follow-up is {longest:,.0f} months.", years=years,
                      longest=curve.last_follow_up))


def _show_numbers(told: usecases.ImportReport) -> None:
    with st.container(horizontal=True):
        lines = tr("of {count:,} lines", count=told.lines) if told.lines else ""
        number_card(tr("Patients"), f"{told.cases:,}", lines or tr("in the cohort"))
        number_card(tr("Deaths"), f"{told.events:,}", percent_text(told.event_rate, patients=told.cases))
        number_card(tr("Median follow-up"), _months(told.median_follow_up_months), tr("months"),
                    help=tr(FOLLOW_UP))
        number_card(tr("Median survival"), _months(told.median_survival_months), tr("months"),
                    help=define("median_survival"))
        slides = tr("of {count:,} patients", count=told.cases_with_slides) if told.encoder \
            else tr("named, without features")
        number_card(tr("Slides"), f"{told.slides:,}", slides)
        number_card(tr("Gene columns"), f"{told.genes:,}", tr("in {count} groups", count=len(told.gene_groups)))
        number_card(tr("Folds"), str(told.folds or NOT_KNOWN), retell(told.fold_origin) or tr("not known"))


def _months(value: float | None) -> str:
    return tr("not reached") if value is None else f"{value:.1f}"


def _show_lists(told: usecases.ImportReport) -> None:
    st.markdown(tr("**What is left out, and what to know**"))
    _bullets(tr("Patients left out"), told.dropped, none=tr("Nobody is left out."))
    _bullets(tr("Stands more than once"), told.duplicates)
    _bullets(tr("Columns not used"), told.ignored, most=8)
    _bullets(tr("Notes"), told.notes)


def _bullets(title: str, rows: Sequence[str], *, none: str = "", most: int = 20) -> None:
    if not rows:
        if none:
            st.markdown(f":material/check: {none}")
        return
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f"**{title}**")
        rest = [tr("and {count} more", count=len(rows) - most)] if len(rows) > most else []
        st.markdown("\n".join(f"- {escape(retell(row))}" for row in [*rows[:most], *rest]))


def show_tables(told: usecases.ImportReport, *, page: str) -> None:
    """Columns, genes, folds, files and the patients left out, each in its tab."""
    tabs = st.tabs([tr("Patient table"), tr("Genes"), tr("Folds"), tr("Left out"), tr("Files")])
    with tabs[0]:
        st.dataframe(_columns(told), hide_index=True, height="content" if len(told.columns) < 20 else 500,
                     key=f"{page}.columns", alt=tr("Each column of the patient table with its type, range and gaps."))
    with tabs[1]:
        _show_genes(told, page=page)
    with tabs[2]:
        _show_folds(told, page=page)
    with tabs[3]:
        _show_left_out(told, page=page)
    with tabs[4]:
        show_sources(told)


def _columns(told: usecases.ImportReport) -> pd.DataFrame:
    return pd.DataFrame({
        tr("Column"): [one.name for one in told.columns],
        tr("Type"): [tr(one.kind) for one in told.columns],
        tr("Missing"): [one.missing for one in told.columns],
        tr("Different values"): [one.distinct for one in told.columns],
        tr("Values"): [_values(one) for one in told.columns],
    })  # fmt: skip


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _values(one: Any) -> str:
    if one.kind == "number":
        return "" if one.low is None else tr("{low} to {high}", low=_number(one.low), high=_number(one.high))
    return ", ".join(f"{word} ({count:,})" for word, count in one.values)


def _show_genes(told: usecases.ImportReport, *, page: str) -> None:
    if not told.gene_kinds:
        st.caption(tr("No gene table was given."))
        return
    kinds = pd.DataFrame({
        tr("Kind"): [tr(KINDS.get(one.kind, one.kind)) for one in told.gene_kinds],
        tr("Columns"): [one.columns for one in told.gene_kinds],
        tr("Patients"): [one.patients for one in told.gene_kinds],
        tr("Missing values"): [one.missing for one in told.gene_kinds],
        tr("Lowest"): [_short(one.low) for one in told.gene_kinds],
        tr("Middle"): [_short(one.middle) for one in told.gene_kinds],
        tr("Highest"): [_short(one.high) for one in told.gene_kinds],
    })  # fmt: skip
    st.dataframe(kinds, hide_index=True, key=f"{page}.kinds",
                 alt=tr("Gene columns by kind with the range of their values."))
    st.caption(tr(
        "Expression as z-scores lies around 0 and mostly between −3 and 3; counts and TPM are never below 0."))
    groups = pd.DataFrame({
        tr("Functional group"): [tr(one.title) for one in told.gene_groups],
        tr("Genes found"): [one.found for one in told.gene_groups],
        tr("of"): [one.of for one in told.gene_groups],
        tr("Share"): [_percent(one.found, one.of) for one in told.gene_groups],
        tr("Columns"): [one.columns for one in told.gene_groups],
    })  # fmt: skip
    share = st.column_config.ProgressColumn(tr("Share"), format="%d %%", min_value=0, max_value=100)
    st.dataframe(groups, hide_index=True, column_config={tr("Share"): share}, key=f"{page}.groups",
                 alt=tr("How many genes of each functional group the table has."))


def _short(value: float | None) -> float | None:
    """With three decimals at most, so that a screen reader says what is seen."""
    return None if value is None else round(value, 3 if abs(value) < 1000 else 0)


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


def _show_folds(told: usecases.ImportReport, *, page: str) -> None:
    if not told.fold_table:
        st.caption(tr("There are no folds, so no model can be trained: too few patients died."))
        return
    st.caption(tr("Origin: {origin}. Each patient is held out in one fold at most.",
                  origin=escape(retell(told.fold_origin) or tr("not known"))))
    table = pd.DataFrame({
        tr("Fold"): [one.fold + 1 for one in told.fold_table],
        tr("Held out"): [one.patients for one in told.fold_table],
        tr("Died"): [one.events for one in told.fold_table],
        tr("Share"): [_percent(one.events, one.patients) for one in told.fold_table],
    })  # fmt: skip
    share = st.column_config.NumberColumn(tr("Died, share"), format="%d %%")
    st.dataframe(table, hide_index=True, column_config={tr("Share"): share}, key=f"{page}.folds",
                 alt=tr("Patients and deaths held out in each fold."))


def _show_left_out(told: usecases.ImportReport, *, page: str) -> None:
    if not told.left_out:
        st.caption(tr("This kind of table names them in the list above.") if told.dropped
                   else tr("Nobody is left out."))  # fmt: skip
        return
    table = pd.DataFrame({
        tr("Line"): [one.line for one in told.left_out], tr("Patient"): [one.case_id for one in told.left_out],
        tr("Why"): [retell(one.reason) for one in told.left_out],
    })  # fmt: skip
    st.dataframe(table, hide_index=True, key=f"{page}.left_out",
                 alt=tr("Each patient left out, with line and reason."))


def show_sources(told: usecases.ImportReport) -> None:
    """Each file with its checksum, and when and by what it was imported."""
    who = tr("{when} by {software}", when=told.made, software=told.software) if told.made and told.software \
        else told.made or told.software or tr("not known")
    rows = {tr("Imported"): escape(who)}
    for part, about in told.sources.items():
        if isinstance(about, Mapping):
            rows[escape(tr(part.capitalize()))] = escape(_source_words(about))
    facts(rows)


def _source_words(about: Mapping[str, Any]) -> str:
    words = []
    for key, value in about.items():
        if key == "columns" and isinstance(value, list):
            words.append(tr("{count} columns", count=len(value)))
        elif isinstance(value, Mapping):
            inner = [f"{name} {str(one)[:16]}" for name, one in value.items()]
            words.append(f"{key}: " + ", ".join(inner[:8]) + (" …" if len(inner) > 8 else ""))
        elif value is not None and value != "":
            said = str(value) if key == "file" else f"{key}: {retell(str(value))}"
            words.append(f"SHA-256 {value}" if key == "sha256" else said)
    return "; ".join(words)
