"""A TCGA cohort from the servers of open data: what there is, what it weighs, the download, the import."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from survdash.access import require
from survdash.audit import note
from survdash.errors import NotEnoughDataError, UnknownNameError
from survdash.genes import functional_groups
from survdash.jobs.queue import file_job, read_job
from survdash.progress import Cancel, Report, silent
from survdash.settings import settings
from survdash.sources.barcode import choose_samples, codes_of
from survdash.sources.cbioportal import (
    BYTES_A_VALUE,
    Study,
    describe_study,
    fetch_entrez,
    fetch_study,
    open_cbioportal,
    studies_of,
    study_of,
)
from survdash.sources.gdc import GdcFile, data_release, fetch_cases, list_files, open_gdc, projects_of
from survdash.sources.gdc_cases import read_cases
from survdash.sources.gdc_folder import SLIDES, file_path, write_lists
from survdash.sources.importing import ImportRequest
from survdash.sources.many_files import WantedFile, check_room, fetch_files, free_bytes, only_one
from survdash.sources.outcome_conflicts import compare_outcomes
from survdash.sources.preview import report_to_json
from survdash.sources.study_files import StudyTables, write_study
from survdash.sources.study_folder import read_study_folder
from survdash.sources.table_file import name_some
from survdash.usecases.fetch_request import FetchPlan, FetchRequest
from survdash.usecases.importing import (
    ImportPreview,
    preview_from_json,
    preview_import,
    preview_to_json,
    request_from_json,
    request_to_json,
    run_import,
)
from survdash.usecases.library import list_runs
from survdash.usecases.transfer import learnt_expression

FETCHING = "fetch_cohort"
EXPRESSION_WORDS = {"rna": "RSEM", "zscores": "z-scores against diploid samples"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FetchReport:
    """What a download brought.

    Parameters
    ----------
    plan : FetchPlan
        What it kept to.
    preview : ImportPreview or None
        What its tables say, as every import's; None where it brought no genes, so that there is nothing to import yet.
    stored : bool
        Whether they have become a cohort.
    next_steps : tuple of str
        Commands.
    """

    plan: FetchPlan
    preview: ImportPreview | None
    stored: bool
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Prepared:
    """A plan, and the way to carry it out."""

    plan: FetchPlan
    fetch: Callable[[Report], None]


def plan_fetch(request: FetchRequest, *, report: Report = silent, cancel: Cancel | None = None) -> FetchPlan:
    """Ask what there is and how large it is; nothing is downloaded or written.

    Raises
    ------
    DownloadError
        If the server cannot be reached or answers in another form.
    UnknownNameError, NotEnoughDataError
        If there is no such cohort or case, or no case has what is asked for.
    """
    return _prepare(request, report=report, cancel=cancel).plan


def fetch_cohort(
    request: FetchRequest, *, store: bool = True, on_plan: Callable[[FetchPlan], None] | None = None,
    agree: Callable[[ImportPreview], bool] | None = None, report: Report = silent, cancel: Cancel | None = None,
) -> FetchReport:  # fmt: skip
    """Fetch a cohort, look at it as at every import, and store it. Stopped or killed and called again, it goes on.

    Parameters
    ----------
    request : FetchRequest
    store : bool
        False: fetch and say what would be stored, and store nothing.
    on_plan : callable, optional
        Told what will come, before anything does.
    agree : callable, optional
        As of ``importing.run_import``.

    Raises
    ------
    InputError
        If the disk is too small, or what came cannot be imported.
    DownloadError, UnknownNameError, NotEnoughDataError
        As ``plan_fetch``; or a file cannot be fetched, or is not what its checksum says.
    Cancelled
        If ``cancel`` is set, or ``agree`` says no; what has arrived is kept.
    """
    prepared = _prepare(request, report=report, cancel=cancel)
    if on_plan is not None:
        on_plan(prepared.plan)
    wanted, preview = request.import_request, None
    with only_one(request.place, report=report, cancel=cancel):
        prepared.fetch(report)
        if wanted is not None and store:
            preview = run_import(wanted, agree=agree, report=report, cancel=cancel)
        elif wanted is not None:
            preview = preview_import(wanted, report=report, cancel=cancel)
    return FetchReport(
        plan=prepared.plan, preview=preview, stored=store and preview is not None,
        next_steps=_next_steps(request, stored=store),
    )


def file_fetch(request: FetchRequest) -> str:
    """Hand a download to the worker, which says what would be stored and stores nothing; returns the job's id."""
    require("import")
    note("download")
    return file_job(FETCHING, {
        "cohort": request.cohort, "source": request.source, "what": list(request.what), "cases": request.cases,
        "case_ids": list(request.case_ids), "jobs": request.jobs, "name": request.name, "compare": request.compare,
        "folder": None if request.folder is None else str(request.folder), "expression": request.expression,
    })  # fmt: skip


