"""Follow-up of other sources: lengths of a month, words for a status, who is left out and why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash.sources.follow_up import (
    LEGACY_DAYS,
    PAN_CANCER_DAYS,
    keep_with_outcome,
    parse_status,
    patient_frame,
    to_months,
)


def test_months_of_any_length_are_the_same_days() -> None:
    days = np.array([1.0, 365.25, 11252.0])
    ours = to_months(days, month_days=1.0)
    np.testing.assert_allclose(ours, days * 12 / 365.25, rtol=1e-15)
    for month in (30.0, PAN_CANCER_DAYS, LEGACY_DAYS):
        np.testing.assert_allclose(to_months(days / month, month_days=month), ours, rtol=1e-14)
    # The longest follow-up of the PanCancer Atlas: 11,252 days stand there as 369.92 months.
    assert round(11252 / PAN_CANCER_DAYS, 2) == 369.92


def test_only_what_stands_before_the_colon_counts() -> None:
    free = "0:ALIVE OR DEAD TUMOR FREE"
    words = pd.Series(["1:DECEASED", "0:LIVING", "DECEASED", "living", "Dead", free, None, "2", "x"])
    event, unknown = parse_status(words)
    np.testing.assert_equal(event, [1, 0, 1, 0, 1, 0, np.nan, np.nan, np.nan])
    assert list(unknown) == [False] * 7 + [True, True]


@pytest.mark.parametrize("words", [[], [None], [None, None]])
def test_a_column_without_words_has_no_event(words: list[None]) -> None:
    event, unknown = parse_status(pd.Series(words, dtype="str"))
    assert np.isnan(event).all()
    assert not unknown.any()


def test_who_has_no_outcome_is_left_out_with_the_reason() -> None:
    cases = pd.Index([f"P{number}" for number in range(6)])
    table = patient_frame(
        {"time_months": [5.0, np.nan, 0.0, -1.0, 3.0, np.nan], "event": [1.0, 1.0, 0.0, 1.0, np.nan, np.nan]}, cases
    )
    lines = {case: 9 - number for number, case in enumerate(cases)}
    reasons = {"P1": "dead, but no day of death", "P0": "never said: it has an outcome"}
    kept, dropped, left_out = keep_with_outcome(table, lines, reasons)
    assert list(kept.index) == ["P0"]
    assert kept["event"].dtype == bool
    assert [(one.case_id, one.line) for one in left_out] == [("P5", 4), ("P4", 5), ("P3", 6), ("P2", 7), ("P1", 8)]
    assert left_out[-1].reason == "dead, but no day of death"
    assert dropped == (
        "1 case: dead, but no day of death (P1)", "2 cases: follow-up not above zero (P2, P3)",
        "1 case: no outcome (P4)", "1 case: no follow-up time (P5)",
    )  # fmt: skip


def test_the_frame_has_the_columns_of_every_cohort() -> None:
    table = patient_frame({"time_months": [1.0, 2.0], "event": [1.0, 0.0]}, pd.Index(["TCGA-ZZ-0001", "TCGA-2F-0001"]))
    assert list(table.columns) == ["time_months", "event", "age", "sex", "stage", "site"]
    assert list(table["site"]) == ["2F", "ZZ"]
    assert table["time_months"].to_list() == pytest.approx([2.0, 1.0])
