from __future__ import annotations

import numpy as np
import pytest

from survdash.errors import InputError
from survdash.statistics.concordance import concordance
from survdash.statistics.leaks import find_leaks


@pytest.fixture
def outcome():
    rng = np.random.default_rng(3)
    time, event = rng.exponential(30, 200) + 0.1, rng.random(200) < 0.4
    return rng, time, event


def test_columns_made_from_the_time_or_the_event_are_found_either_way_round(outcome):
    rng, time, event = outcome
    columns = {
        "noise": rng.normal(size=200), "days": time * 30.4375, "minus": -time, "rough": np.round(time / 3),
        "event": event.astype(float), "alive": 1.0 - event, "constant": np.ones(200),
    }
    found = find_leaks(np.column_stack(list(columns.values())), list(columns), time, event)
    assert {leak.name: leak.measure for leak in found} == {
        "days": "c-index", "minus": "c-index", "rough": "c-index", "event": "AUC", "alive": "AUC",
    }
    assert "Column 'event' tells who died (AUC 1.00)" in found[3].words


def test_an_honest_strong_feature_is_no_leak(outcome):
    rng, time, event = outcome
    strong = -np.log(time) + rng.normal(0, 0.8, 200)
    assert 0.7 < concordance(strong, time, event) < 0.95
    assert find_leaks(strong[:, None], ["strong"], time, event) == ()


def test_missing_values_are_left_out_and_few_deaths_are_not_judged(outcome):
    _, time, event = outcome
    gaps = np.where(np.arange(200) % 3 == 0, np.nan, time)
    assert [leak.name for leak in find_leaks(gaps[:, None], ["gaps"], time, event)] == ["gaps"]
    few = event & (np.cumsum(event) <= 19)
    assert find_leaks(time[:, None], ["time"], time, few) == ()


def test_many_random_columns_raise_no_alarm():
    # The threshold is six standard deviations at the fewest deaths that are judged.
    rng = np.random.default_rng(0)
    time, event = rng.exponential(30, 60) + 0.1, np.arange(60) < 20
    values = rng.normal(size=(60, 200))
    assert find_leaks(values, [str(n) for n in range(200)], time, event) == ()


def test_shapes_that_do_not_fit_are_refused(outcome):
    _, time, event = outcome
    with pytest.raises(InputError, match="do not fit"):
        find_leaks(np.ones((3, 1)), ["x"], time, event)
