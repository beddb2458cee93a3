"""Bring a cohort in: look first, then import; the command line and the page share both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from survdash.access import require
from survdash.audit import note
from survdash.case import Survival
from survdash.cohort import PATIENT_COLUMNS, Cohort
from survdash.errors import Cancelled, CohortError, InputError
from survdash.jobs.queue import file_job
from survdash.progress import Cancel, Report, silent
from survdash.sources.cohort_states import RUNS, previous_state
from survdash.sources.feature_table import FeatureTable
from survdash.sources.identity_check import identity_hints
from survdash.sources.importing import Gathered, ImportRequest, check_name, describe, gather, store
from survdash.sources.outcome_check import doubt_outcome, words_of_death
from survdash.sources.preview import (
    ImportReport,
    Outcome,
    describe_columns,
    describe_folds,
    describe_genes,
    describe_groups,
    doubt_folds,
    read_report,
    report_from_json,
    report_to_json,
)
from survdash.sources.table_file import name_some
from survdash.statistics.kaplan_meier import KaplanMeier, kaplan_meier
from survdash.statistics.leaks import find_leaks
from survdash.store import digest
from survdash.usecases.jobs_of_cohort import jobs_of, name_jobs
from survdash.usecases.library import cohort_folder, open_cohort, open_facts
from survdash.usecases.summary import content_digest, shipped_summary, summary_names
from survdash.usecases.transfer import plan_transfer, say_transfer, tcga_name

IMPORT = "import_cohort"
# OncoTree codes of the patients of TCGA's projects.
CANCERS: Mapping[str, frozenset[str]] = MappingProxyType({
    **{code: frozenset({code}) for code in ("BLCA", "LUAD", "LUSC", "HNSC", "GBM", "COAD", "READ", "ESCA", "UCS")},
    "BRCA": frozenset({"IDC", "ILC", "MDLC", "IMMC", "MBC", "BRCA", "PD", "ACBC", "SPC", "BRCNOS", "MPT"}),
    "KIRC": frozenset({"CCRCC"}), "KIRP": frozenset({"PRCC"}), "LIHC": frozenset({"HCC", "HCCIHCH", "FLC"}),
    "LGG": frozenset({"OAST", "ODG", "AASTR", "AOAST", "ASTR"}), "PAAD": frozenset({"PAAD", "UCP"}),
    "SKCM": frozenset({"SKCM", "MEL", "DESM", "ACRM", "SKLMM"}), "UCEC": frozenset({"UCEC", "UEC", "USC"}),
    "STAD": frozenset({"STAD", "TSTAD", "DSTAD", "MSTAD", "SSRCC", "PSTAD"}),
})
# of an ImportRequest
PATHS = ("table", "folds", "features", "clinical", "mapping", "genes", "gene_groups", "slide_map")
EMPTY = "Give a gene table (--genes) or slide features (--features) beside it."
SAME_CANCER = 0.9  # of the patients whose code is known
LANDMARKS = (12.0, 36.0, 60.0)  # months after which the share alive is told


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImportPreview:
    """What an import would store: the report, and the outcome of its patients as a curve."""

    report: ImportReport
    curve: KaplanMeier


def preview_import(
    request: ImportRequest, *, report: Report = silent, cancel: Cancel | None = None
) -> ImportPreview:
    """Read and check everything and say what would be stored; nothing is written.

    Raises
    ------
    InputError, NotEnoughDataError
        As the import itself would.
    """
    gathered = gather(request, report=report, cancel=cancel)
    return ImportPreview(report=_describe(gathered), curve=_curve(gathered.patients))


def import_cohort(
    table: Path,
    *,
    name: str,
    folds: Path | None = None,
    features: Path | None = None,
    clinical: Path | None = None,
    by_site: bool = False,
    mapping: Path | None = None,
    genes: Path | None = None,
    gene_groups: Path | None = None,
    slide_map: Path | None = None,
    encoder: str | None = None,
    link: bool = False,
    report: Report = silent,
    cancel: Cancel | None = None,
) -> ImportReport:
    """Import tables as the cohort ``name`` of this machine; the parts are those of ``sources.importing.ImportRequest``.

    What stood under this name becomes the cohort's previous state (``undo_import``).
    """
    request = ImportRequest(
        table=table, name=name, folds=folds, features=features, clinical=clinical, by_site=by_site,
        mapping=mapping, genes=genes, gene_groups=gene_groups, slide_map=slide_map, encoder=encoder, link=link,
    )
    return run_import(request, report=report, cancel=cancel).report


def run_import(
    request: ImportRequest, *, seen: str | None = None, agree: Callable[[ImportPreview], bool] | None = None,
    report: Report = silent, cancel: Cancel | None = None,
) -> ImportPreview:  # fmt: skip
    """Import what a request names; the same report is returned and stored with the cohort.

    Where models came with survdash that were trained on just these tables, or on the same patients of TCGA as another
    source has them, their patients' predictions come back (``opening``).

    Parameters
    ----------
    request : ImportRequest
    seen : str, optional
        Digest of the files that were looked at (``sources_digest``); with others nothing is stored.
    agree : callable, optional
        Shown what would be stored, before it is; nothing is where it answers False.

    Raises
    ------
    InputError, NotEnoughDataError
        If a file is at fault; an older cohort of this name stays as it was.
    Cancelled
        Also where ``agree`` says no.
    """
    gathered = gather(request, report=report, cancel=cancel)
    preview = ImportPreview(report=_describe(gathered), curve=_curve(gathered.patients))
    if seen is not None and sources_digest(preview.report) != seen:
        raise InputError("The files of this import have changed since they were looked at: nothing was stored.",
                         hint="Look at them again, then start the import.")
    if gathered.genes is None and gathered.bags is None:  # said before anybody is asked
        raise CohortError(f"Cohort {request.name} has neither genes nor slides.", hint=EMPTY)
    if agree is not None and not agree(preview):
        raise Cancelled("Nothing was stored.")
    store(gathered, preview.report, target=cohort_folder(request.name), report=report, cancel=cancel)
    if request.name in summary_names():
        from survdash.usecases.opening import open_shipped

        open_shipped(open_cohort(request.name), report=report)
    elif tcga_name(gathered.source) in summary_names():
        from survdash.usecases.opening import open_brought

        open_brought(open_cohort(request.name), report=report)
    return preview


def cohort_report(name: str) -> ImportReport:
    """The report that the import of a cohort stored; of an older or shipped cohort what its tables still say.

    Raises
    ------
    UnknownNameError, CohortError
        If there is no such cohort, or it or its report is damaged.
    """
    open_facts(name)  # raises where there is none, or it is damaged
    stored = read_report(cohort_folder(name))
    return report_of(open_cohort(name)) if stored is None else stored


def report_of(cohort: Cohort) -> ImportReport:
    """What a stored cohort says of itself; what its import left out is not known."""
    patients, folds = cohort.patients, describe_folds(cohort.folds, cohort.patients)
    outcome, events, origin = find_outcome(patients), int(patients["event"].sum()), cohort.bag_origin
    made = cohort.source.get("folds")
    said_dead = words_of_death(patients.drop(columns=list(PATIENT_COLUMNS)))
    told = doubt_outcome(patients, said_dead=said_dead, cohort=cohort.name)
    return ImportReport(
        name=cohort.name, cases=len(patients), events=events, event_rate=events / len(patients),
        median_follow_up_months=outcome.median_follow_up_months,
        median_survival_months=outcome.median_survival_months, alive=outcome.alive, slides=len(cohort.slides),
        cases_with_slides=int(cohort.slides.nunique()), dropped=(), folds=len(folds),
        genes=0 if cohort.genes is None else cohort.genes.shape[1],
        notes=("No report was stored with this cohort: what was left out when it was made is not known.",),
        doubts=(*told, *doubt_folds(folds)), columns=describe_columns(patients),
        gene_kinds=describe_genes(cohort.genes), gene_groups=describe_groups(cohort.gene_groups), fold_table=folds,
        fold_origin=str(made["made"]) if isinstance(made, dict) and "made" in made else "", endpoint=cohort.endpoint,
        encoder="" if origin is None else f"{origin.encoder}, {origin.dim} wide", sources=dict(cohort.source),
        made=str(cohort.source.get("imported", "")), software="",
    )


def cancer_of(told: ImportReport) -> str | None:
    """TCGA's abbreviation of the cancer that nine of ten patients with an OncoTree code have; None where there is none.

    A cohort's name says nothing, because everybody may choose it.
    """
    column = next((one for one in told.columns if one.name == "oncotree_code"), None)
    if column is None or column.missing > told.cases / 2:
        return None
    known = told.cases - column.missing
    for cancer, codes in CANCERS.items():
        if sum(count for word, count in column.values if word.strip().upper() in codes) >= SAME_CANCER * known:
            return cancer
    return None


def cohort_curve(name: str) -> KaplanMeier:
    """The outcome of all patients of a cohort."""
    return _curve(open_facts(name).patients)


def find_outcome(patients: pd.DataFrame) -> Outcome:
    """Median follow-up by the reverse Kaplan-Meier estimate (Schemper and Smith 1996), and the share alive later.

    Parameters
    ----------
    patients : DataFrame
        Columns ``time_months`` (above zero) and ``event``.
    """
    survival = _survival(patients)
    followed = kaplan_meier(survival.time_months, ~survival.event).median
    curve = _curve(patients)
    reached = [month for month in LANDMARKS if month <= curve.last_follow_up]
    alive = curve.at(reached)[0] if reached else np.empty(0)
    return Outcome(
        median_follow_up_months=_or_none(followed), median_survival_months=_or_none(curve.median),
        alive=tuple((month, float(share)) for month, share in zip(reached, alive, strict=True)),
    )


def sources_digest(told: ImportReport) -> str:
    """Key of all files that an import read, the mapping of their columns included; the day is left out."""
    return digest({part: about for part, about in report_to_json(told)["sources"].items() if part != "imported"})


def file_import(request: ImportRequest, *, seen: ImportReport | None = None) -> str:
    """Hand an import to the worker, which stores nothing if the files are not those of ``seen``; the job's id."""
    require("import", request.name)
    note("import", cohort=request.name)
    check_name(request.name)
    told = {} if seen is None else {"seen": sources_digest(seen)}
    return file_job(IMPORT, request_to_json(request) | told)


