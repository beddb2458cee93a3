"""What of the held-out patients a model may have seen in training: their hospital, themselves, their outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from survdash.case import Survival
from survdash.cohort import Cohort
from survdash.errors import NotEnoughDataError
from survdash.statistics.concordance import concordance
from survdash.statistics.leaks import Leak, find_leaks
from survdash.statistics.twins import find_twins

if TYPE_CHECKING:
    from survdash.training.data import ModelData

SHOWN = 5
FEWEST = 30  # patients of a side whose c-index is told


def describe_leakage(cohort: Cohort, data: ModelData, predictions: pd.DataFrame) -> dict[str, Any]:
    """Sites and twins on both sides of a fold, and columns that know the outcome.

    Parameters
    ----------
    cohort : Cohort
    data : ModelData
        What the model saw.
    predictions : DataFrame
        ``case_id``, ``fold`` and ``risk``, out of fold.

    Returns
    -------
    dict
        ``site``, ``genes`` and ``slide`` (None where there is nothing to look at), ``columns``, ``findings``.
    """
    site = site_overlap(cohort.patients.loc[predictions["case_id"]], predictions)
    twins = {"genes": None if data.genes is None else twins_over_folds(data.genes, data),
             "slide": None if data.bags is None else twins_over_folds(mean_tiles(data), data)}  # fmt: skip
    columns = outcome_columns(data)
    return {"site": site, **twins, "columns": columns, "findings": _findings(site, twins, columns)}


def site_overlap(patients: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, Any] | None:
    """How many held-out patients come from a hospital that the training patients come from too, and c on either side.

    Parameters
    ----------
    patients : DataFrame
        In the order of ``predictions``, with ``site``, ``time_months`` and ``event``.
    predictions : DataFrame
        ``fold`` and ``risk``.
    """
    sites, folds = patients["site"].to_numpy(object), predictions["fold"].to_numpy()
    known = patients["site"].notna().to_numpy()
    if not known.any():
        return None
    seen = np.array([bool(np.any((sites == site) & (folds != fold) & known)) if there else False
                     for site, fold, there in zip(sites, folds, known, strict=True)])  # fmt: skip
    survival = Survival(time_months=patients["time_months"].to_numpy(), event=patients["event"].to_numpy())
    risk = predictions["risk"].to_numpy(float)
    return {
        "sites": int(pd.unique(sites[known]).size), "patients": int(known.sum()), "seen": int((seen & known).sum()),
        "c_seen": _c(risk, survival, seen & known), "c_unseen": _c(risk, survival, ~seen & known),
    }  # fmt: skip


def twins_over_folds(rows: np.ndarray, data: ModelData) -> dict[str, Any]:
    """Pairs of patients who are nearly identical in these (N, P) numbers, and how many stand in different folds."""
    pairs = find_twins(rows)
    apart = [one for one in pairs if data.folds[one.first] != data.folds[one.second]]
    shown = [{"first": str(data.case_ids[one.first]), "second": str(data.case_ids[one.second]),
              "correlation": one.correlation} for one in apart[:SHOWN]]  # fmt: skip
    return {"pairs": len(pairs), "over_folds": len(apart), "first": shown}


def mean_tiles(data: ModelData) -> np.ndarray:
    """Mean tile of each case, (N, D); a case without tiles is nan."""
    if data.bags is None:
        return np.zeros((data.size, 0))
    rows = np.full((data.size, data.bags.dim), np.nan)
    for case in range(data.size):
        bag = data.bags.read(case)
        if len(bag):
            with np.errstate(invalid="ignore"):
                rows[case] = np.asarray(bag, np.float32).mean(axis=0)
    return rows


def outcome_columns(data: ModelData) -> list[str]:
    """Genes and slide features that order the patients too well, in words."""
    found: list[Leak] = []
    if data.genes is not None:
        found += find_leaks(data.genes, data.columns, data.survival.time_months, data.survival.event)
    if data.bags is not None:
        rows = mean_tiles(data)
        names = [f"slide feature {number + 1}" for number in range(rows.shape[1])]
        found += find_leaks(rows, names, data.survival.time_months, data.survival.event)
    return [one.words for one in found]


def _c(risk: np.ndarray, survival: Survival, members: np.ndarray) -> float | None:
    if members.sum() < FEWEST:
        return None
    try:
        return float(concordance(risk[members], survival.time_months[members], survival.event[members]))
    except NotEnoughDataError:
        return None


def _findings(site: dict[str, Any] | None, twins: dict[str, Any], columns: list[str]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    if site is not None:
        share = site["seen"] / site["patients"]
        words = (f"{share:.0%} of the held-out patients come from hospitals that patients in training come from too; "
                 "folds made by site show what that is worth.")  # fmt: skip
        told.append({"words": words, "good": None if share > 0 else True})
    for part, found in twins.items():
        if found is not None:
            words = f"{found['over_folds']} pairs of patients in different folds are nearly identical in their {part}."
            told.append({"words": words, "good": found["over_folds"] == 0})
    told.append({"words": "; ".join(columns) or "No column tells the outcome by itself.", "good": not columns})
    return told
