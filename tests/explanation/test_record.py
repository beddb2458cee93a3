"""An explanation through a JSON file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from survdash.explanation.record import (
    Explanation,
    Familiarity,
    GeneShare,
    GeneShares,
    Ledger,
    LedgerRow,
    Neighbour,
    Shares,
    TileMap,
    explanation_from_json,
    explanation_to_json,
)

SHARES = Shares(risk=1.0, baseline=0.5, shares={"genes": 0.5}, stand_ins={"genes": "the mean"})


def made(tiles: TileMap | None = None) -> Explanation:
    return Explanation(
        case_id="a", model="m", model_version="1", role="new case",
        familiarity=(Familiarity(part="genes", distance=0.5, percentile=40.0, far_limit=3.0),), shares=SHARES,
        slides=None, genes=GeneShares(
            difference=0.5, gap=0.0, complete=True, steps=0, groups=(("A", 0.5),),
            top=(GeneShare(group="A", column="TP53_rna", value=1.5, share=0.5),),
        ),
        tiles=tiles,
        ledger=Ledger(rows=(LedgerRow(parts="genes", model="m", risk=1.0, group="high", at=(0.9, None, None)),),
                      disagree=None, notes=("no slide",)),
        neighbours=(Neighbour(case_id="b", fold=1, farness=0.1, risk=0.2, time_months=12.0, died=True),),
        notes=("a note",),
    )  # fmt: skip


@pytest.mark.parametrize("with_plan", [True, False])
def test_nothing_is_lost_on_the_way(with_plan: bool) -> None:
    rng = np.random.default_rng(0)
    tiles = TileMap(
        coords=np.array([[0, 0], [256, 0]], np.int32), slide_index=np.zeros(2, np.int32), weight=np.array([0.25, 0.75]),
        groups=("A",) if with_plan else (), attention=None, plan=rng.random((2, 1)) if with_plan else None,
    )
    before = made(tiles)
    text = json.dumps(explanation_to_json(before), allow_nan=False)
    after = explanation_from_json(json.loads(text))
    assert after.tiles is not None
    np.testing.assert_allclose(after.tiles.weight, tiles.weight)
    np.testing.assert_array_equal(after.tiles.coords, tiles.coords)
    assert (after.tiles.plan is None) == (not with_plan)
    assert json.dumps(explanation_to_json(after)) == text


def test_a_case_without_tiles_has_none_afterwards() -> None:
    after = explanation_from_json(json.loads(json.dumps(explanation_to_json(made()))))
    assert after.tiles is None
    assert (after.shares, after.genes, after.neighbours) == (SHARES, made().genes, made().neighbours)
    assert after.ledger.rows[0].at == (0.9, None, None)


@pytest.mark.parametrize(("distance", "level"), [(0.9, "like"), (1.1, "unlike"), (3.1, "far")])
def test_levels_follow_the_limits(distance: float, level: str) -> None:
    assert Familiarity(part="genes", distance=distance, percentile=99.0, far_limit=3.0).level == level
