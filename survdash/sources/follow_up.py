"""Follow-up as other sources state it: days, or months of their own length; kept in months of 365.25/12 days.

Tables that were made with other lengths of a month differ by up to 1.5 %, so the source's own is always recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from survdash.cohort import PATIENT_COLUMNS
from survdash.sources.barcode import site_of
from survdash.sources.research_csv import LeftOut
from survdash.sources.table_file import name_some

MONTH_DAYS = 365.25 / 12
# Length of a month in the tables of others, in days: what stands behind their months.
PAN_CANCER_DAYS, LEGACY_DAYS = 30.417, 30.44
CASE_ID = re.compile(r"[^\W_][\w .:+-]{0,63}")
EVENTS = {"deceased": 1.0, "dead": 1.0, "living": 0.0, "alive": 0.0}


def to_months(values: np.ndarray, *, month_days: float) -> np.ndarray:
    """Months of ``month_days`` days (1 for days) as months of 365.25/12 days."""
    return values * (month_days / MONTH_DAYS)


def parse_status(words: pd.Series) -> tuple[np.ndarray, pd.Series]:
    """Events from words such as ``1:DECEASED``, ``LIVING``, ``Dead``; only what stands before a colon counts.

    Returns
    -------
    event : ndarray, shape (N,)
        1, 0, or NaN where the word is missing or unknown.
    unknown : Series of bool
        Where a word is there and means nothing to us.
    """
    start = words.astype("str").str.replace(r":.*", "", regex=True).str.strip()  # partition fails on an empty column
    event = start.map({"1": 1.0, "0": 0.0}).astype(float)
    event = event.fillna(words.str.strip().str.lower().map(EVENTS).astype(float))
    return event.to_numpy(float), words.notna() & event.isna()


def patient_frame(columns: Mapping[str, object], cases: pd.Index) -> pd.DataFrame:
    """Patients with ``PATIENT_COLUMNS`` first, those that ``columns`` lacks missing, site from the barcode.

    Parameters
    ----------
    columns : mapping
        Column to N values.
    cases : Index
        N case ids.
    """
    index = pd.Index(cases, name="case_id", dtype="str")
    table = pd.DataFrame(dict(columns), index=index)
    for name in ("sex", "stage"):
        if name not in table:
            table[name] = pd.Series(pd.NA, index, dtype="str")
    if "age" not in table:
        table["age"] = np.nan
    table["site"] = pd.Series([site_of(case) for case in index], index, dtype="str")
    order = [*PATIENT_COLUMNS, *(name for name in table if name not in PATIENT_COLUMNS)]
    return table[order].sort_index()


def keep_with_outcome(
    patients: pd.DataFrame, lines: Mapping[str, int], reasons: Mapping[str, str] | None = None
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[LeftOut, ...]]:
    """Leave out patients without a follow-up above zero or without an outcome.

    Parameters
    ----------
    patients : DataFrame
        ``time_months`` and ``event`` with gaps.
    lines : mapping
        Case to the line or record that names it first.
    reasons : mapping, optional
        Case to why it has a gap, where the source tells more than that it has one.

    Returns
    -------
    patients : DataFrame
        ``event`` is bool.
    dropped : tuple of str
        Who was left out, and why.
    left_out : tuple of LeftOut
        The same one by one.
    """
    time, event = patients["time_months"].to_numpy(float), patients["event"].to_numpy(float)
    why = pd.Series("", patients.index, dtype="str")
    why[time <= 0] = "follow-up not above zero"
    why[np.isnan(event)] = "no outcome"
    why[np.isnan(time)] = "no follow-up time"
    for case, words in (reasons or {}).items():
        if why.get(case):
            why[case] = words
    dropped = []
    for words in dict.fromkeys(why[why != ""]):
        names = list(why.index[why == words])
        dropped.append(f"{len(names)} {'case' if len(names) == 1 else 'cases'}: {words} ({name_some(names)})")
    kept = patients[why == ""].copy()
    kept["event"] = kept["event"].astype(bool)
    left_out = [
        LeftOut(case_id=str(case), line=lines[str(case)], reason=words) for case, words in why.items() if words
    ]
    return kept, tuple(dropped), tuple(sorted(left_out, key=lambda one: one.line))
