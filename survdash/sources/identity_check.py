"""Does a table say who its patients are? Told before it is stored: names, dates of birth, addresses, hospital numbers.

A check and no proof: it knows what such columns are mostly called and what their values mostly look like. TCGA's
barcodes and other study numbers are none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

LOOKED_AT = 200  # values of a column
ENOUGH = 0.5  # share of them that must look so
# Whole words of a column's name; "site name" or "gene name" are none of them.
NAMED = re.compile(
    r"\b(surname|last ?name|first ?name|given ?name|full ?name|patient ?name|name of patient|nachname|vorname|nom|"
    r"prenom|birth ?date|date of birth|birthday|dob|geburtsdatum|geboren|mrn|medical record|ssn|social security|"
    r"insurance|nhs|passport|address|street|adresse|strasse|zip|postcode|postal code|plz|phone|telephone|mobile|"
    r"e ?mail|姓名|出生日期|身份证|电话|地址|住院号|病历号)\b"
)
LOOKS_LIKE = {
    "an e-mail address": re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE),
    "a full date": re.compile(r"(19|20)\d\d[-/.](0?[1-9]|1[0-2])[-/.](0?[1-9]|[12]\d|3[01])|"
                              r"(0?[1-9]|[12]\d|3[01])[./](0?[1-9]|1[0-2])[./](19|20)\d\d"),
    "a name of a person": re.compile(r"[A-ZÄÖÜÉ][a-zäöüéèß'-]+, ?[A-ZÄÖÜÉ][a-zäöüéèß'. -]+"),
    "a Chinese identity number": re.compile(r"\d{17}[\dXx]"),
    "a telephone number": re.compile(r"\+\d[\d /()-]{7,}"),
}  # fmt: skip


def identity_hints(patients: pd.DataFrame) -> list[str]:
    """What in a table of patients looks as if it said who they are.

    Parameters
    ----------
    patients : DataFrame
        Index: case ids; columns as they would be stored.

    Returns
    -------
    list of str
        One sentence a column, and one for the case ids; no value is quoted.
    """
    hints = []
    if (kind := _kind_of(patients.index.astype("str"))) is not None:
        hints.append(f"The case ids look like {kind}: use study numbers, for they stand on every page and export.")
    for column in map(str, patients.columns):
        values = patients[column].dropna().astype("str")
        kind = _kind_of(values) if not len(values) or patients[column].dtype.kind not in "fb" else None
        if NAMED.search(_words(column)) or kind is not None:
            seen = f" (values like {kind})" if kind is not None else ""
            hints.append(f"Column {column!r}{seen} may say who the patients are: leave it out of the table.")
    return hints


def names_people(case_ids: Iterable[str]) -> bool:
    """Whether case ids say who the patients are, as names, dates or numbers of the state do; study numbers do not."""
    return _kind_of(case_ids) is not None


def _words(column: str) -> str:
    """A column's name as words: ``dateOfBirth`` and ``date_of_birth`` are "date of birth"."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    return re.sub(r"[\W_]+", " ", parted).strip().lower()


def _kind_of(values: Iterable[str]) -> str | None:
    some = [value.strip() for value in list(values)[:LOOKED_AT]]
    for kind, pattern in LOOKS_LIKE.items():
        if some and sum(pattern.fullmatch(value) is not None for value in some) >= ENOUGH * len(some):
            return kind
    return None
