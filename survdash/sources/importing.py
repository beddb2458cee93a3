"""One import: a research table with its folds, slide features and clinical table becomes a cohort folder."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.errors import CohortError, NotEnoughDataError
from survdash.progress import Progress, Report, silent
from survdash.settings import SHIPPED_MODELS
from survdash.sources.bag_folder import BAG_ENDINGS, BagFolder, read_bag_folder
from survdash.sources.clinical_table import join_clinical, read_clinical_table
from survdash.sources.cohort_folder import MANIFEST, write_cohort
from survdash.sources.feature_table import FeatureTable, read_feature_table
from survdash.sources.fold_files import make_folds, read_folds, seed_of
from survdash.sources.gene_groups import deal_genes
from survdash.sources.research_csv import ResearchTable, read_research_csv
from survdash.sources.table_file import name_some

# What a cohort may be called, here and wherever a name is looked up.
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
NAME_HINT = "Use 1 to 40 lower-case letters a to z, digits, - and _; a letter or digit first."
FOLDS = 5
STEPS = 4
# Of follow-up in months: 33 years, and 12.5 years for half of the patients. Longer is seldom; days are often.
LONGEST_MONTHS, LONGEST_MEDIAN = 400.0, 150.0
MOST_EVENTS = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import kept and what it left out.

    Parameters
    ----------
    name : str
    cases, events : int
        Patients in the cohort, and deaths observed among them.
    event_rate : float
        ``events / cases``.
    median_follow_up_censored_months : float or None
        Median follow-up of the censored patients; None where all died.
    slides : int
        Slides whose features are in the cohort; without features, slides that the table names.
    dropped : tuple of str
        Patients left out, with the reason and some names.
    folds : int
        Number of folds; 0 if there are too few deaths to make any.
    genes : int
        Gene columns.
    notes : tuple of str
        Everything else the user should know.
    """

    name: str
    cases: int
    events: int
    event_rate: float
    median_follow_up_censored_months: float | None
    slides: int
    dropped: tuple[str, ...]
    folds: int
    genes: int
    notes: tuple[str, ...]


def check_name(name: str) -> str:
    """Return ``name`` if it can name a cohort.

    Raises
    ------
    CohortError
        If it is not 1 to 40 lower-case letters, digits, - and _, beginning with a letter or digit; or a cohort that
        came with survdash has this name.
    """
    if not NAME.fullmatch(name):
        raise CohortError(f"{name[:60]!r} cannot name a cohort.", hint=NAME_HINT)
    if (SHIPPED_MODELS / name / MANIFEST).exists():
        raise CohortError(f"The name {name!r} is taken by a cohort that came with survdash.", hint="Choose another.")
    return name


def import_cohort(
    table: Path,
    *,
    name: str,
    folds: Path | None = None,
    features: Path | None = None,
    clinical: Path | None = None,
    gene_groups: Path | None = None,
    slide_map: Path | None = None,
    encoder: str | None = None,
    link: bool = False,
    target: Path,
    dry_run: bool = False,
    report: Report = silent,
) -> ImportReport:
    """Import a research table as the cohort ``name``; nothing is written unless everything is sound.

    Parameters
    ----------
    table : Path
        Research CSV (``survdash.sources.research_csv``).
    name : str
    folds : Path, optional
        Folder with ``splits_<k>.csv``; without it five folds are made, stratified by event, from a seed of the content.
    features : Path, optional
        A slide-level table (``feature_table``), or bags (``bag_folder``).
    clinical : Path, optional
        Clinical table that fills stage, age and others (``clinical_table``).
    gene_groups : Path, optional
        Table of functional groups (``sources.gene_groups``) in place of the paper's six.
    slide_map, encoder, link
        Of bags: whose slides they are, what made them, and whether they are linked (``bag_folder.read_bag_folder``).
    target : Path
        The cohort's own folder; an older cohort there is replaced.
    dry_run : bool
        Read and check everything, write nothing.
    report : Report

    Raises
    ------
    InputError
        If one of the files is at fault; the message names file, line and column.
    NotEnoughDataError
        If no death was observed.
    """
    check_name(name)
    report(Progress(step="Read the table", done=0, total=STEPS))
    read = read_research_csv(table)
    _check_deaths(read)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    source: dict[str, object] = {"table": read.source, "imported": today}
    patients, joined = _join(read.patients, clinical, source)
    report(Progress(step="Read the slide features", done=1, total=STEPS))
    bags, counted = _read_features(
        features, patients.index, source, slide_map=slide_map, encoder=encoder, link=link
    )
    report(Progress(step="Deal the folds", done=2, total=STEPS))
    dealt, count, dealing = _deal(patients, folds, source)
    grouped = deal_genes(read.genes, gene_groups)
    if grouped.source is not None:
        source["gene_groups"] = grouped.source
    report(Progress(step="Write the cohort", done=3, total=STEPS))
    rate, follow_up, doubts = _judge_outcome(patients)
    notes = (
        *doubts, *_say_ignored(read), *read.notes, *joined, *counted, *dealing, *grouped.notes,
        *_say_lost_runs(target),
    )
    if not dry_run:
        write_cohort(
            target, name=name, title=name.upper(), simulated=False, endpoint="overall survival", patients=patients,
            genes=read.genes, gene_groups=grouped.groups, slides={} if bags is None else bags.slides, folds=dealt,
            source=source, bags=None if bags is None else bags.fill, bag_origin=None if bags is None else bags.origin,
            allow_missing=bags is not None and bags.allow_missing,
        )
    report(Progress(step="Write the cohort", done=STEPS, total=STEPS))
    return ImportReport(
        name=name, cases=len(patients), events=int(patients["event"].sum()), event_rate=rate,
        median_follow_up_censored_months=follow_up,
        slides=len(read.slides) if bags is None else len(bags.slides), dropped=read.dropped, folds=count,
        genes=0 if read.genes is None else read.genes.shape[1], notes=notes,
    )