def request_to_json(request: ImportRequest) -> dict[str, Any]:
    """Plain JSON values; files as their paths."""
    values = {one.name: getattr(request, one.name) for one in fields(request)}
    return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}


def request_from_json(values: dict[str, Any]) -> ImportRequest:
    """The request of ``request_to_json``.

    Raises
    ------
    InputError
        If it is of another version of survdash.
    """
    known = {one.name for one in fields(ImportRequest)}
    if not values.keys() <= known:
        raise InputError("Another version of survdash filed this import.", hint="Start it again.")
    paths = {name for name in PATHS if values.get(name) is not None}
    return ImportRequest(**(values | {name: Path(values[name]) for name in paths}))


def preview_to_json(preview: ImportPreview) -> dict[str, Any]:
    """Plain JSON values; of the curve the counts at each time, which it is made of again."""
    curve = preview.curve
    counts = {name: getattr(curve, name).tolist() for name in ("time", "events", "censored")}
    return {"report": report_to_json(preview.report), "curve": counts}


def preview_from_json(values: Mapping[str, Any]) -> ImportPreview:
    """The preview of ``preview_to_json``.

    Raises
    ------
    CohortError
        If it is of a newer survdash.
    """
    times, events, censored = (np.asarray(values["curve"][name]) for name in ("time", "events", "censored"))
    died = np.repeat(np.tile([True, False], times.size), np.stack([events, censored], axis=1).ravel())
    return ImportPreview(
        report=report_from_json(values["report"]), curve=kaplan_meier(np.repeat(times, events + censored), died)
    )


