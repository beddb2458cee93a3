"""What becomes of a cohort once it is here: taken back, deleted, carried to another machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from survdash.access import require
from survdash.artefact import read_artefact
from survdash.audit import note
from survdash.case import Survival
from survdash.cohort import Cohort
from survdash.errors import ArtefactError, CohortError, InputError, SurvdashError
from survdash.jobs.queue import file_job
from survdash.progress import Cancel, Report, silent
from survdash.settings import SHIPPED_MODELS
from survdash.sources.archive import Archive, read_archive, read_outcome, unpack_archive, write_archive
from survdash.sources.cohort_folder import MANIFEST, read_cohort
from survdash.sources.cohort_states import RUNS, delete_states, previous_state, swap_states
from survdash.sources.importing import check_name
from survdash.statistics.kaplan_meier import KaplanMeier, kaplan_meier
from survdash.store import folder_bytes
from survdash.usecases.explaining import forget_explanations
from survdash.usecases.jobs_of_cohort import jobs_of, name_jobs, stop_jobs
from survdash.usecases.library import cohort_folder, list_artefacts, open_cohort

UNPACK = "import_archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousState:
    """What the last import of a cohort replaced: when it was made, how large it is, which models it has."""

    cases: int
    events: int
    made: str
    runs: tuple[str, ...]
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArchivePreview:
    """What an archive says that it holds, the report of its import among it, and the outcome of its patients."""

    archive: Archive
    curve: KaplanMeier


def previous_facts(name: str) -> PreviousState | None:
    """What undoing the last import of a cohort would bring back; None where nothing is kept, or it is damaged."""
    require("view", name)
    folder = previous_state(cohort_folder(name))
    if not folder.is_dir():
        return None
    try:
        cohort = read_cohort(folder)
    except SurvdashError:
        return None
    return PreviousState(
        cases=len(cohort.patients), events=int(cohort.patients["event"].sum()),
        made=str(cohort.source.get("imported", "")), bytes=folder_bytes(folder),
        runs=tuple(sorted(path.name for path in (folder / RUNS).glob("[!.]*") if path.is_dir())),
    )


def own_folder(name: str) -> Path | None:
    """The folder of a cohort that was imported here; None for one that came with survdash."""
    folder = cohort_folder(name)
    return folder if (folder / MANIFEST).is_file() else None


def undo_import(name: str) -> Cohort:
    """Bring back what the last import of a cohort replaced, its trained models too; a second time undoes that.

    Raises
    ------
    UnknownNameError
        If nothing was replaced.
    """
    require("import", name)
    swap_states(cohort_folder(name))
    note("undo import", cohort=name)
    return open_cohort(name)


def delete_cohort(name: str, *, only_previous: bool = False, stop: bool = False) -> int:
    """Delete a cohort of this machine, its models and its previous state, or that state alone; return the bytes.

    With the cohort go the explanations of its patients that its models have given.

    Parameters
    ----------
    name : str
    only_previous : bool
    stop : bool
        Cancel the jobs that wait or run for the cohort, and wait until they have ended.

    Raises
    ------
    CohortError
        If it came with survdash; or jobs wait or run for it, and are not to be stopped or do not stop.
    UnknownNameError
        If there is no such cohort, or no such state.
    """
    require("delete", name)
    _refuse_shipped(name, "deleted")
    folder = cohort_folder(name)
    if not only_previous and folder.is_dir() and (jobs := jobs_of(name)):
        if not stop:
            raise CohortError(f"Cohort {name!r} is in use: {name_jobs(jobs)}.",
                              hint="Wait for the end, or let it be stopped (--stop-jobs): what it has made is lost.")
        stop_jobs(jobs)
    runs = {f"{name}-{run.name}" for state in (folder, previous_state(folder)) for run in (state / RUNS).glob("[!.]*/")}
    freed = folder_bytes(previous_state(folder)) + (0 if only_previous else folder_bytes(folder))
    delete_states(folder, only_previous=only_previous)
    if not only_previous:
        forget_explanations(runs)
    note("delete", cohort=name, detail="only the state before the last import" if only_previous else "")
    return freed


def export_archive(
    name: str, out: Path, *, with_runs: bool = True, report: Report = silent, cancel: Cancel | None = None
) -> Archive:
    """Pack a cohort and, unless told otherwise, its trained models into one file.

    Raises
    ------
    InputError
        If ``out`` is a folder.
    CohortError
        If the cohort came with survdash, or is damaged.
    UnknownNameError
        If there is no such cohort.
    """
    require("export", name)
    note("export archive", cohort=name)
    _refuse_shipped(name, "exported: every machine with survdash has it")
    if out.is_dir():
        raise InputError(f"{out} is a folder.", hint="Name a file, for instance cohort.zip.")
    open_cohort(name)
    folder = cohort_folder(name)
    runs = [one.folder.name for one in list_artefacts(name) if one.folder.parent == folder / RUNS] if with_runs else []
    return write_archive(folder, out, runs=runs, report=report, cancel=cancel)


def preview_archive(path: Path) -> ArchivePreview:
    """Look into an archive before it is taken in: its list, the report of its import, the outcome of its patients.

    Raises
    ------
    CohortError, ClinicalError
        If it is refused, or its report is not of its patients.
    """
    archive = read_archive(path)
    patients = read_outcome(archive)
    survival = Survival(time_months=patients["time_months"].to_numpy(), event=patients["event"].to_numpy())
    told = archive.report
    if told is not None and (told.cases, told.events) != (len(patients), int(survival.event.sum())):
        raise CohortError(f"The report in {path.name} tells of {told.cases} patients and {told.events} deaths, its "
                          f"table of {len(patients)} and {int(survival.event.sum())}.",
                          hint="Ask whoever gave you the archive for a new one.")
    return ArchivePreview(archive=archive, curve=kaplan_meier(survival.time_months, survival.event))


def import_archive(path: Path, *, report: Report = silent, cancel: Cancel | None = None) -> Archive:
    """Take in the cohort of an archive under its own name; an older one of that name becomes its previous state.

    Raises
    ------
    CohortError, ArtefactError, BagError
        If the archive is refused; nothing is then changed.
    """
    archive = read_archive(path)
    unpack_archive(archive, cohort_folder(check_name(archive.name)), check_run=_check_run, report=report, cancel=cancel)
    return archive


def file_archive(path: Path) -> str:
    """Hand the import of an archive to the worker; returns the job's id."""
    require("import")
    note("import archive")
    check_name(read_archive(path).name)
    return file_job(UNPACK, {"path": str(path)})


def _take_in(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    archive = import_archive(Path(payload["path"]), report=report, cancel=cancel)
    return {"name": archive.name, "runs": list(archive.runs)}


HANDLERS = {UNPACK: _take_in}


def _check_run(folder: Path, cohort: Cohort) -> None:
    artefact = read_artefact(folder)
    card = artefact.card
    if (card.cohort, card.cohort_digest) != (cohort.name, cohort.digest) or card.name != f"{cohort.name}-{card.run}":
        raise ArtefactError(f"Model {folder.name} in the archive is of another cohort, or of another state of it.")
    unlisted = sorted({path.name for path in folder.iterdir()} - set(card.files) - {"card.json"})
    if unlisted:
        raise ArtefactError(f"Model {folder.name} in the archive holds files that its card does not name: {unlisted}.")
    for name in card.files:
        artefact.file(name)
    artefact.evaluation()


def _refuse_shipped(name: str, done: str) -> None:
    folder = cohort_folder(name)
    if (SHIPPED_MODELS / name / MANIFEST).exists() and not (folder / MANIFEST).exists():
        raise CohortError(f"Cohort {name!r} came with survdash and cannot be {done}.")
