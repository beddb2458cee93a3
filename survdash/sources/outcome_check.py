"""Does an outcome look like one? What makes one doubt its status or its unit of time.

A flipped status and days taken for months are the commonest mistakes of this field. Nothing is refused here: cohorts
may be unlike all others; the user is told what is odd.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from survdash.sources.cell_values import is_missing
from survdash.sources.clinical_words import meaning_of_status, says_cause_of_death
from survdash.sources.table_file import name_some

# Of follow-up in months: 33 years, and 12.5 years for half of the patients. Longer is seldom; days are often.
LONGEST_MONTHS, LONGEST_MEDIAN = 400.0, 150.0
SHORTEST_MONTHS = 15.0  # when even the longest follow-up is shorter, the numbers may be years
MOST_EVENTS = 0.9
# Those followed longest are those still alive. Of the longest followed tenth of the 13 cancers of The Cancer Genome
# Atlas as MCAT and PORPOISE publish them 8 to 40 % died; with the status flipped it would be 60 to 92 %.
# Doubted above one half by more than a fair coin's standard deviation, so that small cohorts give no false alarm.
TENTH, FEWEST_AT_END = 0.1, 5
FEWEST_CASES = 30
# Share of deaths (overall survival) in the same tables: a cohort nearer to the mirror image is doubted.
KNOWN_RATES: Mapping[str, float] = MappingProxyType({
    "blca": 0.45, "brca": 0.14, "coadread": 0.24, "gbmlgg": 0.33, "hnsc": 0.47, "kirp": 0.15, "lihc": 0.35,
    "luad": 0.35, "lusc": 0.43, "paad": 0.54, "skcm": 0.39, "stad": 0.40, "ucec": 0.16,
})
CLEAR_RATE = 0.1  # a known rate nearer than this to one half tells nothing about the mirror image


def doubt_outcome(
    patients: pd.DataFrame, *, said_dead: pd.DataFrame | None = None, cohort: str = ""
) -> tuple[str, ...]:
    """What is odd about the outcome of a cohort, as questions to the user, the gravest first; empty when nothing is.

    Parameters
    ----------
    patients : DataFrame
        Columns ``time_months`` (above zero) and ``event``; one row a patient, at least one.
    said_dead : DataFrame, optional
        Index as ``patients``; what other columns say of who died: True, False or missing (``words_of_death``).
    cohort : str
        Its name; where it names a cancer of The Cancer Genome Atlas, as in "tcga-blca", the known event rate is used.
    """
    months, event = patients["time_months"].to_numpy(float), patients["event"].to_numpy(bool)
    spoken, flipped = _contradicted(patients, said_dead)
    # Where the words say that it is flipped, its other signs say nothing more.
    signs = [] if flipped else [*_doubt_status(months, event), *_doubt_rate(float(event.mean()), cohort)]
    return (*spoken, *signs, *_doubt_unit(months, event))


def words_of_death(table: pd.DataFrame) -> pd.DataFrame:
    """What the words of a table say of who died.

    Parameters
    ----------
    table : DataFrame
        Any columns; cells as text, or missing.

    Returns
    -------
    DataFrame
        Index as ``table``, a column for each column of it whose words all say dead, alive or unknown, and for causes of
        death (who has one is dead): True, False or missing.
    """
    told = {}
    for column in table:
        cells = table[column]
        if pd.api.types.is_numeric_dtype(cells):
            continue
        texts = ["" if pd.isna(cell) else str(cell) for cell in cells]
        each = {text: "ignore" if is_missing(text or None) else meaning_of_status(text) for text in set(texts)}
        meanings = [each[text] for text in texts]
        if says_cause_of_death(str(column)):
            said = [True if meaning is None or meaning == "dead" else None for meaning in meanings]
        elif None in meanings or not {"dead", "alive"} & set(meanings):
            continue
        else:
            said = [{"dead": True, "alive": False}.get(str(meaning)) for meaning in meanings]
        told[str(column)] = pd.Series(said, index=table.index, dtype=object)
    return pd.DataFrame(told, index=table.index)


def _contradicted(patients: pd.DataFrame, said_dead: pd.DataFrame | None) -> tuple[list[str], bool]:
    """Clinical words of other columns against the event; and whether one says the opposite of most patients."""
    doubts, flipped = [], False
    event = patients["event"].to_numpy(bool)
    for column in [] if said_dead is None else list(said_dead.columns):
        said = said_dead[column].reindex(patients.index)  # type: ignore[index]
        known, dead = said.notna().to_numpy(bool), said.eq(True).to_numpy(bool)
        wrong = known & (dead != event)
        if not wrong.any():
            continue
        most = bool(2 * wrong.sum() > known.sum())
        flipped = flipped or most
        doubts.append(
            f"Column {column} says the opposite of the outcome for {int(wrong.sum())} of {int(known.sum())} patients "
            f"({name_some(patients.index[wrong])}); by its words {int((wrong & dead).sum())} of them died: "
            f"{'is the status flipped?' if most else 'which is right?'}"
        )
    return doubts, flipped


def _doubt_status(months: np.ndarray, event: np.ndarray) -> list[str]:
    if event.mean() > MOST_EVENTS:
        return [f"{event.mean():.0%} of the patients died: is the status flipped?"]
    last = np.argsort(months, kind="stable")[-max(round(TENTH * months.size), FEWEST_AT_END):]
    died = int(event[last].sum())
    if months.size < FEWEST_CASES or died <= (last.size + np.sqrt(last.size)) / 2:
        return []
    return [f"Of the {last.size} patients followed longest {died} died; usually those still alive are followed "
            "longest: is the status flipped?"]  # fmt: skip


def _doubt_rate(rate: float, cohort: str) -> list[str]:
    for part in re.split(r"[^a-z]+", cohort.lower()):
        known = KNOWN_RATES.get(part)
        if known is not None and abs(known - 0.5) >= CLEAR_RATE and abs(rate - (1 - known)) < abs(rate - known):
            return [f"{rate:.0%} of the patients died; of {part.upper()} in The Cancer Genome Atlas {known:.0%}: "
                    "is the status flipped, or is this another endpoint?"]  # fmt: skip
    return []


def _doubt_unit(months: np.ndarray, event: np.ndarray) -> list[str]:
    longest = float(months.max())
    middle = None if event.all() else float(np.median(months[~event]))
    if longest > LONGEST_MONTHS or (middle or 0.0) > LONGEST_MEDIAN:
        words = "" if middle is None else f", half of the censored patients more than {middle:.0f}"
        return [f"Follow-up reaches {longest:.0f} months ({longest / 12:.0f} years){words}: are these days?"]
    if longest < SHORTEST_MONTHS:
        return [f"No patient is followed longer than {longest:.1f} months: are these years?"]
    return []
