"""Outcomes beside the main one in a cohort's own columns: DSS, PFI, DFI, as research tables and portals name them.

They are kept with the patients as they came; here they are read, and the word censorship is turned round.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.sources.follow_up import parse_status
from survdash.sources.table_file import to_numbers, to_text

# What a portal calls it may differ from the name that TCGA's Clinical Data Resource gave it.
NAMES: dict[str, tuple[str, ...]] = {"DSS": ("dss",), "PFI": ("pfi", "pfs"), "DFI": ("dfi", "dfs")}
TIMES = ("survival_months_{}", "time_months_{}", "{}_months")
EVENTS = ("event_{}", "{}_status", "{}")
CENSORED = "censorship_{}"
FEWEST_EVENTS = 1


def endpoint_names(patients: pd.DataFrame) -> tuple[str, ...]:
    """Which of DSS, PFI and DFI the columns hold with at least one event."""
    return tuple(name for name in NAMES if _read(patients, name) is not None)


def read_endpoint(patients: pd.DataFrame, name: str) -> tuple[np.ndarray, Survival]:
    """Follow-up of one endpoint.

    Parameters
    ----------
    patients : DataFrame
        Of a cohort, with its own columns.
    name : {"DSS", "PFI", "DFI"}

    Returns
    -------
    known : ndarray, shape (N,)
        bool: patients with a time above zero and an outcome.
    survival : Survival
        Of those, in the order of ``patients``.

    Raises
    ------
    NotEnoughDataError
        If the columns do not hold it.
    """
    found = _read(patients, name)
    if found is None:
        raise NotEnoughDataError(f"This cohort holds no {name}.", hint="Choose another endpoint.")
    time, event = found
    known = np.isfinite(time) & np.isfinite(event) & (time > 0)
    return known, Survival(time_months=time[known], event=event[known].astype(bool))


def is_other_endpoint(column: str) -> bool:
    """Whether a research table's column is of an outcome beside the main one, time or event.

    Examples
    --------
    >>> is_other_endpoint("censorship_dss"), is_other_endpoint("censorship")
    (True, False)
    """
    tags = (tag for tags in NAMES.values() for tag in tags)
    return column.lower() in {one.format(tag) for tag in tags for one in (*TIMES, "event_{}", CENSORED)}


def _read(patients: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Months and 0 or 1, with gaps; None where a column is missing, says something else, or nobody has the event."""
    places = {str(column).lower(): str(column) for column in patients}
    for tag in NAMES[name]:
        times = next((places[one.format(tag)] for one in TIMES if one.format(tag) in places), None)
        event = _event(patients, places, tag)
        if times is None or event is None:
            continue
        months, wrong = to_numbers(to_text(patients[times].astype("str")))
        if not wrong.any() and np.nansum(event[np.isfinite(months) & (months > 0)]) >= FEWEST_EVENTS:
            return months, event
    return None


def _event(patients: pd.DataFrame, places: dict[str, str], tag: str) -> np.ndarray | None:
    turned = CENSORED.format(tag) in places
    column = places.get(CENSORED.format(tag)) or next(
        (places[one.format(tag)] for one in EVENTS if one.format(tag) in places), None
    )
    if column is None:
        return None
    words = to_text(patients[column].astype("str"))
    values, wrong = to_numbers(words)
    if wrong.any():
        values, unknown = parse_status(words)
        if unknown.any():
            return None
    if not np.isin(values[np.isfinite(values)], (0, 1)).all():
        return None
    return 1 - values if turned else values
