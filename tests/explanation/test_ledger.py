"""Each part alone, and whether they disagree."""

from __future__ import annotations

import numpy as np
import pytest

from survdash.explanation.ledger import make_ledger, row_of_prediction, rows_of_stand_ins
from survdash.explanation.record import LedgerRow
from survdash.prediction import stored_prediction


def row(parts: str, group: str | None) -> LedgerRow:
    return LedgerRow(parts=parts, model="m", risk=0.0, group=group, at=(None, None, None))


@pytest.mark.parametrize(
    ("slide", "genes", "disagree"),
    [("low", "high", True), ("high", "low", True), ("low", "low", False), (None, "high", None)],
)
def test_opposite_sides_of_the_cuts_are_flagged(slide: str | None, genes: str | None, disagree: bool | None) -> None:
    rows = [row("slide", slide), row("genes", genes), row("genes and slide", "high")]
    assert make_ledger(rows, notes=[]).disagree is disagree


def test_a_part_without_a_model_leaves_it_open() -> None:
    assert make_ledger([row("genes", "low")], notes=["no slide"]).disagree is None


def test_a_row_says_what_the_prediction_says(demo_run) -> None:
    prediction = stored_prediction(demo_run("glg"), "SIM-0001")
    made = row_of_prediction(prediction)
    assert (made.parts, made.group, made.risk) == ("genes and slide", prediction.group, prediction.risk)
    assert made.at[1] == pytest.approx(prediction.at(36)[0])  # type: ignore[index]


def test_a_network_with_stand_ins_answers_for_each_part_alone(ask_made) -> None:
    case = ask_made(stand_ins=True)
    rows = rows_of_stand_ins(case, months=np.arange(10.0), cutpoint=0.0)
    assert [one.parts for one in rows] == ["genes", "slide"]
    assert rows[0].risk != rows[1].risk
    assert {one.group for one in rows} <= {"low", "high"}
    assert rows[0].at == (None, None, None)  # 12 months lie beyond the ten asked for
