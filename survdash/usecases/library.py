"""What is on this machine: cohorts and trained models, shipped with survdash or made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from survdash.artefact import PREDICTIONS, Artefact, Card, read_artefact
from survdash.cohort import Cohort
from survdash.errors import ArtefactError, CohortError, SurvdashError, UnknownNameError
from survdash.nets.registry import DEFAULT_MODEL, MODELS, PAPERS_MODEL
from survdash.settings import SHIPPED_MODELS, settings
from survdash.sources.cohort_folder import MANIFEST, read_cohort, read_digest, read_facts
from survdash.sources.cohort_states import settle, settle_all
from survdash.sources.importing import NAME
from survdash.store import digest
from survdash.training.recipe import Recipe
from survdash.usecases.summary import CohortSummary, shipped_summary, summary_names

DEMO = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortEntry:
    """One line of the list of cohorts; ``patients_here`` is False where only models and figures come with survdash."""

    name: str
    title: str
    simulated: bool
    cases: int
    events: int
    modalities: tuple[str, ...]
    patients_here: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunEntry:
    """One trained and evaluated model of a cohort; ``name`` is the model, with its modality where it uses fewer.

    ``can_predict`` is False where its weights did not come with it, ``has_patients`` where its patients' predictions
    did not: then only figures are told.

    C-indices of two runs can be set beside each other where ``judged_on`` is the same: same patients in same folds.
    """

    name: str
    model: str
    title: str
    modalities: tuple[str, ...]
    cindex_mean: float
    cindex_sd: float
    judged_on: tuple[object, ...]
    card: dict[str, object]
    can_predict: bool = True
    has_patients: bool = True


def cohort_folder(name: str) -> Path:
    """Where a cohort of this machine lies, or would lie.

    Raises
    ------
    UnknownNameError
        If ``name`` could not be a cohort's name.
    """
    if not NAME.fullmatch(name):
        raise UnknownNameError(f"No cohort is called {name[:64]!r}.", hint="Pick one from the list.")
    return settings().data_dir / "cohorts" / name


def open_cohort(name: str) -> Cohort:
    """Read a cohort.

    Raises
    ------
    UnknownNameError
        If there is none of this name.
    CohortError
        If its folder is damaged.
    """
    return _open(name, read_cohort)


def open_facts(name: str) -> Cohort:
    """A cohort without the values of its genes (``genes`` has its rows and no column); raises as ``open_cohort``.

    It is read once for each state of its files and shared: read-only.
    """
    return _open(name, read_facts)


def _open(name: str, read: Callable[..., Cohort]) -> Cohort:
    folder = cohort_folder(name)
    settle(folder)
    if (folder / MANIFEST).is_file():
        return read(folder)
    if (SHIPPED_MODELS / name / MANIFEST).is_file():
        return read(SHIPPED_MODELS / name, shipped=True)
    if (told := summary_here(name)) is not None:
        raise UnknownNameError(f"The patients of cohort {name} are not on this machine, only what its models found.",
                               hint=f"Bring them: {told.opens_with}")  # fmt: skip
    known = ", ".join(_cohort_names())
    raise UnknownNameError(f"No cohort is called {name!r}.", hint=f"Here are: {known}. Others are imported first.")


def summary_here(name: str) -> CohortSummary | None:
    """What is told of a cohort whose patients are not here; None where they are, or nothing is known of it."""
    here = any((folder / MANIFEST).is_file() for folder in (cohort_folder(name), SHIPPED_MODELS / name))
    return None if here else shipped_summary(name)


def describe_cohort(name: str) -> Cohort | CohortSummary:
    """A cohort, or where its patients are not here what is told of it; raises as ``open_cohort``."""
    return summary_here(name) or open_facts(name)


def list_cohorts() -> list[CohortEntry]:
    """Every cohort that can be opened, the demo first; ``list_problems`` tells of the others."""
    entries = []
    for name in _cohort_names():
        try:
            if (told := summary_here(name)) is not None:
                entries.append(CohortEntry(
                    name=name, title=told.title, simulated=False, cases=told.cases, events=told.events,
                    modalities=told.modalities, patients_here=False,
                ))  # fmt: skip
                continue
            cohort = open_facts(name)
        except CohortError:
            continue
        entries.append(CohortEntry(
            name=name, title=cohort.title, simulated=cohort.simulated, cases=len(cohort.patients),
            events=int(cohort.patients["event"].sum()), modalities=cohort.modalities,
        ))  # fmt: skip
    return entries


def run_folder(cohort: str, run: str) -> Path:
    """Where a run that is trained here is written."""
    return cohort_folder(cohort) / "runs" / run


def open_run(cohort: str, run: str) -> Artefact:
    """A trained model of a cohort.

    Parameters
    ----------
    cohort, run : str
        ``run`` is a run's name ("glg", "glg-genes"), the model's full name ("demo-glg"), "default", or a method's name
        where the cohort has one run of it.

    Raises
    ------
    UnknownNameError
        If it was not trained here and is not shipped.
    ArtefactError
        If its folder is damaged, with the words of ``list_problems``.
    """
    artefacts = {one.card.run: one for one in _artefacts(cohort)}
    wanted = run.removeprefix(f"{cohort}-")
    if wanted == "default":
        wanted = next(iter(sorted(artefacts, key=_rank)), "default")
    variants = [name for name, one in artefacts.items() if one.card.recipe.model == wanted]
    if wanted not in artefacts and len(variants) == 1:
        wanted = variants[0]
    if wanted not in artefacts:
        damaged = next((folder for folder in _model_folders(cohort) if _run_of(cohort, folder) == wanted), None)
        if damaged is not None and (told := _fault_of_model(cohort, damaged)):
            raise ArtefactError(told)
        raise UnknownNameError(
            f"Cohort {cohort} has no trained model {run!r}.",
            hint=f"Trained: {', '.join(sorted(artefacts, key=_rank)) or 'none'}. "
            f"Train one with: python -m survdash crossval {cohort} --model NAME",
        )
    return artefacts[wanted]


def find_model(name: str) -> Artefact:
    """A trained model by its full name ``<cohort>-<run>``, or a run of the demo cohort by its run's name.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    for artefact in list_artefacts():
        if artefact.card.name == name:
            return artefact
    if name.endswith("-default") and (cohort := name.removesuffix("-default")) in _cohort_names():
        return open_run(cohort, "default")
    try:
        return open_run(DEMO, name)
    except UnknownNameError:
        known = ", ".join(one.card.name for one in list_artefacts())
        raise UnknownNameError(f"No trained model is called {name!r}.", hint=f"Here are: {known}.") from None


