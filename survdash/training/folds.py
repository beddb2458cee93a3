"""Folds made anew for a run: stratified by event, and if asked for no hospital on both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd

from survdash.errors import ClinicalError, NotEnoughDataError
from survdash.sources.fold_files import make_folds, seed_of
from survdash.store import digest


def folds_for(patients: pd.DataFrame, *, k: int, by_site: bool, seed: int) -> pd.Series:
    """Folds of the patients, seeded by who they are, what happened to them, and ``seed``.

    Parameters
    ----------
    patients : DataFrame
        Index ``case_id``; columns ``time_months``, ``event`` and ``site``.
    k : int
    by_site : bool
        All patients of one site stand in one fold.
    seed : int

    Returns
    -------
    Series
        Index ``case_id``, int64 0..k-1.

    Raises
    ------
    NotEnoughDataError
        If there are too few deaths or sites for k folds.
    ClinicalError
        If the site of a patient is not known.
    """
    mixed = int(digest({"patients": seed_of(patients), "seed": seed})[:8], 16)
    event = patients["event"].to_numpy(bool)
    if not by_site:
        folds = make_folds(event, k=k, seed=mixed)
    else:
        site = patients["site"]
        unknown = list(site.index[site.isna()])
        if unknown:
            raise ClinicalError(
                f"{len(unknown)} patients have no site, for instance {unknown[0]}: they cannot be kept on one side.",
                hint="Add the site to the patient table, or make folds without --by-site.",
            )
        folds = make_folds_by_site(event, site.to_numpy(str), k=k, seed=mixed)
    return pd.Series(folds, index=patients.index, name="fold")


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
