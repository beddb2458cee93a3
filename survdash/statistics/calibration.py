"""Do predicted risks come true? By tenths of the patients, smoothed, and over the whole follow-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, ndtri

from survdash.case import Survival
from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics.cox_model import CoxModel, cox_model
from survdash.statistics.inputs import check_horizon, check_level, check_probabilities, check_survival
from survdash.statistics.kaplan_meier import kaplan_meier
from survdash.statistics.time_auc import need_both

EDGE = 1e-4  # predicted risks are kept this far from 0 and 1 where their logarithm is taken


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Predicted against observed risk of dying by ``horizon``.

    Parameters
    ----------
    predicted : ndarray, shape (G,)
        Mean predicted risk of each group of patients, rising.
    observed, low, high : ndarray, shape (G,)
        One less Kaplan-Meier in the group, with its log-log limits; nan where the group was not followed so far.
    sizes : ndarray, shape (G,)
    mean_predicted, mean_observed : float
        Over all patients.
    ratio, ratio_low, ratio_high : float
        mean_observed / mean_predicted with its limits: 1 is calibrated in the large, above 1 too optimistic.
    slope, slope_low, slope_high : float
        Coefficient of log(-log(1 - predicted)) in a Cox model: 1 is right, below 1 the risks are too far apart.
    horizon, level : float
    """

    predicted: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    sizes: np.ndarray
    mean_predicted: float
    mean_observed: float
    ratio: float
    ratio_low: float
    ratio_high: float
    slope: float
    slope_low: float
    slope_high: float
    horizon: float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmoothCalibration:
    """Observed risk as a smooth function of the predicted one.

    Parameters
    ----------
    predicted, observed : ndarray, shape (N,)
        Of each patient, by rising prediction.
    ici, e50, e90, e_max : float
        Mean, median, 90th percentile and largest distance between the two.
    """

    predicted: np.ndarray
    observed: np.ndarray
    ici: float
    e50: float
    e90: float
    e_max: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DCalibration:
    """Whether predicted survival at the patients' own times is spread evenly, as it must be if it is right.

    Parameters
    ----------
    shares : ndarray, shape (B,)
        Share of patients in each of B bins of predicted survival, from 0 to 1; 1 / B each when calibrated.
    statistic, p_value : float
        Chi-square on B - 1 degrees; a small p-value speaks against the predictions.
    """

    shares: np.ndarray
    statistic: float
    p_value: float


def calibration(
    predicted: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    horizon: float,
    groups: int = 10,
    level: float = 0.95,
) -> Calibration:
    """Compare predicted with observed risk in groups of equal size.

    Parameters
    ----------
    predicted : array_like, shape (N,)
        Chance of dying by the horizon.
    time, event : array_like, shape (N,)
    horizon : float
    groups : int, optional
        Patients with equal predictions stay together, so there may be fewer.
    level : float, optional

    Returns
    -------
    Calibration
        The slope is nan where the predictions are all equal or divide the dead from the living.

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If a prediction is no probability, or a setting impossible.
    NotEnoughDataError
        If nobody died by the horizon, or nobody was followed beyond it.

    Notes
    -----
    The ratio's limits are on the log scale, its error by the infinitesimal jackknife of both its parts.
    """
    check_level(level)
    data, end = check_survival(time, event), check_horizon(horizon)
    risks = check_probabilities(predicted, (data.size,), name="predicted risks")
    if groups < 2:
        raise InputError(f"{groups} groups are not enough.", hint="Use for instance 10.")
    need_both(data, end)
    edges = np.unique(np.quantile(risks, np.arange(1, groups) / groups))
    codes = np.searchsorted(edges, risks, side="left")
    observed, low, high, means, sizes = [], [], [], [], []
    for code in np.unique(codes).tolist():
        mine = codes == code
        curve = kaplan_meier(data.time_months[mine], data.event[mine], level=level)
        alive = [float(part[0]) for part in curve.at([end])]
        observed.append(1 - alive[0])
        low.append(1 - alive[2])
        high.append(1 - alive[1])
        means.append(float(risks[mine].mean()))
        sizes.append(int(mine.sum()))
    mean, dead = float(risks.mean()), 1 - float(kaplan_meier(data.time_months, data.event).at([end])[0][0])
    ratio = _over(dead, mean)
    # Those at higher risk die and are predicted to: only what the prediction leaves open varies.
    error = float(np.sqrt(((_dead_influence(data, end) - ratio * (risks - mean) / data.size) ** 2).sum()))
    spread = np.exp(float(ndtri((1 + level) / 2)) * _over(error, dead))
    slope, slope_low, slope_high = _slope(risks, data, end, level)
    return Calibration(
        predicted=np.array(means), observed=np.array(observed), low=np.array(low), high=np.array(high),
        sizes=np.array(sizes), mean_predicted=mean, mean_observed=dead,
        ratio=ratio, ratio_low=ratio / spread, ratio_high=ratio * spread,
        slope=slope, slope_low=slope_low, slope_high=slope_high, horizon=end, level=level,
    )  # fmt: skip


