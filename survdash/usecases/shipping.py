"""Make the models of real cohorts that come with survdash: trained here, written without any of their patients.

What leaves: fold weights whose hazards step at whole months, figures of the whole cohort, and the quantiles that a new
case is compared with. What stays, in the data folder: the tables, and each patient's prediction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from survdash.artefact import Artefact, load_folds, write_without_patients
from survdash.cohort import Cohort
from survdash.errors import UnknownNameError
from survdash.nets.registry import DEFAULT_MODEL, get
from survdash.progress import Cancel, Report, silent, track
from survdash.statistics.kaplan_meier import kaplan_meier
from survdash.statistics.plain_values import to_plain
from survdash.store import new_folder
from survdash.training.recipe import Recipe
from survdash.usecases.aggregates import AGGREGATES, CUTS, aggregates_to_json, monthly
from survdash.usecases.analysis import analyse_cohort, matched_predictions
from survdash.usecases.auditing import stored_audit
from survdash.usecases.closer_look import look_closer
from survdash.usecases.comparison import compare_models
from survdash.usecases.evidence import comparison_lines, write_block
from survdash.usecases.many_runs import finished_run
from survdash.usecases.model_card import about_model
from survdash.usecases.model_metrics import describe_horizons
from survdash.usecases.published import published_cancer
from survdash.usecases.studies import STUDIES, Method, Study, opened
from survdash.usecases.summary import SUMMARY, CohortSummary, content_digest, write_folds, write_summary
from survdash.usecases.training import crossval, make_recipe

TERMS = (
    "TCGA open-access data, de-identified, under the NIH Genomic Data Sharing Policy; the tables are as others "
    "prepared them and come under their repositories' terms, so they are not part of survdash."
)
METHODS = (
    Method(model="default", clinical=True), Method(model="default", weights=False), Method(model="cox_ridge"),
    Method(model="cox_ridge", clinical=True), Method(model="cox_clinical"), Method(model="glg", weights=False),
    Method(model="snn", weights=False),
)  # fmt: skip


def ship_models(
    tables: Path, *, out: Path, names: Sequence[str] = (), page: Path | None = None, jobs: int = 1,
    report: Report = silent, cancel: Cancel | None = None,
) -> dict[str, list[str]]:
    """Import, train, evaluate and write the shipped models of real cohorts; what is done already is not done again.

    Parameters
    ----------
    tables : Path
        Folder with the tables of ``STUDIES``.
    out : Path
        Folder of the shipped models.
    names : sequence of str, optional
        Which cohorts; all by default.
    page : Path, optional
        Page of the documentation whose figures of these cohorts are written anew.
    jobs : int
        Processes that share the folds.

    Returns
    -------
    dict
        Cohort to the names of its models.

    Raises
    ------
    UnknownNameError, InputError
        If a cohort is not one of them, or a table is not in the folder.
    Cancelled
        If ``cancel`` is set.
    """
    studies = {study.name: study for study in STUDIES}
    wanted = list(names) or list(studies)
    if unknown := [name for name in wanted if name not in studies]:
        raise UnknownNameError(f"No shipped cohort is called {unknown[0]!r}.", hint=f"There are: {', '.join(studies)}.")
    made = {}
    for name in wanted:
        study = studies[name]
        cohort = opened(study, tables)
        runs = [trained(cohort, method, jobs=jobs, report=report, cancel=cancel) for method in METHODS]
        made[name] = write_shipped(study, cohort, runs, out=out, report=report)
        if page is not None:
            table = compare_models(name, tuple(artefact.card.run for _, artefact in runs))
            write_block(page, name, comparison_lines(table))
    return made


def recipe_of(cohort: Cohort, method: Method) -> Recipe:
    """The method on what a cohort has of what it can look at.

    Raises
    ------
    NotEnoughDataError
        If the cohort lacks what the method needs.
    """
    known = get(DEFAULT_MODEL if method.model == "default" else method.model).modalities
    here = ("clinical",) if method.model == "cox_clinical" else cohort.modalities
    sees = tuple(name for name in (*here, *(("clinical",) if method.clinical else ())) if name in known)
    return make_recipe(cohort, model=method.model, modalities=sees, **method.changes)


def trained(
    cohort: Cohort, method: Method, *, jobs: int = 1, report: Report = silent, cancel: Cancel | None = None
) -> tuple[Method, Artefact]:
    """The run of a method, from disk if it was trained here; one that came back from a shipped model was not."""
    recipe = recipe_of(cohort, method)
    there = finished_run(cohort, recipe)
    if there is None or there.card.about:
        there = crossval(cohort, recipe, jobs=jobs, report=report, cancel=cancel)
    return method, there


def write_shipped(
    study: Study, cohort: Cohort, runs: Sequence[tuple[Method, Artefact]], *, out: Path, report: Report = silent
) -> list[str]:
    """Write the summary of a cohort and its models; returns the models' names."""
    versions = {}
    for method, artefact in track(runs, step=f"Writing the models of {study.name}", report=report):
        made = write_model(study, cohort, artefact, out=out, weights=method.weights)
        versions[artefact.card.run] = made.card.version
    table = compare_models(cohort.name, tuple(versions))
    survival = cohort.survival
    summary = CohortSummary(
        name=study.name, title=study.title, endpoint=cohort.endpoint, cases=survival.size,
        events=int(survival.event.sum()), modalities=cohort.modalities, digest=cohort.digest,
        content=content_digest(cohort), cancer=published_cancer(cohort),
        source={**cohort.source, "taken_from": study.taken_from, "terms": TERMS}, opens_with=study.command(),
        curve=monthly(kaplan_meier(survival.time_months, survival.event)),
        comparison=tuple(to_plain(row) for row in table.to_dict("records")), versions=versions,
        audit=_audits(study.name, list(versions)),
    )
    with new_folder(out / study.name) as folder:
        write_summary(folder / SUMMARY, summary)
        if cohort.folds is not None:
            write_folds(folder, cohort.folds, digest=cohort.digest)
    return [f"{study.name}-{run}" for run in versions]


