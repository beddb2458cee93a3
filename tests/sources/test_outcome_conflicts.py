"""Two sources of one cohort side by side: made ones, and two published tables of the same real patients."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from survdash.sources.follow_up import LEGACY_DAYS, to_months
from survdash.sources.outcome_conflicts import compare_outcomes
from survdash.sources.research_csv import ResearchTable


def _table(**patients: tuple[float, bool]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(patients, orient="index", columns=["time_months", "event"])


def test_who_disagrees_is_told_with_both_values() -> None:
    first = _table(A=(10.0, True), B=(20.0, False), C=(30.0, True), D=(5.0, True))
    second = _table(A=(10.09, True), B=(20.0, True), C=(28.0, True), E=(1.0, False))
    found = compare_outcomes(first, second, names=("GDC", "cBioPortal"))
    assert (found.common, found.only_first, found.only_second) == (3, 1, 1)
    assert list(found.status.index) == ["B"]
    assert list(found.time.index) == ["C"]
    assert "dead in one and alive in the other: B alive at 20.0 and dead at 20.0 months" in found.notes[1]
    assert "other times: C dead at 30.0 and dead at 28.0 months" in found.notes[2]


def test_the_other_way_round_finds_the_same() -> None:
    first, second = _table(A=(10.0, True), B=(20.0, False)), _table(B=(25.0, False), A=(10.0, False))
    there = compare_outcomes(first, second, names=("a", "b"))
    back = compare_outcomes(second, first, names=("b", "a"))
    assert list(there.status.index) == list(back.status.index) == ["A"]
    assert list(there.time.index) == list(back.time.index) == ["B"]


def test_agreement_is_told_too() -> None:
    table = _table(A=(10.0, True))
    assert compare_outcomes(table, table, names=("a", "b")).notes[-1] == "They agree on all of these."


def test_real_tables_agree_once_their_own_months_are_turned_to_days(blca: ResearchTable, tcga: Path) -> None:
    # MCAT divides days by 30.44, SurvPath by 30: as they stand, every follow-up of some length differs by 1.5 %.
    rows = pd.read_csv(tcga / "blca_endpoints.csv").drop_duplicates("case_id").set_index("case_id")
    survpath = pd.DataFrame({
        "time_months": to_months(rows["survival_months"].to_numpy(float), month_days=30.0),
        "event": rows["censorship"] == 0,
    })  # fmt: skip
    as_given = survpath.assign(time_months=rows["survival_months"])
    raw = compare_outcomes(blca.patients, as_given, names=("MCAT", "SurvPath"))
    mcat = blca.patients.assign(
        time_months=to_months(blca.patients["time_months"].to_numpy(float), month_days=LEGACY_DAYS)
    )
    found = compare_outcomes(mcat, survpath, names=("MCAT", "SurvPath"))
    assert (found.common, len(raw.time)) == (359, 296)
    assert (len(found.time), len(found.status)) == (0, 0)
