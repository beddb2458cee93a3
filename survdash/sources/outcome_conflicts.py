"""Two clinical sources of the same patients, side by side: where they agree, and where not. Nobody is chosen silently.

Sources of one cohort differ in earnest: TCGA-F5-6702 is censored after 15.07 months in one published table and dead
after 28.55 in another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from survdash.sources.table_file import name_some

# Rounding to two decimals, and lengths of a month that differ in the fourth digit, stay below both.
SAME_MONTHS, SAME_SHARE = 0.1, 0.002


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutcomeConflicts:
    """How two sources agree.

    Parameters
    ----------
    first, second : str
        What the sources are called.
    common, only_first, only_second : int
        Cases in both, in one alone.
    status : DataFrame
        Cases whose deaths disagree: index ``case_id``; ``time_first``, ``event_first``, ``time_second``,
        ``event_second``; months.
    time : DataFrame
        Cases of one status whose times disagree, in the same columns.
    """

    first: str
    second: str
    common: int
    only_first: int
    only_second: int
    status: pd.DataFrame
    time: pd.DataFrame

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know, in words."""
        words = [
            f"{self.first} and {self.second} both tell the outcome of {self.common} cases; {self.only_first} and "
            f"{self.only_second} others are in one alone."
        ]
        if len(self.status):
            words.append(f"{len(self.status)} of them are dead in one and alive in the other: {_some(self.status)}.")
        if len(self.time):
            words.append(f"{len(self.time)} of them have other times: {_some(self.time)}.")
        if self.common and not len(self.status) and not len(self.time):
            words.append("They agree on all of these.")
        return tuple(words)


def compare_outcomes(
    first: pd.DataFrame, second: pd.DataFrame, *, names: tuple[str, str]
) -> OutcomeConflicts:
    """Compare ``time_months`` and ``event`` of two tables of patients.

    Parameters
    ----------
    first, second : DataFrame
        Index ``case_id``.
    names : (str, str)

    Notes
    -----
    Times are one when they differ by at most 0.1 months or 0.2 %.
    """
    both = first.index.intersection(second.index).sort_values()
    table = pd.DataFrame({
        "time_first": first.loc[both, "time_months"].to_numpy(float),
        "event_first": first.loc[both, "event"].to_numpy(bool),
        "time_second": second.loc[both, "time_months"].to_numpy(float),
        "event_second": second.loc[both, "event"].to_numpy(bool),
    }, index=both)  # fmt: skip
    status = (table["event_first"] != table["event_second"]).to_numpy()
    close = np.isclose(table["time_first"], table["time_second"], rtol=SAME_SHARE, atol=SAME_MONTHS)
    return OutcomeConflicts(
        first=names[0], second=names[1], common=len(both), only_first=len(first) - len(both),
        only_second=len(second) - len(both), status=table[status], time=table[~status & ~close],
    )  # fmt: skip


def _some(table: pd.DataFrame) -> str:
    said = {True: "dead", False: "alive"}
    return name_some(
        f"{case} {said[bool(row.event_first)]} at {row.time_first:.1f} and {said[bool(row.event_second)]} at "
        f"{row.time_second:.1f} months" for case, row in table.iterrows()
    )  # fmt: skip
