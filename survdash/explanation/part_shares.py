"""Shares of slide, genes and clinical facts in a case's risk, and of each slide where there are several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from survdash.explanation.case_risk import CaseRisk
from survdash.explanation.record import Shares
from survdash.explanation.shapley import MOST_PLAYERS, shapley_values


def share_parts(case: CaseRisk) -> Shares:
    """Exact Shapley shares of the parts that the case has."""
    worth = {}

    def risk(present: frozenset[str]) -> float:
        worth[present] = case.risk(present)
        return worth[present]

    shares = shapley_values(case.parts, risk)
    return Shares(
        risk=worth[frozenset(case.parts)], baseline=worth[frozenset()], shares=shares, stand_ins=case.stand_ins()
    )


def share_slides(case: CaseRisk, slide_index: np.ndarray) -> Shares | None:
    """Exact Shapley shares of each slide, all else in place; None with one slide, or with more than can be shared.

    Parameters
    ----------
    case : CaseRisk
    slide_index : ndarray, shape (M,)
        Which slide each tile is of.

    Notes
    -----
    A model sees the tiles of all slides as one bag, so a slide weighs by its tiles. The start is the case without any
    slide, as in ``share_parts``.
    """
    bags = case.inputs.bags
    numbers = np.unique(slide_index)
    if bags is None or not 2 <= numbers.size <= MOST_PLAYERS:
        return None
    names = {f"slide {number + 1}": int(number) for number in numbers}
    parts = frozenset(case.parts)
    worth = {}

    def risk(present: frozenset[str]) -> float:
        if present:
            kept = np.isin(slide_index, [names[name] for name in present])
            some = replace(case, inputs=replace(case.inputs, bags=[bags[0][kept]]))
            worth[present] = some.risk(parts)
        else:
            worth[present] = case.risk(parts - {"slide"})
        return worth[present]

    shares = shapley_values(tuple(names), risk)
    tiles = {name: int((slide_index == number).sum()) for name, number in names.items()}
    return Shares(
        risk=worth[frozenset(names)], baseline=worth[frozenset()], shares=shares,
        stand_ins={name: f"left out with its {count} of {slide_index.size} tiles" for name, count in tiles.items()},
    )
