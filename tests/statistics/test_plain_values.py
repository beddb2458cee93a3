from __future__ import annotations

import json

import numpy as np

from survdash.statistics.calibration import calibration
from survdash.statistics.kaplan_meier import KaplanMeier, kaplan_meier
from survdash.statistics.logrank import Logrank, logrank
from survdash.statistics.plain_values import from_plain, to_plain


def test_a_result_comes_back_from_json_with_its_gaps_and_kinds() -> None:
    curve = kaplan_meier([1.0, 2.5, 4.0, 4.0], [True, False, False, False])
    again = from_plain(KaplanMeier, json.loads(json.dumps(to_plain(curve), allow_nan=False)))
    np.testing.assert_array_equal(again.time, curve.time)
    assert again.at_risk.dtype.kind == "i"
    assert np.isnan(again.median)
    assert again.at([2.0])[0] == curve.at([2.0])[0]


def test_results_within_results_and_labels_come_back() -> None:
    rng = np.random.default_rng(0)
    time, event, high = rng.exponential(size=60), rng.random(60) < 0.7, rng.random(60) < 0.5
    test = logrank(time, event, high)
    again = from_plain(Logrank, to_plain(test))
    assert again.groups == test.groups
    np.testing.assert_allclose(again.variance, test.variance, rtol=1e-5)
    found = calibration(rng.uniform(size=60), time, event, horizon=0.5)
    assert to_plain(found)["slope"] == float(f"{found.slope:.6g}")