def list_runs(cohort: str) -> list[RunEntry]:
    """Trained models of a cohort, the recommended one first."""
    describe_cohort(cohort)
    return [_entry(one) for one in sorted(_artefacts(cohort), key=lambda one: _rank(one.card.run))]


def list_problems() -> list[str]:
    """What lies among the cohorts and models of this machine and cannot be used, why, and what to do."""
    own = settings().data_dir / "cohorts"
    problems = [told for folder in sorted(own.glob("[!.]*/")) if (told := _fault_of_folder(folder))]
    for name in _cohort_names():
        try:
            describe_cohort(name)
        except SurvdashError as error:
            problems.append(f"Cohort {name} is left out: {error}")
    problems += [told for name in summary_names() if (told := _told_hidden(name))]
    folders = [(name, folder) for name in _cohort_names() for folder in _model_folders(name)]
    return problems + [told for name, folder in folders if (told := _fault_of_model(name, folder))]


def list_artefacts(cohort: str | None = None) -> list[Artefact]:
    """Every trained model of this machine, or of one cohort."""
    names = _cohort_names() if cohort is None else [cohort]
    return [one for name in names for one in sorted(_artefacts(name), key=lambda one: _rank(one.card.run))]


def list_models() -> list[dict[str, object]]:
    """Cards of all trained models, with what tells a run from others (``run_title``), concordance and inner epochs."""
    models = []
    for one in list_artefacts():
        evaluation = one.evaluation()
        models.append(one.card.to_json() | {
            "run_title": run_title(one.card), "cindex": evaluation["cindex"], "inner": evaluation.get("inner", []),
        })  # fmt: skip
    return models


def describe_methods() -> list[dict[str, object]]:
    """The methods that can be trained: name, title, what they look at and need of it, where they come from."""
    return [
        {"name": name, "title": spec.title, "modalities": list(spec.modalities), "needs": spec.needs,
         "source": spec.source}
        for name, spec in MODELS.items()
    ]


def run_title(card: Card) -> str:
    """Title of a run: the method's, what it looks at where it could look at more, and what else sets it apart."""
    spec = MODELS[card.recipe.model]
    seen = [name for name in ("genes", "slide") if name in card.modalities]
    parts = [spec.title]
    if {"genes", "slide"} <= set(spec.modalities) and len(seen) < 2:
        parts.append(f"{(*seen, 'clinical facts')[0]} only")
    if "clinical" in card.modalities and seen:
        parts.append("with clinical facts")
    parts += [f"without {name.replace('_', ' ')}" for name in card.recipe.left_out()]
    return ", ".join([*parts, *(words.replace("-", " ") for words in card.recipe.differences())])