def _import(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    values = dict(payload)
    seen = values.pop("seen", None)
    return report_to_json(run_import(request_from_json(values), seen=seen, report=report, cancel=cancel).report)


HANDLERS: dict[str, Callable[[dict[str, Any], Report, Cancel], dict[str, Any]]] = {IMPORT: _import}


def _describe(gathered: Gathered) -> ImportReport:
    target = cohort_folder(gathered.name)
    empty = [f"There are neither genes nor slide features, and so it cannot be stored yet. {EMPTY}"]
    lacks_all = gathered.genes is None and gathered.bags is None
    doubts = [*(empty if lacks_all else ()), *identity_hints(gathered.patients), *_say_leaks(gathered)]
    notes, hidden = _say_shipped(gathered)
    return describe(gathered, find_outcome(gathered.patients), notes=[*_say_replaced(target), *notes],
                    doubts=[*doubts, *hidden])  # fmt: skip


def _say_shipped(gathered: Gathered) -> tuple[list[str], list[str]]:
    """What becomes of the models of this cancer or name that come with survdash: notes, doubts where they are lost."""
    if (plan := plan_transfer(gathered)) is not None:
        return say_transfer(plan, name=gathered.name), []
    told = shipped_summary(gathered.name)
    if told is None:
        return [], []
    if told.content == content_digest(gathered):
        return [f"These are the tables that the models of {told.title} which come with survdash were trained on: their "
                "patients open with it, each predicted by the fold that held him or her out."], []  # fmt: skip
    return [], [f"Models of {told.title} come with survdash under the name {gathered.name}, trained on other tables: "
                "they will not show while this cohort has it. Another name keeps both."]  # fmt: skip


def _say_leaks(gathered: Gathered) -> list[str]:
    """Slide features that know the outcome, each patient's first slide alone."""
    if not isinstance(gathered.bags, FeatureTable):
        return []
    slides = gathered.bags.slides.drop_duplicates()
    survival = _survival(gathered.patients.loc[slides])
    features = gathered.bags.values.loc[slides.index]
    return [leak.words for leak in find_leaks(features, list(map(str, features)), survival.time_months, survival.event)]


def _say_replaced(target: Path) -> list[str]:
    """What becomes of a cohort of the same name, its models, and the state before it."""
    if not target.exists():
        return []
    runs = sorted(path.name for path in (target / RUNS).glob("[!.]*") if path.is_dir())
    models = f", its {len(runs)} trained models with it ({name_some(runs)})" if runs else ""
    words = [f"A cohort of this name is here and is replaced{models}; 'undo-import {target.name}' brings it back."]
    if jobs := [job for job in jobs_of(target.name) if job.kind not in (IMPORT, "fetch_cohort")]:
        words.append(f"It is in use: {name_jobs(jobs)}. What a training of it makes is not kept once it is replaced.")
    if previous_state(target).exists():
        words.append("The state that the import before that replaced is deleted: one is kept.")
    return words


def _curve(patients: pd.DataFrame) -> KaplanMeier:
    survival = _survival(patients)
    return kaplan_meier(survival.time_months, survival.event)


def _survival(patients: pd.DataFrame) -> Survival:
    return Survival(time_months=patients["time_months"].to_numpy(), event=patients["event"].to_numpy())


def _or_none(months: float) -> float | None:
    return None if np.isnan(months) else float(months)