def fetched(job_id: str) -> tuple[ImportRequest, ImportPreview]:
    """What a finished download has brought: what is to be imported, and what it says.

    Raises
    ------
    UnknownNameError
        If there is no such job, or it has brought nothing that could be imported.
    """
    job = read_job(job_id)
    result = job.result or {}
    if job.kind != FETCHING or "preview" not in result:
        raise UnknownNameError("This job has brought no cohort.", hint="Start the download again.")
    return request_from_json(result["import"]), preview_from_json(result["preview"])


def fetch_to_json(made: FetchReport) -> dict[str, Any]:
    """Plain values of what a download brought: those of an import, the plan, and what to do next."""
    told = {} if made.preview is None else report_to_json(made.preview.report)
    return told | {"stored": made.stored, "plan": made.plan.to_json(), "next_steps": list(made.next_steps)}


def _prepare(request: FetchRequest, *, report: Report, cancel: Cancel | None) -> _Prepared:
    make = _prepare_gdc if request.source == "gdc" else _prepare_cbioportal
    return make(request, report, cancel)


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _prepare_gdc(request: FetchRequest, report: Report, cancel: Cancel | None) -> _Prepared:
    projects, codes = projects_of(request.cohort), codes_of(request.cohort)
    with open_gdc(cancel) as server:
        release = data_release(server)
        hits = fetch_cases(server, projects, report=report)
        read = read_cases(hits)
        files: list[GdcFile] = []
        notes: list[str] = []
        for kind in ("genes", "slides"):
            if kind in request.what:
                found, said = list_files(server, projects, kind, codes=codes, report=report)
                files += found
                notes += said
    having = [{one.case_id for one in files if one.kind == kind} for kind in request.what if kind != "clinical"]
    chosen = _choose_cases(request, read.patients.index, having)
    files = [one for one in files if one.case_id in chosen]
    if request.compare:
        other = _cbioportal_outcomes(request, report, cancel)
        notes += _compare(request, read.patients.loc[chosen], other, ("GDC", "cBioPortal"))
    wanted = {
        kind: [
            WantedFile(url=one.url, path=file_path(request.place, one), md5=one.md5, size=one.size)
            for one in files if one.kind == kind
        ]
        for kind in request.what if kind != "clinical"
    }  # fmt: skip
    plan = FetchPlan(
        source=settings().gdc_url, release=release, folder=str(request.place), cases=tuple(chosen),
        events=int(read.patients.loc[chosen, "event"].sum()),
        sizes={
            kind: (len(of_kind), sum(one.size for one in of_kind), sum(one.bytes_here for one in of_kind))
            for kind, of_kind in wanted.items()
        },
        free_bytes=free_bytes(request.place), dropped=read.dropped, notes=tuple(notes),
    )  # fmt: skip

    def fetch(tell: Report) -> None:
        every = [one for of_kind in wanted.values() for one in of_kind]
        check_room(every, request.place)
        write_lists(
            request.place, projects=projects, release=release, fetched=_today(), url=settings().gdc_url, hits=hits,
            files=files, cases=chosen, notes=notes,
        )  # fmt: skip
        fetch_files(every, jobs=request.jobs, report=tell, cancel=cancel)

    return _Prepared(plan=plan, fetch=fetch)


def _prepare_cbioportal(request: FetchRequest, report: Report, cancel: Cancel | None) -> _Prepared:
    study_id = study_of(request.cohort)
    with open_cbioportal(cancel) as server:
        study = describe_study(server, study_id, report=report)
        patients, dropped = _outcomes_of(study)
        owners = {str(row.get("sampleId")): str(row.get("patientId")) for row in study.samples}
        chosen = _choose_cases(request, patients.index, [set(owners.values())])
        samples, said = choose_samples(
            {sample: case for sample, case in owners.items() if case in chosen}, codes_of(study_id)
        )
        notes = list(said)
        symbols = frozenset[str]().union(*functional_groups().values()) if "genes" in request.what else frozenset[str]()
        genes = fetch_entrez(server, symbols) if symbols else {}
        study, more = _choose_expression(request, study)
        notes += more
    unknown = sorted(symbols - set(genes.values()))
    if unknown:
        notes.append(f"{len(unknown)} of {len(symbols)} genes are not known to cBioPortal: {name_some(unknown)}.")
    if request.compare:
        other = _gdc_outcomes(request, report, cancel)
        notes += _compare(request, patients.loc[chosen], other, ("cBioPortal", "GDC"))
    count = len(samples) * len(genes)
    plan = FetchPlan(
        source=settings().cbioportal_url, release=f"taken in there on {study.imported or 'an unknown day'}",
        folder=str(request.place), cases=tuple(chosen), events=int(patients.loc[chosen, "event"].sum()),
        sizes={kind: (count, count * BYTES_A_VALUE, 0) for kind in study.profiles if kind != "mut" and count},
        free_bytes=free_bytes(request.place), dropped=dropped, notes=tuple(notes),
    )  # fmt: skip

    def fetch(tell: Report) -> None:
        with open_cbioportal(cancel) as again:
            wanted = study if genes else replace(study, profiles={})
            fetch_study(
                again, wanted, request.place, samples=sorted(samples), genes=genes, fetched=_today(), report=tell
            )

    return _Prepared(plan=plan, fetch=fetch)


