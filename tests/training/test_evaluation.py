from __future__ import annotations

import numpy as np
import pandas as pd

from survdash.case import Survival
from survdash.training.evaluation import evaluate


def test_perfect_and_reversed_risks():
    survival = Survival(time_months=np.arange(1.0, 13), event=np.ones(12))
    table = pd.DataFrame({"risk": -np.arange(12.0), "fold": np.arange(12) % 2})
    assert evaluate(table, survival)["mean"] == 1
    assert evaluate(table.assign(risk=-table["risk"]), survival)["pooled"] == 0


def test_a_fold_without_a_comparable_pair_is_left_out_of_the_mean():
    survival = Survival(time_months=np.arange(1.0, 9), event=np.array([1, 1, 1, 1, 0, 0, 0, 0]))
    found = evaluate(pd.DataFrame({"risk": -np.arange(8.0), "fold": [0] * 4 + [1] * 4}), survival)
    assert found["folds"] == [1, None]
    assert found["mean"] == 1
