from __future__ import annotations

import numpy as np
import pytest

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.nets.baselines.fitted import INNER_FOLDS, TrainingSet, concordance, inner_folds, outcome_table


def outcome(event):
    return Survival(time_months=np.arange(1.0, len(event) + 1), event=np.array(event))


def test_deaths_and_cases_are_dealt_evenly():
    survival = outcome([True] * 13 + [False] * 29)
    folds = inner_folds(survival, seed=3)
    for part in (folds, folds[survival.event]):
        counts = np.bincount(part, minlength=INNER_FOLDS)
        assert counts.max() - counts.min() <= 2  # one for the deaths, one for the others
    np.testing.assert_array_equal(inner_folds(survival, seed=3), folds)
    assert np.any(inner_folds(survival, seed=4) != folds)


def test_too_few_deaths_are_refused():
    with pytest.raises(NotEnoughDataError, match="4 deaths"):
        inner_folds(outcome([True] * 4 + [False] * 20), seed=0)


def test_a_part_of_the_cases_keeps_rows_together():
    training = TrainingSet(
        blocks={"genes": np.arange(8.0).reshape(4, 2), "slide": np.arange(4.0)[:, None]},
        survival=outcome([True, False, True, False]), seed=7, penalty=2.0,
    )
    part = training.take(np.array([2, 0])).only("slide")
    assert list(part.blocks) == ["slide"]
    assert part.blocks["slide"].tolist() == [[2], [0]]
    assert part.survival.time_months.tolist() == [3, 1]
    assert (part.seed, part.penalty) == (7, 2.0)


def test_a_higher_risk_means_an_earlier_death():
    survival = outcome([True, True, False])
    assert concordance(np.array([3.0, 2.0, 1.0]), survival) == 1
    assert concordance(np.array([1.0, 2.0, 3.0]), survival) == 0


def test_the_outcome_as_scikit_survival_reads_it():
    table = outcome_table(outcome([True, False]))
    assert table.dtype.names == ("event", "time")
    assert table.tolist() == [(True, 1.0), (False, 2.0)]
