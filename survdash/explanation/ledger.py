"""What the slide says alone, what the genes say alone, and what both say together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from survdash.explanation.record import Ledger, LedgerRow
from survdash.prediction import LANDMARKS, Prediction

if TYPE_CHECKING:  # it needs torch, which a stored row does not
    from survdash.explanation.case_risk import CaseRisk

OWN = "this model, the other part stood in for"


def row_of_prediction(prediction: Prediction) -> LedgerRow:
    """A row from a model's own prediction."""
    at = (prediction.at(month) for month in LANDMARKS)
    return LedgerRow(
        parts=" and ".join(prediction.modalities), model=prediction.model, risk=prediction.risk,
        group=prediction.group, at=tuple(None if one is None else one[0] for one in at),
    )


def rows_of_stand_ins(case: CaseRisk, *, months: np.ndarray, cutpoint: float | None) -> list[LedgerRow]:
    """Slide only and genes only by a network that has learnt to do without; clinical facts stay."""
    rows = []
    for name, other in (("genes", "slide"), ("slide", "genes")):
        risk, survival = case.curve(frozenset(case.parts) - {other}, months)
        at = tuple(float(np.interp(month, months, survival)) if month <= months[-1] else None for month in LANDMARKS)
        group = None if cutpoint is None else "high" if risk > cutpoint else "low"
        rows.append(LedgerRow(parts=name, model=OWN, risk=risk, group=group, at=at))
    return rows


def make_ledger(rows: list[LedgerRow], *, notes: list[str]) -> Ledger:
    """Join the rows; flag where slide alone and genes alone fall on opposite sides of their cuts."""
    group = {row.parts: row.group for row in rows}
    sides = [group.get("genes"), group.get("slide")]
    disagree = None if None in sides else sides[0] != sides[1]
    return Ledger(rows=tuple(rows), disagree=disagree, notes=tuple(notes))
