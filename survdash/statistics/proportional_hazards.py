"""Whether a hazard ratio stays the same over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from survdash.statistics.cox_model import CoxModel
from survdash.statistics.kaplan_meier import kaplan_meier
from survdash.statistics.partial_likelihood import terms_at

NOTHING = 1e-10  # an eigenvalue of the scaled information (about 1 each) that is rounding, no information


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProportionalHazards:
    """Test of each term of a Cox model and of all together; a small p-value speaks against a constant ratio.

    Parameters
    ----------
    terms : tuple of str
    statistics, p_values : ndarray, shape (R,)
        Chi-square of each term.
    degrees : ndarray, shape (R,)
        int, columns of each term.
    statistic, p_value : float
        All terms together.
    times : ndarray, shape (D,)
        Time of each death, rising within a stratum.
    residuals : ndarray, shape (D, P)
        Scaled Schoenfeld residuals plus the coefficient: a smooth line through them shows the log hazard ratio over
        time.
    """

    terms: tuple[str, ...]
    statistics: np.ndarray
    p_values: np.ndarray
    degrees: np.ndarray
    statistic: float
    p_value: float
    times: np.ndarray
    residuals: np.ndarray


def check_proportional_hazards(
    model: CoxModel, *, terms: Mapping[str, Sequence[int]] | None = None
) -> ProportionalHazards:
    """Score test of coefficients that change with the share that has died (one less Kaplan-Meier).

    Parameters
    ----------
    model : CoxModel
    terms : mapping of str to column numbers, optional
        Columns that belong together, such as the levels of a stage; by default each stands alone.

    Returns
    -------
    ProportionalHazards

    Notes
    -----
    Equals R ``survival::cox.zph`` (since 3.0, transform "km"), which is an exact score test; lifelines'
    ``proportional_hazard_test`` is the older approximation that takes the information as constant over time, and
    differs a little. Left truncation and strata as in the model. nan where the data cannot tell one time from another,
    for instance when all who died, died at once; R stops there. Source: Grambsch and Therneau (1994).
    """
    width = len(model.names)
    score = np.zeros(2 * width)
    information = np.zeros((2 * width, 2 * width))
    times, residuals = [], []
    for sets in model.sets:
        found = terms_at(sets, model.covariates, model.coefficients)
        moment = _share_dead(model, sets.times)[sets.place]
        # Efron shares a time's residuals evenly among its deaths.
        counts = np.bincount(sets.place)
        shared = np.add.reduceat(found.mean, np.searchsorted(sets.place, np.arange(counts.size)), axis=0)
        gap = model.covariates[sets.dying] - (shared / counts[:, None])[sets.place]
        score[:width] += gap.sum(axis=0)
        score[width:] += moment @ gap
        information[:width, :width] += found.spread.sum(axis=0)
        crossed = np.tensordot(moment, found.spread, axes=1)
        information[:width, width:] += crossed
        information[width:, :width] += crossed
        information[width:, width:] += np.tensordot(moment**2, found.spread, axes=1)
        times.append(sets.times[sets.place])
        residuals.append(gap)
    groups = {name: [place] for place, name in enumerate(model.names)} if terms is None else dict(terms)
    parts = [_test(score, information, width, list(columns)) for columns in groups.values()]
    degrees = np.array([len(columns) for columns in groups.values()])
    statistic = _test(score, information, width, list(range(width)))
    every = np.concatenate(residuals)
    return ProportionalHazards(
        terms=tuple(groups),
        statistics=np.array(parts),
        p_values=np.array([float(chdtrc(d, s)) for d, s in zip(degrees, parts, strict=True)]),
        degrees=degrees,
        statistic=statistic,
        p_value=float(chdtrc(width, statistic)),
        times=np.concatenate(times),
        residuals=every @ model.covariance * len(every) + model.coefficients,
    )


def _share_dead(model: CoxModel, asked: np.ndarray) -> np.ndarray:
    """One less the Kaplan-Meier estimate of everybody just before each time, less its mean over deaths."""
    curve = kaplan_meier(model.data.time_months, model.data.event, entry=model.entry)
    dead = np.concatenate([[0.0], 1 - curve.survival])
    of_deaths = dead[np.searchsorted(curve.time, model.data.time_months[model.data.event], side="left")]
    # The mean is taken off only so that fewer digits cancel.
    return dead[np.searchsorted(curve.time, asked, side="left")] - of_deaths.mean()


def _test(score: np.ndarray, information: np.ndarray, width: int, columns: list[int]) -> float:
    kept = [*range(width), *(width + place for place in columns)]
    part = information[np.ix_(kept, kept)]
    size = np.sqrt(np.diag(part))
    if not size.all():
        return float("nan")
    part = part / np.outer(size, size)
    if np.linalg.eigvalsh(part)[0] < NOTHING:
        return float("nan")
    return max(0.0, float(score[kept] / size @ np.linalg.solve(part, score[kept] / size)))
