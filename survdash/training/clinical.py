"""Age, sex and stage as numbers, by rules fitted on the training fold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

FACTS = ("age", "sex", "stage")
WIDTH = 2 * len(FACTS)  # a standardised value and a flag "not known" for each
# "Stage IIB", "iii", "IVA1", "2": an ordinal. "I/II NOS", "X" or "[Discrepancy]" name no one stage.
STAGE = re.compile(r"(?:stage\s*)?(0|i{1,3}|iv|[1-4])(?:s|[abc][1-3]?)?", re.IGNORECASE)
ORDINAL = {"0": 0, "i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4}


def stage_number(words: object) -> float:
    """Stage as 0 to 4 whatever its letter, NaN where the words name no one stage.

    >>> [stage_number(words) for words in ("Stage IIB", "IV", "stage 0", "I/II NOS", None)]
    [2.0, 4.0, 0.0, nan, nan]
    """
    found = STAGE.fullmatch(words.strip()) if isinstance(words, str) else None
    return float(ORDINAL[found[1].lower()]) if found else float("nan")


def clinical_rows(age: Sequence[Any], sex: Sequence[Any], stage: Sequence[Any]) -> np.ndarray:
    """Raw numbers of N patients in the order of ``FACTS``: years, 1 for female and 0 for male, stage 0 to 4.

    Returns
    -------
    ndarray, shape (N, 3)
        float64, NaN where a fact is missing or cannot be read.
    """
    columns = (
        pd.to_numeric(pd.Series(age, dtype="object"), errors="coerce").to_numpy(float, na_value=np.nan),
        pd.Series(sex, dtype="object").map({"female": 1.0, "male": 0.0}).to_numpy(float, na_value=np.nan),
        np.array([stage_number(words) for words in stage], float),
    )
    return np.column_stack(columns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClinicalEncoder:
    """Rules of a training fold, each of shape (3,) in the order of ``FACTS``.

    A known value is clipped to the training range ``low`` to ``high``, centred, and divided by ``scale``; a missing
    one becomes 0, the average patient, and its flag 1. The flag of a fact that was never missing in training stays 0,
    for nothing was learnt about it; a fact that is constant or unknown in training becomes 0.
    """

    low: np.ndarray
    high: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    flagged: np.ndarray

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Encode (N, 3) raw numbers as (N, 6) float32: three values, three flags."""
        missing = np.isnan(rows)
        values = (np.clip(np.where(missing, self.centre, rows), self.low, self.high) - self.centre) / self.scale
        return np.concatenate([np.where(missing, 0.0, values), missing * self.flagged], axis=1).astype(np.float32)


def fit_clinical(rows: np.ndarray) -> ClinicalEncoder:
    """Fit the rules on (n, 3) training rows."""
    missing = np.isnan(rows)
    count = (~missing).sum(axis=0)
    known = np.where(missing, 0.0, rows)
    centre = known.sum(axis=0) / np.maximum(count, 1)
    spread = np.sqrt((np.where(missing, 0.0, rows - centre) ** 2).sum(axis=0) / np.maximum(count, 1))
    flat = spread <= 1e-9
    low = np.where(flat, centre, np.where(missing, np.inf, rows).min(axis=0))
    high = np.where(flat, centre, np.where(missing, -np.inf, rows).max(axis=0))
    flagged = (missing.any(axis=0) & (count > 0)).astype(float)
    return ClinicalEncoder(low=low, high=high, centre=centre, scale=np.where(flat, 1.0, spread), flagged=flagged)


def describe_clinical(rows: np.ndarray) -> tuple[str, ...]:
    """What a card says of the clinical facts of (N, 3) raw rows: how each enters and how often it is missing."""
    words = {"age": "age in years, standardised", "sex": "female 1, male 0, standardised",
             "stage": "stage 0 to 4 whatever its letter, standardised"}  # fmt: skip
    lines = []
    for name, missing in zip(FACTS, np.isnan(rows).sum(axis=0), strict=True):
        gap = "known for all" if not missing else (
            "unknown for all: it says nothing" if missing == len(rows)
            else f"unknown for {missing} of {len(rows)}, who get the training average and a flag"
        )
        lines.append(f"{words[name]}; {gap}")
    return tuple(lines)
