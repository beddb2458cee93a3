"""Folds: who is held out when. Published ones from files, or made anew: stratified by event, or by whole sites."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.errors import ClinicalError, CohortError, NotEnoughDataError
from survdash.sources.table_file import list_faults, name_some, read_table, to_text
from survdash.store import digest, file_sha256

SPLIT_NAME = re.compile(r"splits_(\d+)\.csv")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoldTable:
    """Folds of a cohort.

    Parameters
    ----------
    folds : Series
        Index ``case_id``, sorted; int64, the fold 0..k-1 in which the case is held out.
    count : int
        Number of folds k.
    notes : tuple of str
        Cases in the files but not in the cohort, and the other way round.
    source : dict
        Folder name, and each file with its SHA-256.
    """

    folds: pd.Series
    count: int
    notes: tuple[str, ...]
    source: dict[str, object]


def read_folds(folder: Path, cases: pd.Index) -> FoldTable:
    """Read ``splits_0.csv`` to ``splits_<k-1>.csv``, columns ``train`` and ``val`` of case ids; each holds out its val.

    Parameters
    ----------
    folder : Path
    cases : Index
        Case ids of the cohort; others in the files are left out and counted.

    Raises
    ------
    CohortError
        If a file is missing or malformed, or a case is held out twice or both trained on and held out; all at once.
    """
    named = ((SPLIT_NAME.fullmatch(path.name), path) for path in folder.glob("splits_*.csv"))
    found = sorted((int(match[1]), path) for match, path in named if match)
    if not found:
        raise CohortError(f"{folder.name} has no file splits_0.csv.", hint="Give the folder with the fold files.")
    faults: list[str] = []
    numbers = [number for number, _ in found]
    if numbers != list(range(len(found))):
        faults.append(f"files are numbered {', '.join(map(str, numbers))}, not 0 to {len(found) - 1}")
    if len(found) < 2:
        faults.append("one fold is not enough: at least two are needed")
    held_out: dict[str, int] = {}
    places: dict[str, str] = {}
    for number, path in found:
        train, val = _read_split(path, faults)
        both = sorted(train & val.keys())
        if both:
            faults.append(f"{path.name}: {len(both)} cases stand in train and val ({name_some(both)})")
        for case in sorted(val):
            place = f"{path.name} line {val[case]}"
            if held_out.setdefault(case, number) != number:
                faults.append(f"case {case} is held out twice, in {places[case]} and in {place}")
            places.setdefault(case, place)
    if faults:
        raise CohortError(f"Folds in {folder.name}: {list_faults(faults)}.", hint="Each case is held out at most once.")
    here, notes = _match(held_out, cases, places, count=len(found), name=folder.name)
    source: dict[str, object] = {"folder": folder.name, "sha256": {path.name: file_sha256(path) for _, path in found}}
    return FoldTable(folds=here, count=len(found), notes=notes, source=source)


def _read_split(path: Path, faults: list[str]) -> tuple[set[str], dict[str, int]]:
    """Cases of the column train; those of val with the line that names them."""
    table = read_table(path, error=CohortError, text=None)
    lacking = [name for name in ("train", "val") if name not in table.columns]
    if lacking:
        faults.append(f"{path.name} lacks the column {' and '.join(lacking)}")
        return set(), {}
    train, val = (to_text(table.frame[table.positions(name)[0]]).dropna() for name in ("train", "val"))
    twice = sorted(case for case, times in Counter(val).items() if times > 1)
    if twice:
        faults.append(f"{path.name} names {name_some(twice)} twice in val")
    return set(train), {str(case): row + 2 for row, case in zip(val.index.tolist(), val, strict=True)}


def _match(
    held_out: dict[str, int], cases: pd.Index, places: dict[str, str], *, count: int, name: str
) -> tuple[pd.Series, tuple[str, ...]]:
    folds = pd.Series(held_out, dtype="int64").rename("fold")
    folds.index = pd.Index(folds.index, name="case_id", dtype="str")
    here = folds[folds.index.isin(cases)].sort_index()
    empty = sorted(set(range(count)) - set(here))
    if empty:
        raise CohortError(
            f"Folds in {name}: no case of the cohort is held out in fold {', '.join(map(str, empty))}.",
            hint="Do the folds belong to this cohort?",
        )
    strangers, without = folds.index.difference(cases), cases.difference(folds.index)
    notes = []
    if len(strangers):
        notes.append(f"{len(strangers)} cases of the fold files are not in the cohort "
                     f"({name_some(f'{case} in {places[case]}, column val' for case in strangers)}).")  # fmt: skip
    if len(without):
        notes.append(f"{len(without)} cases of the cohort are held out in no fold ({name_some(without)}).")
    return here, tuple(notes)


def make_folds(event: np.ndarray, *, k: int = 5, seed: int) -> np.ndarray:
    """Deal N patients into k folds, deaths and censored patients apart, so that every fold has its share of both.

    Parameters
    ----------
    event : ndarray, shape (N,)
        bool.
    k : int
    seed : int

    Returns
    -------
    ndarray, shape (N,)
        int64, 0..k-1; sizes, and deaths a fold, differ by at most one.

    Raises
    ------
    NotEnoughDataError
        If there are fewer deaths than folds.
    """
    deaths = int(event.sum())
    if k < 2 or deaths < k:
        raise NotEnoughDataError(f"{deaths} deaths cannot be dealt into {k} folds.", hint="Use fewer folds.")
    generator = np.random.default_rng(seed)
    order = np.concatenate([generator.permutation(np.flatnonzero(part)) for part in (event, ~event)])
    folds = np.empty(event.size, dtype=np.int64)
    folds[order] = np.arange(event.size) % k
    return folds


def deal_by_site(patients: pd.DataFrame, *, k: int, seed: int) -> np.ndarray:
    """Folds of a patient table in which all patients of one site stand in one fold (``make_folds_by_site``).

    Parameters
    ----------
    patients : DataFrame, N rows
        Columns ``event`` and ``site``.
    k : int
    seed : int

    Returns
    -------
    ndarray, shape (N,)
        int64, 0..k-1.

    Raises
    ------
    ClinicalError
        If the site of a patient is not known.
    NotEnoughDataError
        If the sites cannot be dealt into k folds.
    """
    site = patients["site"]
    unknown = list(site.index[site.isna()])
    if unknown:
        raise ClinicalError(
            f"{len(unknown)} patients have no site, for instance {unknown[0]}: they cannot be kept on one side.",
            hint="Add the site to the patient table, or make folds that are not by site.",
        )
    return make_folds_by_site(patients["event"].to_numpy(bool), site.to_numpy(str), k=k, seed=seed)


def make_folds_by_site(event: np.ndarray, site: np.ndarray, *, k: int, seed: int) -> np.ndarray:
    """Deal whole sites into k folds, so that deaths and censored patients are as even as whole sites allow.

    The largest site goes first (equal ones in a random order), each to the fold that then keeps the shares of deaths
    and of censored patients over the folds most even: the least sum of squared shares.

    Parameters
    ----------
    event : ndarray, shape (N,)
        bool.
    site : ndarray, shape (N,)
    k : int
    seed : int

    Returns
    -------
    ndarray, shape (N,)
        int64, 0..k-1.

    Raises
    ------
    NotEnoughDataError
        If there are fewer sites than folds, or a fold would get no death.
    """
    names, member = np.unique(site, return_inverse=True)
    if k < 2 or len(names) < k:
        raise NotEnoughDataError(f"{len(names)} sites cannot be dealt into {k} folds.", hint="Use fewer folds.")
    counts = np.stack([np.bincount(member[part], minlength=len(names)) for part in (event, ~event)], axis=1)
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    order = shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]
    held, fold_of = np.zeros((k, 2)), np.empty(len(names), np.int64)
    for one in order:
        growth = ((held + shares[one]) ** 2 - held**2).sum(axis=1)
        fold_of[one] = int(np.argmin(growth))
        held[fold_of[one]] += shares[one]
    folds: np.ndarray = fold_of[member]
    deaths = np.bincount(folds[event], minlength=k)
    if not deaths.all():
        raise NotEnoughDataError(
            f"{len(names)} sites cannot be dealt into {k} folds: fold {int(np.argmin(deaths)) + 1} has no death then.",
            hint="Use fewer folds, or folds that are not by site.",
        )
    return folds


def seed_of(patients: pd.DataFrame) -> int:
    """A seed that depends on who the patients are and what happened to them, not on the order of a file."""
    rows = patients[["time_months", "event"]].sort_index()
    parts = [[case, float(time), bool(event)] for case, time, event in rows.itertuples()]
    return int(digest({"patients": parts})[:8], 16)
