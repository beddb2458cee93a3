from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash.case import Survival
from survdash.usecases.model_metrics import describe_horizons


def test_the_truth_is_calibrated_and_says_so() -> None:
    rng = np.random.default_rng(0)
    rate = 0.02 * np.exp(rng.normal(size=1500))
    time, seen = rng.exponential(1 / rate), rng.uniform(20, 120, 1500)
    survival = Survival(time_months=np.minimum(time, seen), event=time <= seen)
    curves = np.exp(-rate[:, None] * np.arange(50))
    found = describe_horizons(pd.DataFrame({"survival": list(curves)}), survival)
    assert set(found) == {"12", "36"}  # curves end before 60
    at = found["36"]
    assert at["ici"] < 0.03  # .01 to .02 by chance alone with 1,500 patients
    assert at["ici_low"] <= at["ici_high"]
    assert at["ratio_low"] < 1 < at["ratio_high"]
    assert at["brier"] < at["brier_reference"]
    assert at["auc_low"] < at["auc"] < at["auc_high"]


def test_where_nobody_was_followed_so_far_there_is_a_note() -> None:
    survival = Survival(time_months=np.arange(1.0, 31), event=np.ones(30, bool))
    found = describe_horizons(pd.DataFrame({"survival": [np.linspace(1, 0.1, 40)] * 30}), survival)
    assert "note" in found["36"]
    assert found["12"]["observed"] == pytest.approx(12 / 30)
