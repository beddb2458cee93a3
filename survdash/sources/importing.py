"""One import: a table with its folds, slide features and clinical table is read, checked, and becomes a cohort folder.

``gather`` reads and checks everything and writes nothing; ``store`` writes what was gathered. Between the two stands
the report that the user sees first.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from survdash.bag_file import BagWriter
from survdash.cohort import PATIENT_COLUMNS
from survdash.errors import CohortError, NotEnoughDataError
from survdash.foreign_bag import Block, ForeignBag
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.settings import SHIPPED_MODELS
from survdash.sources.bag_folder import BAG_ENDINGS, BagFolder, read_bag_folder
from survdash.sources.clinical_table import join_clinical, read_clinical_table
from survdash.sources.cohort_folder import MANIFEST, write_cohort
from survdash.sources.cohort_states import new_state
from survdash.sources.column_mapping import read_mapping
from survdash.sources.feature_table import FeatureTable, read_feature_table
from survdash.sources.fold_files import deal_by_site, make_folds, read_folds, seed_of
from survdash.sources.gene_beside import read_gene_beside
from survdash.sources.gene_groups import deal_genes, read_gene_groups
from survdash.sources.hospital_table import HospitalTable, read_hospital_table
from survdash.sources.outcome_check import doubt_outcome, words_of_death
from survdash.sources.preview import (
    ImportReport,
    Outcome,
    describe_columns,
    describe_folds,
    describe_genes,
    describe_groups,
    doubt_folds,
    report_to_json,
)
from survdash.sources.research_csv import LeftOut, ResearchTable, read_research_csv
from survdash.sources.source_folder import read_source_folder

# What a cohort may be called, here and wherever a name is looked up.
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
NAME_HINT = "Use 1 to 40 lower-case letters a to z, digits, - and _; a letter or digit first."
FOLDS = 5
STEPS = 4
ENDPOINT = "overall survival"
COPY = "Copy the slide features"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What is to be imported.

    Parameters
    ----------
    table : Path
        Research CSV (``survdash.sources.research_csv``), with ``mapping`` a hospital's table, or a folder of a portal's
        tables (``source_folder``).
    name : str
    folds : Path, optional
        Folder with ``splits_<k>.csv``; without it five folds are made, from a seed of the content: stratified by event,
        or with ``by_site`` by whole sites.
    features : Path, optional
        A slide-level table (``feature_table``), or bags (``bag_folder``).
    clinical : Path, optional
        Clinical table that fills stage, age and others (``clinical_table``).
    by_site : bool
    mapping : Path, optional
        The table is a hospital's (``hospital_table``), and this says what its columns mean.
    genes : Path, optional
        Gene table (``gene_beside``) where the first table has none.
    gene_groups : Path, optional
        Table of functional groups (``sources.gene_groups``) in place of the paper's six.
    slide_map, encoder, link
        Of bags: whose slides they are, what made them, and whether they are linked (``bag_folder.read_bag_folder``).
    """

    table: Path
    name: str
    folds: Path | None = None
    features: Path | None = None
    clinical: Path | None = None
    by_site: bool = False
    mapping: Path | None = None
    genes: Path | None = None
    gene_groups: Path | None = None
    slide_map: Path | None = None
    encoder: str | None = None
    link: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gathered:
    """Everything that was read for a cohort, checked, and not yet stored.

    Parameters
    ----------
    name : str
    patients : DataFrame
        Index ``case_id``, sorted.
    genes : DataFrame or None
    gene_groups : mapping
    bags : FeatureTable, BagFolder or None
    named_slides : int
        Slides that the table names, whether their features are here or not.
    folds : Series or None
    fold_origin : str
    source : dict
        Each file with its SHA-256.
    lines : int
    left_out, dropped, ignored, duplicates, notes : tuple
        As in ``ImportReport``.
    said_dead : DataFrame
        What columns beside the outcome say of who died (``outcome_check.words_of_death``).
    """

    name: str
    patients: pd.DataFrame
    genes: pd.DataFrame | None
    gene_groups: Mapping[str, tuple[str, ...]]
    bags: FeatureTable | BagFolder | None
    named_slides: pd.Series
    folds: pd.Series | None
    fold_origin: str
    source: Mapping[str, object]
    lines: int
    left_out: tuple[LeftOut, ...]
    dropped: tuple[str, ...]
    ignored: tuple[str, ...]
    duplicates: tuple[str, ...]
    notes: tuple[str, ...]
    said_dead: pd.DataFrame


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


