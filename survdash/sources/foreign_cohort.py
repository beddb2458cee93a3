"""Checks of a cohort folder that somebody else wrote: true hashes do not make it true.

It may lie of its digest, its name, its slides, or the size of its tables; our own writer would have made none of that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from survdash.bag_file import BagFile
from survdash.cohort import Cohort
from survdash.errors import BagError, CohortError
from survdash.hdf5_probe import find_unwalkable
from survdash.sources.cohort_folder import BAGS, KINDS, MANIFEST, REPORT, check_bags, read_cohort
from survdash.sources.preview import read_report
from survdash.sources.research_csv import CASE_ID
from survdash.sources.table_file import list_faults, name_some
from survdash.store import digest as digest_of

MOST_CELLS = 2_000_000_000  # of a Parquet table: what it unpacks to is not seen from its size
PLAIN = {"PLAIN", "RLE", "BIT_PACKED"}  # the latter two of which cells are there, and of yes or no
HINT = "Ask whoever gave you the archive for a new one."


def check_foreign_cohort(folder: Path, *, name: str, digest: str, hashes: Mapping[str, str]) -> Cohort:
    """Read a cohort folder as one reads a stranger's.

    Parameters
    ----------
    folder : Path
    name, digest : str
        What it is said to be.
    hashes : mapping
        SHA-256 of every file of the folder, which the caller has checked.

    Raises
    ------
    CohortError, BagError, ClinicalError
        If it is not what it is said to be, or not what ``write_cohort`` would have written.
    """
    for file in hashes:
        if file.endswith(".parquet"):
            check_parquet(folder / file, file)
    try:
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        parts = {key: value for key, value in values.items() if key not in ("source", "digest")}
        honest = values["digest"] == digest_of(parts) == digest and values["name"] == name
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CohortError(f"{MANIFEST} in the archive is malformed.", hint=HINT) from error
    if not honest:
        raise CohortError(f"{MANIFEST} in the archive is not of the cohort that the archive names.", hint=HINT)
    listed = {file: sha256 for file, sha256 in hashes.items() if "/" not in file and file not in (MANIFEST, REPORT)}
    if listed != values["sha256"]:
        raise CohortError(f"{MANIFEST} in the archive and the archive's list name other files.", hint=HINT)
    for why in find_unwalkable([folder / BAGS] if BAGS in listed else []).values():
        raise BagError(f"{BAGS} in the archive cannot be read: {why}.", hint=HINT)
    cohort = read_cohort(folder)
    check_bags(folder / BAGS, cohort.slides, name=cohort.name)
    if cohort.bag_path is not None:
        with BagFile(cohort.bag_path) as bags:
            if bags.links:
                raise BagError(f"The bags of cohort {name} in the archive are links to files elsewhere.", hint=HINT)
    _check_tables(cohort)
    told = read_report(folder)
    own = (cohort.name, len(cohort.patients), int(cohort.patients["event"].sum()))
    if told is not None and (told.name, told.cases, told.events) != own:
        raise CohortError(f"{REPORT} in the archive is not of its tables: it tells of {told.cases} patients and "
                          f"{told.events} deaths.", hint=HINT)
    return cohort


def _check_tables(cohort: Cohort) -> None:
    """Types and values that ``write_cohort`` would have made."""
    patients, genes, folds = cohort.patients, cohort.genes, cohort.folds
    faults = [f"{name} is {patients[name].dtype}, not {kind}" for name, kind in KINDS.items()
              if str(patients[name].dtype) != kind]
    odd = [case for case in map(str, patients.index) if not CASE_ID.fullmatch(case)]
    if odd:
        faults.append(f"case ids that cannot be: {name_some(map(repr, odd))}")
    if genes is not None:
        if {str(kind) for kind in genes.dtypes.unique()} - {"float32"}:
            faults.append("genes are not all float32")
        strangers = {column for group in cohort.gene_groups.values() for column in group} - set(genes.columns)
        if strangers:
            faults.append(f"gene groups name columns that are not there: {name_some(sorted(strangers))}")
    if folds is not None and not _are_folds(folds, patients.index):
        faults.append("folds name unknown cases, a case twice, or impossible numbers")
    if faults:
        raise CohortError(f"Cohort {cohort.name} in the archive: {list_faults(faults)}.", hint=HINT)
    _ = cohort.survival  # raises where a time or an outcome cannot be


def _are_folds(folds: pd.Series, cases: pd.Index) -> bool:
    numbers = sorted(set(folds))
    return folds.index.is_unique and set(folds.index) <= set(cases) and numbers == list(range(len(numbers)))


def check_parquet(path: Path, name: str) -> None:
    """Look at what a stranger's Parquet table says of itself, before any of it is unpacked.

    Raises
    ------
    CohortError
        If it is none, is packed as survdash packs no table, or is too large.
    """
    try:
        about = pq.read_metadata(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise CohortError(f"{name} in the archive is no Parquet table.", hint=HINT) from error
    columns = [about.row_group(group).column(place)
               for group in range(about.num_row_groups) for place in range(about.num_columns)]
    # Of the cohort's own tables our writer repeats no cell by reference: what does may unpack to any size.
    if not name.startswith("runs/") and any(set(one.encodings) - PLAIN for one in columns):
        raise CohortError(f"{name} in the archive is packed as survdash packs no table.", hint=HINT)
    if about.num_rows * max(1, about.num_columns) > MOST_CELLS:
        raise CohortError(f"{name} in the archive has {about.num_rows:,} rows of {about.num_columns:,} columns.",
                          hint=HINT)
