"""How good a model's out-of-fold predictions are, in the numbers that its card states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.prediction import LANDMARKS
from survdash.statistics.calibration import calibration, smooth_calibration
from survdash.statistics.plain_values import to_plain
from survdash.statistics.prediction_error import brier_score
from survdash.statistics.resampling import percentile_limits
from survdash.statistics.time_auc import time_auc

DRAWS = 200
LEVEL = 0.95


def describe_horizons(predictions: pd.DataFrame, survival: Survival) -> dict[str, dict[str, Any]]:
    """Calibration and error at 12, 36 and 60 months, for those that the curves reach; keys are the months.

    Parameters
    ----------
    predictions : DataFrame
        ``survival`` (lists by month), one row a case.
    survival : Survival
        Of the same cases in the same order.

    Returns
    -------
    dict
        For each month ``predicted`` and ``observed`` share of deaths, ``ratio`` and ``slope`` with limits, ``ici``
        (Austin 2020) with limits by bootstrap over patients, ``auc`` with limits, and ``brier``, the error of the
        prediction, beside ``brier_reference``, that of everybody's Kaplan-Meier curve.
    """
    curves = np.stack(predictions["survival"].to_list()).astype(float)
    found = {}
    for month in LANDMARKS:
        if month >= curves.shape[1]:
            continue
        try:
            found[str(month)] = _at(1 - curves[:, month], survival, month)
        except NotEnoughDataError as error:
            found[str(month)] = {"note": error.message}
    return found


def _at(predicted: np.ndarray, survival: Survival, month: int) -> dict[str, Any]:
    time, event = survival.time_months, survival.event
    groups, smooth = calibration(predicted, time, event, horizon=month), _ici(predicted, survival, month)
    brier = brier_score(1 - predicted[:, None], time, event, times=[month])
    low, high = _ici_limits(predicted, survival, month)
    auc = time_auc(predicted, time, event, times=[month])
    plain: dict[str, Any] = to_plain({
        "predicted": groups.mean_predicted, "observed": groups.mean_observed, "ratio": groups.ratio,
        "ratio_low": groups.ratio_low, "ratio_high": groups.ratio_high, "slope": groups.slope,
        "slope_low": groups.slope_low, "slope_high": groups.slope_high, "ici": smooth, "ici_low": low,
        "ici_high": high, "auc": auc.values[0], "auc_low": auc.low[0],
        "auc_high": auc.high[0], "brier": brier.values[0], "brier_reference": brier.reference[0],
    })  # fmt: skip
    return plain


def _ici(predicted: np.ndarray, survival: Survival, month: int) -> float:
    try:
        return smooth_calibration(predicted, survival.time_months, survival.event, horizon=month).ici
    except NotEnoughDataError:
        return float("nan")


def _ici_limits(predicted: np.ndarray, survival: Survival, month: int) -> tuple[float, float]:
    rng, values = np.random.default_rng(0), []
    for _ in range(DRAWS):
        drawn = np.sort(rng.integers(0, survival.size, survival.size))
        values.append(_ici(predicted[drawn], survival.take(drawn), month))
    return percentile_limits(np.array(values), LEVEL)
