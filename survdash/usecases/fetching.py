"""A TCGA cohort from the servers of open data: what there is, what it weighs, the download, the import."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pandas as pd

from survdash.access import require
from survdash.audit import note
from survdash.errors import InputError, NotEnoughDataError, UnknownNameError
from survdash.genes import functional_groups
from survdash.jobs.queue import file_job
from survdash.progress import Cancel, Report, silent
from survdash.settings import settings
from survdash.sources.barcode import choose_samples, codes_of
from survdash.sources.cbioportal import (
    BYTES_A_VALUE,
    STUDIES,
    Study,
    describe_study,
    fetch_entrez,
    fetch_study,
    open_cbioportal,
    study_of,
)
from survdash.sources.gdc import COHORTS, JOINED, GdcFile, data_release, fetch_cases, list_files, open_gdc, projects_of
from survdash.sources.gdc_cases import read_cases
from survdash.sources.gdc_folder import SLIDES, file_path, write_lists
from survdash.sources.importing import check_name
from survdash.sources.many_files import WantedFile, check_room, fetch_files, free_bytes, only_one
from survdash.sources.outcome_conflicts import compare_outcomes
from survdash.sources.preview import ImportReport
from survdash.sources.study_files import StudyTables, write_study
from survdash.sources.study_folder import read_study_folder
from survdash.sources.table_file import name_some
from survdash.usecases.importing import import_cohort

FETCHING = "fetch_cohort"
SOURCES = ("gdc", "cbioportal")
WHAT = ("clinical", "genes", "slides")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """What is to be fetched.

    Parameters
    ----------
    cohort : str
        TCGA's name, such as ``BLCA``.
    source : {"gdc", "cbioportal"}
        Slides are at the GDC alone.
    what : tuple of str
        Of clinical, genes, slides. Clinical records always come: they say who can be used.
    cases : int or None
        Only the first so many, by barcode, of those that have an outcome and all that is asked for.
    case_ids : tuple of str
        Only these.
    jobs : int
        Files fetched at once.
    name : str
        What the cohort is called here; "" for TCGA's name in small letters.
    folder : Path or None
        Where the files go; ``downloads/`` in the data folder by default.
    compare : bool
        Ask the other source too, and say where the two disagree.
    """

    cohort: str
    source: Literal["gdc", "cbioportal"] = "gdc"
    what: tuple[str, ...] = ("clinical", "genes")
    cases: int | None = None
    case_ids: tuple[str, ...] = ()
    jobs: int = 4
    name: str = ""
    folder: Path | None = None
    compare: bool = False

    def __post_init__(self) -> None:
        wrong = [word for word in self.what if word not in WHAT]
        if wrong or not self.what:
            raise InputError(f"{', '.join(wrong) or 'Nothing'} cannot be fetched.", hint=f"Of: {', '.join(WHAT)}.")
        if self.source not in SOURCES:
            raise InputError(f"There is no source {self.source!r}.", hint=f"Of: {', '.join(SOURCES)}.")
        if self.source == "cbioportal" and "slides" in self.what:
            raise InputError("cBioPortal has no slides.", hint="Fetch them from the GDC (--source gdc).")
        if self.cases is not None and self.cases < 1:
            raise InputError(f"{self.cases} cases cannot be fetched.", hint="Take at least one.")
        check_name(self.cohort_name)

    @property
    def cohort_name(self) -> str:
        """What the cohort is called here."""
        return self.name or self.cohort.lower().removeprefix("tcga-")

    @property
    def place(self) -> Path:
        """Folder of this download."""
        name = f"TCGA-{self.cohort.upper().removeprefix('TCGA-')}"
        root = settings().data_dir / "downloads" if self.folder is None else self.folder
        return root / self.source / (name if self.source == "gdc" else study_of(self.cohort))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FetchPlan:
    """What a download would bring.

    Parameters
    ----------
    source, release, folder : str
        Whom, in which state of its data, and where to.
    cases : tuple of str
        Who was chosen.
    events : int
        Deaths among them.
    sizes : mapping
        Kind to (number of files, bytes, bytes that are here already); of cBioPortal, values and bytes about.
    free_bytes : int
    dropped, notes : tuple of str
        Who has no outcome; what was left out, and where two sources disagree.
    """

    source: str
    release: str
    folder: str
    cases: tuple[str, ...]
    events: int
    sizes: Mapping[str, tuple[int, int, int]]
    free_bytes: int
    dropped: tuple[str, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        sizes = {
            kind: {"number": number, "bytes": size, "bytes_here": here}
            for kind, (number, size, here) in self.sizes.items()
        }
        return {
            "source": self.source, "release": self.release, "folder": self.folder, "cases": len(self.cases),
            "events": self.events, "sizes": sizes, "free_bytes": self.free_bytes, "dropped": list(self.dropped),
            "notes": list(self.notes),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FetchReport:
    """What a download brought: the plan that it kept to, the import, and what to do next."""

    plan: FetchPlan
    imported: ImportReport | None
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Prepared:
    """A plan, and the way to carry it out."""

    plan: FetchPlan
    fetch: Callable[[Report], None]


def fetchable_cohorts(source: Literal["gdc", "cbioportal"]) -> tuple[str, ...]:
    """Cohorts of TCGA that a source has; cBioPortal has colon and rectum as one alone."""
    return (*COHORTS, *JOINED) if source == "gdc" else STUDIES


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
    request: FetchRequest, *, on_plan: Callable[[FetchPlan], None] | None = None, report: Report = silent,
    cancel: Cancel | None = None,
) -> FetchReport:  # fmt: skip
    """Fetch a cohort and import it. Stopped or killed and called again, it goes on where it was.

    Parameters
    ----------
    request : FetchRequest
    on_plan : callable, optional
        Told what will come, before anything does.

    Raises
    ------
    InputError
        If the disk is too small, or what came cannot be imported.
    DownloadError, UnknownNameError, NotEnoughDataError
        As ``plan_fetch``; or a file cannot be fetched, or is not what its checksum says.
    Cancelled
        If ``cancel`` is set; what has arrived is kept.
    """
    prepared = _prepare(request, report=report, cancel=cancel)
    if on_plan is not None:
        on_plan(prepared.plan)
    with_genes = "genes" in request.what
    with only_one(request.place, report=report, cancel=cancel):
        prepared.fetch(report)
        imported = import_cohort(request.place, name=request.cohort_name, report=report) if with_genes else None
    return FetchReport(plan=prepared.plan, imported=imported, next_steps=_next_steps(request))


def file_fetch(request: FetchRequest) -> str:
    """Hand a download to the worker; returns the job's id."""
    require("import")
    note("download")
    return file_job(FETCHING, {
        "cohort": request.cohort, "source": request.source, "what": list(request.what), "cases": request.cases,
        "case_ids": list(request.case_ids), "jobs": request.jobs, "name": request.name, "compare": request.compare,
        "folder": None if request.folder is None else str(request.folder),
    })  # fmt: skip


