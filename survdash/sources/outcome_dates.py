"""Follow-up and death of each patient from a time and a status, or from dates; who is left out, and why.

Rules. A date of death wins over the last contact. A month is 365.25/12 days. Nobody is repaired: a patient whose facts
contradict each other, whose follow-up is missing, zero or below zero, or whose dates lie in the future, is left out
with the reason. A follow-up of zero says only that the patient was once alive, and its logarithm does not exist.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

DAYS_PER_MONTH = 365.25 / 12
MONTHS_PER = {"days": 1 / DAYS_PER_MONTH, "months": 1.0, "years": 12.0}

Dates = Sequence[datetime.date | None]
Words = Sequence[str | None]  # dead, alive, ignore, or None where the status is missing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """Of N patients what is known.

    Parameters
    ----------
    time_months : ndarray, shape (N,)
        NaN where it cannot be told.
    event : ndarray, shape (N,)
        True for a death.
    reasons : tuple of str
        Why a patient is left out; empty for those who stay.
    remarks : tuple of str
        What is odd about a patient who stays; empty for most.
    """

    time_months: np.ndarray
    event: np.ndarray
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def kept(self) -> np.ndarray:
        """Who stays, (N,) bool."""
        return np.array([not reason for reason in self.reasons], bool)


@dataclass(slots=True, kw_only=True)
class _Patient:
    """One patient while it is worked out."""

    time_months: float = float("nan")
    event: bool = False
    reason: str = ""
    remark: str = field(default="")


def outcomes_of_times(times: Sequence[float | None], *, unit: str, status: Words) -> Outcomes:
    """Outcomes from a follow-up time and a status.

    Parameters
    ----------
    times : sequence of float or None, length N
    unit : {"days", "months", "years"}
    status : sequence of str or None, length N
        dead, alive or ignore.

    Examples
    --------
    >>> made = outcomes_of_times([365.25, -3, 0], unit="days", status=["dead", "alive", "alive"])
    >>> made.time_months[0].item(), made.reasons
    (12.0, ('', 'follow-up below zero', 'follow-up of zero'))
    """
    patients = []
    for time, said in zip(times, status, strict=True):
        reason = _wrong_status(said) or ("no follow-up time" if time is None else _wrong_time(time))
        months = float("nan") if time is None else float(time) * MONTHS_PER[unit]
        patients.append(_Patient(time_months=months, event=said == "dead", reason=reason))
    return _gather(patients)


def outcomes_of_dates(
    diagnosis: Dates, last_contact: Dates, *, death: Dates | None, status: Words | None, today: datetime.date
) -> Outcomes:
    """Outcomes from dates.

    Parameters
    ----------
    diagnosis, last_contact : sequence of date or None, length N
        Time zero, and the end of follow-up; of the dead the latter is the death where ``death`` is None.
    death : sequence of date or None, length N, optional
        Dates of death where they have a column of their own.
    status : sequence of str or None, length N, optional
        Without it, who has a date of death died.
    today : date
        Later dates cannot be.
    """
    patients = []
    for number, (begin, contact) in enumerate(zip(diagnosis, last_contact, strict=True)):
        died = None if death is None else death[number]
        if status is None:
            said: str | None = "dead" if died is not None else "alive"
        else:
            said = status[number]
        one = _from_dates(begin, contact, died, said, own_column=death is not None)
        if not one.reason and any(day is not None and day > today for day in (begin, contact, died)):
            one.reason = "a date lies in the future"
        patients.append(one)
    return _gather(patients)


def _from_dates(
    begin: datetime.date | None, contact: datetime.date | None, died: datetime.date | None, said: str | None, *,
    own_column: bool,
) -> _Patient:
    remark = ""
    if said is None and died is not None:
        said, remark = "dead", "no status, but a date of death: counted as dead"
    reason = _wrong_status(said)
    if not reason and said == "alive" and died is not None:
        reason = "the status says alive, but there is a date of death"
    elif not reason and said == "dead" and own_column and died is None:
        reason = "the status says dead, but there is no date of death" + (", only a last contact" if contact else "")
    elif not reason and begin is None:
        reason = "no date of diagnosis"
    end = died if said == "dead" and own_column else contact
    if reason or begin is None:
        return _Patient(reason=reason)
    if end is None:
        return _Patient(reason="no date of last contact")
    what = "death" if said == "dead" else "last contact"
    if end < begin:
        return _Patient(reason=f"{what} before diagnosis")
    if end == begin:
        return _Patient(reason="follow-up of zero")
    if died is not None and contact is not None and contact > died:
        remark = "last contact after the date of death: the death counts"
    elif died is not None and contact is not None and contact < begin:
        remark = "last contact before diagnosis; the date of death counts"
    return _Patient(time_months=(end - begin).days / DAYS_PER_MONTH, event=said == "dead", remark=remark)


def _wrong_status(said: str | None) -> str:
    if said is None:
        return "no status"
    return "a status that is to be ignored" if said == "ignore" else ""


def _wrong_time(time: float) -> str:
    if time < 0:
        return "follow-up below zero"
    return "follow-up of zero" if time == 0 else ""


def _gather(patients: Sequence[_Patient]) -> Outcomes:
    return Outcomes(
        time_months=np.array([one.time_months for one in patients], float),
        event=np.array([one.event for one in patients], bool),
        reasons=tuple(one.reason for one in patients), remarks=tuple(one.remark for one in patients),
    )