def gather(request: ImportRequest, *, report: Report = silent, cancel: Cancel | None = None) -> Gathered:
    """Read and check everything that an import needs; nothing is written.

    Raises
    ------
    InputError
        If one of the files is at fault; the message names file, line and column.
    NotEnoughDataError
        If no death was observed, or there are too few sites for folds.
    Cancelled
        If ``cancel`` is set between two steps.
    """

    def step(words: str, done: int) -> None:
        check_cancel(cancel, step=words)
        report(Progress(step=words, done=done, total=STEPS))

    check_name(request.name)
    step("Read the table", 0)
    read, said_dead = _read_table(request)
    _check_deaths(read)
    source: dict[str, object] = {"table": read.source, "imported": _today()}
    patients, joined = _join(read.patients, request.clinical, source)
    step("Read the slide features", 1)
    bags, counted = _read_features(
        request.features, patients.index, source, slide_map=request.slide_map, encoder=request.encoder,
        link=request.link,
    )
    step("Deal the folds", 2)
    folds, origin, dealing = _deal(patients, request, source)
    genes, beside = _read_genes(read, request.genes, patients.index, source)
    grouped = deal_genes(genes, request.gene_groups)
    if grouped.source is not None:
        source["gene_groups"] = grouped.source
    return Gathered(
        name=request.name, patients=patients, genes=genes, gene_groups=grouped.groups, bags=bags,
        named_slides=read.slides, folds=folds, fold_origin=origin, source=source, lines=read.lines,
        left_out=read.left_out, dropped=read.dropped, ignored=read.ignored, duplicates=read.duplicates,
        notes=(*read.notes, *joined, *beside, *counted, *dealing, *grouped.notes),
        said_dead=said_dead,
    )


def describe(
    gathered: Gathered, outcome: Outcome, *, notes: Iterable[str] = (), doubts: Iterable[str] = ()
) -> ImportReport:
    """The report of what was gathered.

    Parameters
    ----------
    gathered : Gathered
    outcome : Outcome
        What the caller found out about its survival.
    notes : iterable of str
        What the caller adds, for instance what becomes of an older cohort of the name.
    doubts : iterable of str
        The same, for instance features that know the outcome.
    """
    patients, bags = gathered.patients, gathered.bags
    slides = gathered.named_slides if bags is None else bags.slides
    folds = describe_folds(gathered.folds, patients)
    events = int(patients["event"].sum())
    told = doubt_outcome(patients, said_dead=gathered.said_dead, cohort=gathered.name)
    return ImportReport(
        name=gathered.name, cases=len(patients), events=events, event_rate=events / len(patients),
        median_follow_up_months=outcome.median_follow_up_months,
        median_survival_months=outcome.median_survival_months, alive=outcome.alive,
        slides=len(slides), cases_with_slides=int(slides.nunique()), dropped=gathered.dropped, folds=len(folds),
        genes=0 if gathered.genes is None else gathered.genes.shape[1], notes=(*gathered.notes, *notes),
        doubts=(*told, *doubt_folds(folds), *doubts), duplicates=gathered.duplicates, ignored=gathered.ignored,
        left_out=gathered.left_out, lines=gathered.lines, columns=describe_columns(patients),
        gene_kinds=describe_genes(gathered.genes), gene_groups=describe_groups(gathered.gene_groups),
        fold_table=folds, fold_origin=gathered.fold_origin, endpoint=ENDPOINT,
        encoder="" if bags is None else f"{bags.origin.encoder}, {bags.origin.dim} wide",
        sources=dict(gathered.source), made=str(gathered.source["imported"]),
    )


def store(
    gathered: Gathered, told: ImportReport, *, target: Path, report: Report = silent, cancel: Cancel | None = None
) -> None:
    """Write what was gathered as a cohort folder, with its report; what stood there becomes the previous state.

    Parameters
    ----------
    gathered : Gathered
    told : ImportReport
    target : Path
        The cohort's own folder.
    report : Report
    cancel : Cancel, optional

    Raises
    ------
    CohortError, BagError
        If the tables contradict each other, or a bag cannot be written; the old cohort is then still there.
    Cancelled
    """
    bags = gathered.bags
    report(Progress(step="Write the cohort", done=STEPS - 1, total=STEPS))
    check_cancel(cancel, step="Write the cohort")
    write_cohort(
        target, name=gathered.name, title=gathered.name.upper(), simulated=False, endpoint=ENDPOINT,
        patients=gathered.patients, genes=gathered.genes, gene_groups=gathered.gene_groups,
        slides={} if bags is None else bags.slides, folds=gathered.folds, source=gathered.source,
        bags=None if bags is None else _watched(bags.fill, len(bags.slides), report=report, cancel=cancel),
        bag_origin=None if bags is None else bags.origin, allow_missing=bags is not None and bags.allow_missing,
        report=report_to_json(told), place=new_state,
    )
    report(Progress(step="Write the cohort", done=STEPS, total=STEPS))