def write_model(study: Study, cohort: Cohort, artefact: Artefact, *, out: Path, weights: bool) -> Artefact:
    """Write one model without its patients: weights, quantiles, figures, and a card that says all of it."""
    evaluation = shipped_evaluation(cohort, artefact)
    about = about_model(cohort, artefact, evaluation, title=study.title, taken_from=study.taken_from, terms=TERMS)
    panel = artefact.card.panel
    if panel is not None:
        mean, std, low, high = (tuple(to_plain(one)) for one in (panel.mean, panel.std, panel.low, panel.high))
        panel = replace(panel, mean=mean, std=std, low=low, high=high) if weights else None
    return write_without_patients(
        out / artefact.card.name, replace(artefact.card, about=about, panel=panel), evaluation=evaluation,
        folds=load_folds(artefact) if weights else [], references=_quantiles(artefact.references() or {}),
    )


def shipped_evaluation(cohort: Cohort, artefact: Artefact) -> dict[str, Any]:
    """What a model's out-of-fold predictions say, without the patients they are of."""
    name, run = cohort.name, artefact.card.run
    table, survival = matched_predictions(cohort, artefact)
    analyses = {cut: analyse_cohort(name, run, cut=cut) for cut in CUTS}
    looks = {cut: look_closer(analysis) for cut, analysis in analyses.items()}
    return {
        **artefact.evaluation(), "horizons": describe_horizons(table, survival),
        AGGREGATES: aggregates_to_json(analyses, looks, risk=table["risk"].to_numpy()),
    }


def _audits(cohort: str, runs: Sequence[str]) -> dict[str, Any]:
    """What audits that were made here found of these runs, without the numbers of patients who are alike."""
    found = {run: audit for run in runs if (audit := stored_audit(cohort, run)) is not None}
    for audit in found.values():
        for part in ("genes", "slide"):
            if audit["leakage"][part] is not None:
                audit["leakage"][part].pop("first")
    return found


def _quantiles(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a new case is compared with, without a row a patient: no vectors, and of distances their quantiles."""
    kept = {}
    for name, array in arrays.items():
        if name == "fused":
            continue
        known = array[~np.isnan(array)] if name.endswith(".held_out") else array
        kept[name] = np.quantile(known, np.linspace(0, 1, 101)) if name.endswith(".held_out") else known
    return kept
