from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from survdash.sources.outcome_dates import outcomes_of_dates, outcomes_of_times

TODAY = datetime.date(2026, 1, 1)


def day(text: str | None) -> datetime.date | None:
    return None if text is None else datetime.date.fromisoformat(text)


def one(begin, contact, died=None, said=None, *, with_death=True, with_status=True):
    made = outcomes_of_dates(
        [day(begin)], [day(contact)], death=[day(died)] if with_death else None,
        status=[said] if with_status else None, today=TODAY,
    )  # fmt: skip
    return made.time_months[0], bool(made.event[0]), made.reasons[0], made.remarks[0]


@pytest.mark.parametrize(
    ("unit", "factor"), [("days", 12 / 365.25), ("months", 1.0), ("years", 12.0)]
)
def test_times_become_months(unit, factor):
    made = outcomes_of_times([10.0, 365.25], unit=unit, status=["dead", "alive"])
    np.testing.assert_allclose(made.time_months, np.array([10.0, 365.25]) * factor, rtol=1e-15)  # one rounding
    assert made.event.tolist() == [True, False]
    assert made.kept.all()


def test_times_without_outcome_are_left_out_each_with_its_reason():
    made = outcomes_of_times([5, None, -1, 0, 5, 5], unit="months",
                             status=["dead", "dead", "alive", "dead", "ignore", None])  # fmt: skip
    assert made.reasons == ("", "no follow-up time", "follow-up below zero", "follow-up of zero",
                            "a status that is to be ignored", "no status")  # fmt: skip
    assert made.kept.tolist() == [True] + [False] * 5


def test_a_death_wins_over_the_last_contact():
    months, event, reason, remark = one("2020-01-01", "2020-06-01", "2021-01-01", "dead")
    assert (months, event, reason, remark) == (366 * 12 / 365.25, True, "", "")
    months, event, _, remark = one("2020-01-01", "2022-06-01", "2021-01-01", "dead")
    assert (months, event) == (366 * 12 / 365.25, True)
    assert remark == "last contact after the date of death: the death counts"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (("2020-01-01", "2020-06-01", None, "dead"),
         "the status says dead, but there is no date of death, only a last contact"),
        (("2020-01-01", None, None, "dead"), "the status says dead, but there is no date of death"),
        (("2020-01-01", "2020-06-01", "2020-07-01", "alive"), "the status says alive, but there is a date of death"),
        (("2020-01-01", None, "2019-12-31", "dead"), "death before diagnosis"),
        (("2020-01-01", "2019-12-31", None, "alive"), "last contact before diagnosis"),
        (("2020-01-01", "2020-01-01", None, "alive"), "follow-up of zero"),
        (("2020-01-01", None, None, "alive"), "no date of last contact"),
        ((None, "2020-01-01", None, "alive"), "no date of diagnosis"),
        (("2020-01-01", "2020-06-01", None, "ignore"), "a status that is to be ignored"),
        (("2020-01-01", "2020-06-01", None, None), "no status"),
        (("2020-01-01", "2027-06-01", None, "alive"), "a date lies in the future"),
    ],
)  # fmt: skip
def test_contradictions_are_named_and_leave_the_patient_out(facts, reason):
    months, _, found, _ = one(*facts)
    assert found == reason
    assert np.isnan(months) or reason == "a date lies in the future"


def test_a_date_of_death_without_a_status_is_a_death_and_said_so():
    _, event, reason, remark = one("2020-01-01", "2020-06-01", "2020-07-01", None)
    assert (event, reason, remark) == (True, "", "no status, but a date of death: counted as dead")


def test_without_a_status_column_the_dead_are_those_with_a_date_of_death():
    assert one("2020-01-01", "2020-06-01", "2020-07-01", with_status=False)[1:3] == (True, "")
    assert one("2020-01-01", "2020-06-01", None, with_status=False)[1:3] == (False, "")


def test_without_a_column_of_deaths_the_last_contact_of_the_dead_is_their_death():
    months, event, reason, _ = one("2020-01-01", "2020-07-01", said="dead", with_death=False)
    assert (months, event, reason) == (182 * 12 / 365.25, True, "")


@hypothesis_settings(max_examples=200, deadline=None)
@given(
    facts=st.tuples(*[st.none() | st.dates(datetime.date(2000, 1, 1), datetime.date(2030, 1, 1)) for _ in range(3)]),
    said=st.sampled_from([None, "dead", "alive", "ignore"]),
)
def test_who_stays_has_a_time_above_zero_and_the_event_that_was_said(facts, said):
    begin, contact, died = facts
    made = outcomes_of_dates([begin], [contact], death=[died], status=[said], today=TODAY)
    if made.kept[0]:
        assert made.time_months[0] > 0
        assert made.event[0] == (died is not None)
        assert said in ("dead" if died is not None else "alive", None)
        assert max(d for d in facts if d is not None) <= TODAY
    else:
        assert made.reasons[0]
