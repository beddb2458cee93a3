"""Folds made anew for a run: stratified by event, and if asked for no hospital on both sides."""

from __future__ import annotations

import pandas as pd

from survdash.sources.fold_files import deal_by_site, make_folds, seed_of
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
    folds = deal_by_site(patients, k=k, seed=mixed) if by_site else make_folds(event, k=k, seed=mixed)
    return pd.Series(folds, index=patients.index, name="fold")