class _WatchedWriter(BagWriter):
    """A bag writer that tells how many slides are done, and stops between two of them or two blocks."""

    def __init__(self, writer: BagWriter, total: int, *, report: Report, cancel: Cancel | None) -> None:
        self._writer, self._total, self._report, self._cancel, self._done = writer, total, report, cancel, 0

    def add_slide(self, slide_id: str, blocks: Iterable[Block], attributes: Mapping[str, str | float]) -> int:
        """Append one slide, as ``BagWriter`` does."""
        self._tell()
        return self._writer.add_slide(slide_id, blocks, attributes)

    def link_slide(self, slide_id: str, bag: ForeignBag, *, sha256: str, attributes: Mapping[str, str | float]) -> int:
        """Refer to one slide's file, as ``BagWriter`` does."""
        self._tell()
        return self._writer.link_slide(slide_id, bag, sha256=sha256, attributes=attributes)

    def _tell(self) -> None:
        check_cancel(self._cancel, step=f"{COPY}, {self._done} of {self._total}")
        self._report(Progress(step=COPY, done=self._done, total=self._total))
        self._done += 1


def _watched(
    fill: Callable[[BagWriter], None], total: int, *, report: Report, cancel: Cancel | None
) -> Callable[[BagWriter], None]:
    return lambda writer: fill(_WatchedWriter(writer, total, report=report, cancel=cancel))


def _read_table(request: ImportRequest) -> tuple[ResearchTable, pd.DataFrame]:
    """The patients, in whatever form they come, and what columns beside the outcome say of who died."""
    if request.mapping is not None:
        hospital = read_hospital_table(request.table, mapping=read_mapping(request.mapping))
        return _as_research(hospital), hospital.said_dead
    if request.table.is_dir():
        # Of a portal's 20,000 genes those of the groups are kept, which may be the user's own.
        told = None if request.gene_groups is None else read_gene_groups(request.gene_groups).groups
        read = read_source_folder(request.table, symbols=None if told is None else frozenset().union(*told.values()))
    else:
        read = read_research_csv(request.table)
    return read, words_of_death(read.patients.drop(columns=list(PATIENT_COLUMNS)))


def _as_research(read: HospitalTable) -> ResearchTable:
    """A hospital's patients: no genes and no slides, which come from tables beside it."""
    none = pd.Series([], index=pd.Index([], name="slide_id", dtype="str"), name="case_id", dtype="str")
    left_out = tuple(LeftOut(case_id=case, line=line, reason=reason) for case, line, reason in read.left_out)
    return ResearchTable(
        patients=read.patients, genes=None, slides=none, dropped=read.dropped, ignored=read.ignored, notes=read.notes,
        source=read.source, left_out=left_out, lines=read.lines, duplicates=read.repeated,
    )


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _check_deaths(read: ResearchTable) -> None:
    if not read.patients["event"].any():
        raise NotEnoughDataError(
            f"{read.source['file']}: no death among {len(read.patients)} patients.",
            hint="Is the outcome column the other way round?",
        )


def _join(
    patients: pd.DataFrame, clinical: Path | None, source: dict[str, object]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    if clinical is None:
        return patients, ()
    facts = read_clinical_table(clinical)
    source["clinical"] = facts.source
    return join_clinical(patients, facts)


def _read_genes(
    read: ResearchTable, path: Path | None, cases: pd.Index, source: dict[str, object]
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    if path is None:
        return read.genes, ()
    if read.genes is not None:
        raise CohortError(f"{path.name}: the first table has genes already.", hint="Leave one of the two out.")
    beside = read_gene_beside(path, cases)
    source["genes"] = beside.source
    return beside.genes, beside.notes


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
    patients: pd.DataFrame, request: ImportRequest, source: dict[str, object]
) -> tuple[pd.Series | None, str, tuple[str, ...]]:
    """Folds from the published files, or made; where they are from, and what is to say of them."""
    if request.folds is not None:
        if request.by_site:
            raise CohortError("Folds are given, and folds by site are asked for.", hint="Leave one of the two out.")
        read = read_folds(request.folds, patients.index)
        source["folds"] = read.source
        return read.folds, f"published, {request.folds.name}", read.notes
    deaths, seed = int(patients["event"].sum()), seed_of(patients)
    if request.by_site:
        dealt, how = deal_by_site(patients, k=FOLDS, seed=seed), "by whole sites"
    elif deaths < FOLDS:
        return None, "none", (f"{deaths} deaths are too few for {FOLDS} folds: the cohort has none.",)
    else:
        dealt, how = make_folds(patients["event"].to_numpy(), k=FOLDS, seed=seed), "stratified by event"
    source["folds"] = {"made": how, "seed": seed}
    note = f"No folds given: {FOLDS} were made, {how} (seed {seed})."
    return pd.Series(dealt, index=patients.index), f"made, {how}", (note,)