def smooth_calibration(predicted: ArrayLike, time: ArrayLike, event: ArrayLike, *, horizon: float) -> SmoothCalibration:
    """Observed risk by a Cox model on a restricted cubic spline of the prediction, and how far it lies off.

    Parameters
    ----------
    predicted : array_like, shape (N,)
        Chance of dying by the horizon.
    time, event : array_like, shape (N,)
    horizon : float

    Returns
    -------
    SmoothCalibration

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If a prediction is no probability, or the horizon impossible.
    NotEnoughDataError
        If the horizon is too early or too late, the predictions are all equal, or the spline has no finite estimate.

    Notes
    -----
    Three knots at the 10th, 50th and 90th percentile of log(-log(1 - predicted)); a straight line where fewer than
    three values differ. Source: Austin, Harrell and van Klaveren (2020).
    """
    data, end = check_survival(time, event), check_horizon(horizon)
    risks = check_probabilities(predicted, (data.size,), name="predicted risks")
    need_both(data, end)
    basis = _spline(_log_hazard(risks))
    model: CoxModel = cox_model(basis, data.time_months, data.event, names=["prediction", "its bend"][: basis.shape[1]])
    observed = 1 - model.survival(basis, [end])[:, 0]
    order = np.argsort(risks, kind="stable")
    gap = np.abs(observed - risks)
    return SmoothCalibration(
        predicted=risks[order], observed=observed[order], ici=float(gap.mean()), e50=float(np.median(gap)),
        e90=float(np.quantile(gap, 0.9)), e_max=float(gap.max()),
    )  # fmt: skip


def d_calibration(survival_at_own_time: ArrayLike, event: ArrayLike, *, bins: int = 10) -> DCalibration:
    """Chi-square test of distribution calibration.

    Parameters
    ----------
    survival_at_own_time : array_like, shape (N,)
        Each patient's predicted survival at his or her own time of death or last contact.
    event : array_like, shape (N,)
    bins : int, optional

    Returns
    -------
    DCalibration

    Raises
    ------
    InputError
        If a prediction is no probability, or there are fewer than two bins.

    Notes
    -----
    A death lies in one bin; a patient censored at predicted survival s would have died at some survival below it, so
    counts for b's share of [0, s]. Source: Haider et al. (2020). Their test counts censored shares like deaths, so with
    much censoring it rejects too rarely.
    """
    died = np.asarray(event)
    given = check_probabilities(survival_at_own_time, died.shape, name="predicted survivals")
    if bins < 2 or given.size == 0:
        raise InputError("D-calibration needs at least two bins and one patient.")
    died = check_survival(np.ones(given.size), died).event
    edges = np.linspace(0, 1, bins + 1)
    inside = np.minimum((given * bins).astype(int), bins - 1)
    counts = np.bincount(inside[died], minlength=bins).astype(float)
    left = given[~died, None]
    overlap = np.clip(left - edges[:-1], 0, 1 / bins)
    counts += np.where(left > 0, overlap / np.where(left > 0, left, 1.0), edges[:-1] == 0).sum(axis=0)
    expected = given.size / bins
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return DCalibration(shares=counts / given.size, statistic=statistic, p_value=float(chdtrc(bins - 1, statistic)))


def _over(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _dead_influence(data: Survival, horizon: float) -> np.ndarray:
    """Change of one less Kaplan-Meier at the horizon per unit of each patient's weight, (N,)."""
    curve = kaplan_meier(data.time_months, data.event)
    inside = curve.time <= horizon
    left = inside & (curve.at_risk > curve.events)  # where all die the curve is 0, whatever their weights
    steps = np.where(left, 1 / np.maximum(curve.at_risk - curve.events, 1), 0.0)
    hazard = np.concatenate([[0.0], np.cumsum(steps * curve.events / curve.at_risk)])
    place = np.searchsorted(curve.time, np.minimum(data.time_months, horizon), side="right")
    own = np.where(data.event & (data.time_months <= horizon), steps[np.maximum(place - 1, 0)], 0.0)
    return float(curve.at([horizon])[0][0]) * (own - hazard[place])


def _log_hazard(risks: np.ndarray) -> np.ndarray:
    return np.log(-np.log1p(-np.clip(risks, EDGE, 1 - EDGE)))


def _slope(risks: np.ndarray, data: Survival, horizon: float, level: float) -> tuple[float, float, float]:
    # Follow-up ends at the horizon: what happens later does not bear on a risk until then.
    inside = np.minimum(data.time_months, horizon)
    try:
        found = cox_model(_log_hazard(risks)[:, None], inside, data.event & (data.time_months <= horizon), level=level)
    except NotEnoughDataError:
        return float("nan"), float("nan"), float("nan")
    return float(found.coefficients[0]), float(np.log(found.low[0])), float(np.log(found.high[0]))


def _spline(x: np.ndarray) -> np.ndarray:
    """(N, 2): x and Harrell's restricted cubic term with three knots; (N, 1) where the knots fall together."""
    a, b, c = np.quantile(x, [0.1, 0.5, 0.9]).tolist()
    if not a < b < c:
        return x[:, None]

    def cube(knot: float) -> np.ndarray:
        return np.maximum(x - knot, 0) ** 3

    bend = cube(a) - cube(b) * (c - a) / (c - b) + cube(c) * (b - a) / (c - b)
    return np.column_stack([x, bend / (c - a) ** 2])
