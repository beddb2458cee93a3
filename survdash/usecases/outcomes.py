"""Which outcome patients are judged by: the main one, which models learn, or another that the cohort holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from survdash.case import Survival
from survdash.cohort import Cohort
from survdash.errors import UnknownNameError
from survdash.sources.endpoint_columns import endpoint_names, read_endpoint
from survdash.statistics.endpoints import ENDPOINTS

MAIN = "OS"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """One endpoint of some patients.

    Parameters
    ----------
    name : str
        "OS", "DSS", "PFI" or "DFI".
    title : str
    event : str
        What counts as the event.
    known : ndarray, shape (N,)
        bool: patients whose outcome is known.
    survival : Survival
        Of those.
    """

    name: str
    title: str
    event: str
    known: np.ndarray
    survival: Survival


def outcome_names(cohort: Cohort) -> tuple[str, ...]:
    """The endpoints of a cohort, the main one first."""
    return (MAIN, *endpoint_names(cohort.patients))


def outcome_of(cohort: Cohort, name: str, case_ids: np.ndarray | pd.Index) -> Outcome:
    """An endpoint of patients of a cohort.

    Parameters
    ----------
    cohort : Cohort
    name : str
    case_ids : ndarray or Index, shape (N,)

    Raises
    ------
    UnknownNameError
        If the cohort holds no such endpoint.
    """
    names = outcome_names(cohort)
    if name not in names:
        raise UnknownNameError(f"Cohort {cohort.name} has no endpoint {name!r}.", hint=f"It has: {', '.join(names)}.")
    patients, endpoint = cohort.patients.loc[case_ids], ENDPOINTS[name]
    if name == MAIN:
        known = np.ones(len(patients), bool)
        survival = Survival(time_months=patients["time_months"].to_numpy(), event=patients["event"].to_numpy())
    else:
        known, survival = read_endpoint(patients, name)
    return Outcome(name=name, title=endpoint.title, event=endpoint.event, known=known, survival=survival)


def causes_of_death(
    cohort: Cohort, case_ids: np.ndarray | pd.Index
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Who died of the cancer and who of something else, where the cohort tells; None where it does not.

    Returns
    -------
    known : ndarray, shape (N,)
        bool: patients of whom the cause is known, or who were alive when last seen.
    time_months : ndarray, shape (K,)
    cause : ndarray, shape (K,)
        0 alive, 1 this cancer, 2 something else; of those known.
    """
    if "DSS" not in outcome_names(cohort):
        return None
    whole, own = outcome_of(cohort, MAIN, case_ids), outcome_of(cohort, "DSS", case_ids)
    of_cancer = np.zeros(len(own.known), bool)
    of_cancer[own.known] = own.survival.event
    known = own.known | ~whole.survival.event
    cause = np.where(whole.survival.event, np.where(of_cancer, 1, 2), 0)
    return known, whole.survival.time_months[known], cause[known]
