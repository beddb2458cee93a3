"""How much longer one group lives than another up to a stated time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from survdash.errors import NotEnoughDataError
from survdash.statistics.inputs import check_entry, check_horizon, check_labels, check_level, check_survival
from survdash.statistics.kaplan_meier import kaplan_meier


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RmstDifference:
    """Restricted mean survival time of ``compared`` less that of ``reference``, in the unit of the times.

    ``means`` and ``std_errs`` are those of reference and compared. ``p_value`` is two-sided; nan where neither mean has
    an error (no death before the horizon).
    """

    difference: float
    low: float
    high: float
    p_value: float
    std_err: float
    means: tuple[float, float]
    std_errs: tuple[float, float]
    reference: object
    compared: object
    horizon: float
    level: float


def rmst_difference(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    horizon: float,
    level: float = 0.95,
    entry: ArrayLike | None = None,
) -> RmstDifference:
    """Difference in restricted mean survival time of two groups; needs no proportional hazards.

    Parameters
    ----------
    time, event : array_like, shape (N,)
    group : array_like, shape (N,)
        Two labels; the first in order is the reference.
    horizon : float
        At most the shorter of the two groups' follow-up: beyond it a mean would be guessed.
    level : float, optional
    entry : array_like, shape (N,), optional
        Left truncation.

    Returns
    -------
    RmstDifference

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If ``level`` or ``horizon`` is impossible.
    NotEnoughDataError
        If there are not two groups, or one was not followed to the horizon.

    Notes
    -----
    Means and errors as R ``print(survfit, rmean=horizon)``, the groups being independent. Source: Royston and Parmar
    (2013).
    """
    check_level(level)
    end, data = check_horizon(horizon), check_survival(time, event)
    labels, codes = check_labels(group, data.size, name="group")
    entered = check_entry(entry, data)
    if labels.size != 2:
        raise NotEnoughDataError(f"A difference compares two groups; found {labels.size}.")
    curves = []
    for code, label in enumerate(labels.tolist()):
        mine = codes == code
        curve = kaplan_meier(data.time_months[mine], data.event[mine], entry=None if entered is None else entered[mine])
        if curve.last_follow_up < end and curve.survival[-1] > 0:
            raise NotEnoughDataError(
                f"Group {label} was followed to {curve.last_follow_up:g} only, not to {end:g}.",
                hint="Choose a shorter horizon.",
            )
        curves.append(curve)
    means = (curves[0].rmst(end), curves[1].rmst(end))
    errors = (curves[0].rmst_std_err(end), curves[1].rmst_std_err(end))
    gap, std_err = means[1] - means[0], float(np.hypot(*errors))
    z = float(ndtri((1 + level) / 2))
    reference, compared = labels.tolist()
    return RmstDifference(
        difference=gap,
        low=gap - z * std_err,
        high=gap + z * std_err,
        p_value=float(2 * ndtr(-abs(gap) / std_err)) if std_err > 0 else float("nan"),
        std_err=std_err,
        means=means,
        std_errs=errors,
        reference=reference,
        compared=compared,
        horizon=end,
        level=level,
    )