def _check_deaths(read: ResearchTable) -> None:
    if not read.patients["event"].any():
        raise NotEnoughDataError(
            f"{read.source['file']}: no death among {len(read.patients)} patients.",
            hint="Is the outcome column the other way round?",
        )


def _judge_outcome(patients: pd.DataFrame) -> tuple[float, float | None, tuple[str, ...]]:
    """Event rate, median follow-up of the censored, and what makes one doubt unit or status."""
    months, event = patients["time_months"].to_numpy(float), patients["event"].to_numpy(bool)
    rate, longest = float(event.mean()), float(months.max())
    follow_up = None if event.all() else float(np.median(months[~event]))
    doubts = []
    if longest > LONGEST_MONTHS or (follow_up or 0.0) > LONGEST_MEDIAN:
        middle = "" if follow_up is None else f", half of the censored patients more than {follow_up:.0f}"
        doubts.append(f"Follow-up reaches {longest:.0f} months ({longest / 12:.0f} years){middle}: are these days?")
    if rate > MOST_EVENTS:
        doubts.append(f"{rate:.0%} of the patients died: is the status flipped?")
    return rate, follow_up, tuple(doubts)


def _say_ignored(read: ResearchTable) -> list[str]:
    return [f"Ignored: {name_some(read.ignored)}."] if read.ignored else []


def _join(
    patients: pd.DataFrame, clinical: Path | None, source: dict[str, object]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    if clinical is None:
        return patients, ()
    facts = read_clinical_table(clinical)
    source["clinical"] = facts.source
    return join_clinical(patients, facts)


def _read_features(
    path: Path | None, cases: pd.Index, source: dict[str, object], *, slide_map: Path | None, encoder: str | None,
    link: bool,
) -> tuple[FeatureTable | BagFolder | None, tuple[str, ...]]:
    folder = path if path is not None and (path.is_dir() or path.suffix.lower() in BAG_ENDINGS) else None
    if folder is None and (slide_map is not None or encoder is not None or link):
        raise CohortError(
            "A table of slides, an encoder and links belong to bags of features, and none are given.",
            hint="Give the bags, or leave these out.",
        )
    if path is None:
        return None, ()
    if folder is not None:
        bags: FeatureTable | BagFolder = read_bag_folder(
            folder, cases, slide_map=slide_map, encoder=encoder, link=link
        )
    else:
        bags = read_feature_table(path).of_cases(cases)
        if bags.slides.empty:
            raise CohortError(f"{path.name}: no slide is of a case of the cohort.", hint="Do they belong together?")
    source["features"] = bags.source
    return bags, (*bags.notes, f"{bags.slides.nunique()} of {len(cases)} cases have slide features.")


def _deal(
    patients: pd.DataFrame, folder: Path | None, source: dict[str, object]
) -> tuple[pd.Series | None, int, tuple[str, ...]]:
    """Folds from the published files, or made."""
    if folder is not None:
        read = read_folds(folder, patients.index)
        source["folds"] = {"folder": folder.name}
        return read.folds, read.count, read.notes
    deaths, seed = int(patients["event"].sum()), seed_of(patients)
    if deaths < FOLDS:
        return None, 0, (f"{deaths} deaths are too few for {FOLDS} folds: the cohort has none.",)
    dealt = pd.Series(make_folds(patients["event"].to_numpy(), k=FOLDS, seed=seed), index=patients.index)
    source["folds"] = {"made": "stratified by event", "seed": seed}
    return dealt, FOLDS, (f"No folds given: {FOLDS} were made, stratified by event (seed {seed}).",)


def _say_lost_runs(target: Path) -> list[str]:
    runs = sorted(path.name for path in (target / "runs").glob("*") if path.is_dir())
    return [f"An older cohort of this name is replaced, its stored runs with it: {name_some(runs)}."] if runs else []