def _choose_expression(request: FetchRequest, study: Study) -> tuple[Study, list[str]]:
    """The study with the one kind of expression that is asked for or that shipped models read, and what is said of it.

    Raises
    ------
    NotEnoughDataError
        If the study lacks what was asked for.
    """
    wanted = request.expression or ("zscores" if learnt_expression(request.usual_name) else "rsem")
    kind, other = ("rna", "zscores") if wanted == "rsem" else ("zscores", "rna")
    notes = []
    if kind not in study.profiles and other in study.profiles:
        if request.expression:
            raise NotEnoughDataError(f"Study {study.study} has no expression as {EXPRESSION_WORDS[kind]}.",
                                     hint="Leave --expression out.")  # fmt: skip
        notes.append(f"Study {study.study} has no expression as {EXPRESSION_WORDS[kind]}; it comes as "
                     f"{EXPRESSION_WORDS[other]}.")  # fmt: skip
        kind, other = other, kind
    if kind in study.profiles and not request.expression and learnt_expression(request.usual_name):
        notes.append(f"Expression comes as {EXPRESSION_WORDS[kind]}; models that come with survdash learned from "
                     "z-scores. --expression chooses.")  # fmt: skip
    return replace(study, profiles={one: name for one, name in study.profiles.items() if one != other}), notes


def _choose_cases(request: FetchRequest, usable: pd.Index, having: Sequence[set[str]]) -> list[str]:
    """Cases to fetch: all with an outcome and any of what is asked for; or those that were named, or the first few."""
    known = sorted(map(str, usable))
    if request.case_ids:
        strangers = sorted(set(request.case_ids) - set(known))
        if strangers:
            raise UnknownNameError(
                f"{len(strangers)} cases are not in {request.cohort}, or have no outcome: {name_some(strangers)}.",
                hint="Barcodes of cases look like TCGA-2F-A9KO.",
            )
        known = sorted(set(request.case_ids))
    elif request.cases is not None:
        known = [case for case in known if all(case in one for one in having)][: request.cases]
    elif having:
        known = [case for case in known if any(case in one for one in having)]
    if not known:
        raise NotEnoughDataError(f"No case of {request.cohort} has an outcome and {' and '.join(request.what)}.")
    return known


def _outcomes_of(study: Study) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Patients of a study, read as every study folder is read."""
    samples = [str(row.get("sampleId")) for row in study.samples]
    with TemporaryDirectory() as folder:
        place = Path(folder) / study.study
        write_study(place, StudyTables(
            study=study.study, description="", patients=study.patients, samples=study.samples, sequenced=(), values={},
            genes={},
        ), chosen=list(dict.fromkeys(samples)))  # fmt: skip
        read = read_study_folder(place)
    return read.patients, read.dropped


def _cbioportal_outcomes(request: FetchRequest, report: Report, cancel: Cancel | None) -> pd.DataFrame:
    with open_cbioportal(cancel) as server:
        found = [_outcomes_of(describe_study(server, one, report=report))[0] for one in studies_of(request.cohort)]
    return pd.concat(found)


def _gdc_outcomes(request: FetchRequest, report: Report, cancel: Cancel | None) -> pd.DataFrame:
    with open_gdc(cancel) as server:
        return read_cases(fetch_cases(server, projects_of(request.cohort), report=report)).patients


def _compare(
    request: FetchRequest, ours: pd.DataFrame, others: pd.DataFrame, names: tuple[str, str]
) -> tuple[str, ...]:
    found = compare_outcomes(ours, others[others.index.isin(ours.index)], names=names)
    return (*found.notes, f"The outcomes of the first, {names[0]}, are taken.")


def _next_steps(request: FetchRequest, *, stored: bool) -> tuple[str, ...]:
    if "slides" not in request.what:
        if not stored or "genes" not in request.what:
            return ()
        if any(run.has_patients for run in list_runs(request.cohort_name)):  # by shipped weights
            return (f"python -m survdash export {request.cohort_name} --out {request.cohort_name}.csv",)
        return (f"python -m survdash crossval {request.cohort_name} --model default",)
    bags = request.place / "bags"
    return (
        f"python -m survdash embed {request.place / SLIDES} --out {bags}",
        f"python -m survdash import-cohort {request.place} --name {request.cohort_name} --features {bags}",
    )


def _fetch(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    folder = payload["folder"]
    request = FetchRequest(**payload | {
        "what": tuple(payload["what"]), "case_ids": tuple(payload["case_ids"]),
        "folder": None if folder is None else Path(folder),
    })  # fmt: skip
    made = fetch_cohort(request, store=False, report=report, cancel=cancel)
    told: dict[str, Any] = {"name": request.cohort_name, "next_steps": list(made.next_steps)}
    if request.import_request is not None and made.preview is not None:
        told |= {"import": request_to_json(request.import_request), "preview": preview_to_json(made.preview)}
    return told


HANDLERS: dict[str, Callable[[dict[str, Any], Report, Cancel], dict[str, Any]]] = {FETCHING: _fetch}