def _entry(artefact: Artefact) -> RunEntry:
    card, cindex = artefact.card, artefact.evaluation()["cindex"]
    return RunEntry(
        name=card.run, model=card.recipe.model, title=run_title(card), modalities=card.modalities,
        cindex_mean=cindex["mean"], cindex_sd=cindex["sd"], judged_on=_judged_on(artefact),
        card=card.to_json(), can_predict=artefact.has_weights, has_patients=artefact.has_predictions,
    )


def _judged_on(artefact: Artefact) -> tuple[object, ...]:
    """The very patients and their folds, where they are here; else how many, and what made the folds."""
    if not artefact.has_predictions:
        return (artefact.card.cases, *_folds_of(artefact.card.recipe))
    table = pd.read_parquet(artefact.file(PREDICTIONS), columns=["case_id", "fold"])
    return (digest({"cases": table["case_id"].tolist(), "folds": table["fold"].tolist()}),)


def _folds_of(recipe: Recipe) -> tuple[object, ...]:
    """What made the folds: the cohort's own are one; of made ones the seed makes others."""
    return (recipe.made_folds, recipe.by_site, recipe.seed) if recipe.made_folds else ()


def _rank(run: str) -> tuple[bool, bool, str]:
    """The recommended method first, then the paper's, then by alphabet."""
    model = run.split("-")[0]
    return (model != DEFAULT_MODEL, model != PAPERS_MODEL, run)


def _cohort_names() -> list[str]:
    settle_all(settings().data_dir / "cohorts")
    folders = [*SHIPPED_MODELS.glob(f"*/{MANIFEST}"), *(settings().data_dir / "cohorts").glob(f"*/{MANIFEST}")]
    names = {path.parent.name for path in folders if NAME.fullmatch(path.parent.name)} | set(summary_names())
    return sorted(names, key=lambda name: (name != DEMO, name))


def cohort_digest(name: str) -> str:
    """What changes when a cohort changes, whether its patients are here or not; raises as ``open_cohort``."""
    return describe_cohort(name).digest


def digest_now(cohort: str) -> str | None:
    """Digest of a cohort without reading its tables; None where there is none."""
    for folder in (cohort_folder(cohort), SHIPPED_MODELS / cohort):
        if (folder / MANIFEST).is_file():
            try:
                return read_digest(folder)
            except CohortError:  # explained when the cohort is opened
                return None
    try:
        told = shipped_summary(cohort)
    except CohortError:
        return None
    return None if told is None else told.digest


def _told_hidden(name: str) -> str:
    """That models which come with survdash do not show, because a cohort of other patients has their name."""
    told = None if summary_here(name) else shipped_summary(name)
    if told is None or digest_now(name) == told.digest or any(one.card.about for one in _artefacts(name)):
        return ""
    return (f"The models of {told.title} that come with survdash do not show: cohort {name} here is of other tables. "
            "Import that under another name to see them.")  # fmt: skip


def _artefacts(cohort: str) -> list[Artefact]:
    """Trained models of a cohort as it is now; one trained here goes before a shipped one of the same name.

    A model of another state of the cohort, or of another cohort of that name, is none of its models.
    """
    digest = digest_now(cohort)
    found = {}
    for folder in _model_folders(cohort):
        try:
            artefact = _read_whole(folder)
        except ArtefactError:  # told by list_problems, and by open_run
            continue
        if (artefact.card.cohort, artefact.card.cohort_digest) == (cohort, digest):
            found[artefact.card.run] = artefact
    return list(found.values())


def _model_folders(cohort: str) -> list[Path]:
    """Folders of a cohort's models, shipped ones first; hidden ones are being written."""
    return [*SHIPPED_MODELS.glob(f"{cohort}-*/"), *cohort_folder(cohort).glob("runs/[!.]*/")]


def _run_of(cohort: str, folder: Path) -> str:
    return folder.name.removeprefix(f"{cohort}-") if folder.parent == SHIPPED_MODELS else folder.name


def _read_whole(folder: Path) -> Artefact:
    """A model whose card can be read and whose metrics are those that the card names."""
    artefact = read_artefact(folder)
    artefact.evaluation()
    return artefact


def _fault_of_model(cohort: str, folder: Path) -> str:
    try:
        _read_whole(folder)
    except ArtefactError as error:
        return f"Model {cohort}-{_run_of(cohort, folder)} is left out: {error}"
    return ""


def _fault_of_folder(folder: Path) -> str:
    """Why a folder among the cohorts is none at all; "" where it is one, or holds models of a shipped one."""
    name = folder.name
    if not NAME.fullmatch(name):
        return f"Folder {name[:64]!r} among the cohorts is left out: a cohort cannot have this name. Rename it."
    if not (folder / MANIFEST).is_file() and not (SHIPPED_MODELS / name / MANIFEST).is_file():
        return f"Folder {name} among the cohorts is left out: it has no {MANIFEST}. Import the cohort again."
    return ""