def report_to_json(made: FetchReport) -> dict[str, Any]:
    """Plain values of what a download brought."""
    imported = made.imported
    facts = None if imported is None else {
        "name": imported.name, "cases": imported.cases, "events": imported.events, "event_rate": imported.event_rate,
        "genes": imported.genes, "slides": imported.slides, "folds": imported.folds, "dropped": list(imported.dropped),
        "notes": list(imported.notes),
    }  # fmt: skip
    return {"plan": made.plan.to_json(), "imported": facts, "next_steps": list(made.next_steps)}


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
        return _outcomes_of(describe_study(server, study_of(request.cohort), report=report))[0]


def _gdc_outcomes(request: FetchRequest, report: Report, cancel: Cancel | None) -> pd.DataFrame:
    with open_gdc(cancel) as server:
        return read_cases(fetch_cases(server, projects_of(request.cohort), report=report)).patients


def _compare(
    request: FetchRequest, ours: pd.DataFrame, others: pd.DataFrame, names: tuple[str, str]
) -> tuple[str, ...]:
    found = compare_outcomes(ours, others[others.index.isin(ours.index)], names=names)
    return (*found.notes, f"The outcomes of the first, {names[0]}, are taken.")


def _next_steps(request: FetchRequest) -> tuple[str, ...]:
    if "slides" not in request.what:
        return ()
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
    made = report_to_json(fetch_cohort(request, report=report, cancel=cancel))
    return {"name": request.cohort_name, **made}


HANDLERS: dict[str, Callable[[dict[str, Any], Report, Cancel], dict[str, Any]]] = {FETCHING: _fetch}
