"""Hazard ratio of two groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from survdash.errors import NotEnoughDataError
from survdash.statistics.inputs import check_entry, check_labels, check_level, check_survival
from survdash.statistics.logrank import tabulate_deaths

MAX_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HazardRatio:
    """Hazard of ``compared`` over the hazard of ``reference``, with its Wald interval and p-value.

    ``log_ratio`` and ``std_err`` are Cox's coefficient and its standard error.
    """

    ratio: float
    low: float
    high: float
    p_value: float
    log_ratio: float
    std_err: float
    reference: object
    compared: object
    level: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Terms:
    """One row per death, ties spread by Efron: patients at risk in either group, less the share already dead."""

    reference: np.ndarray
    compared: np.ndarray
    deaths_compared: float

    def score(self, beta: float) -> tuple[float, float]:
        """First derivative of the log partial likelihood, and the information."""
        # Both sides of the odds scaled by exp(-|beta| / 2), so that neither overflows.
        up, down = self.compared * np.exp(beta / 2), self.reference * np.exp(-beta / 2)
        share = up / (up + down)
        return self.deaths_compared - float(share.sum()), float((share * (1 - share)).sum())

    def has_finite_peak(self) -> bool:
        """Whether the likelihood falls on both sides: at infinity every death goes to the group that is left."""
        at_plus = self.deaths_compared - np.count_nonzero(self.compared > 0)
        at_minus = self.deaths_compared - np.count_nonzero(self.reference <= 0)
        return bool(at_plus < 0 < at_minus)


def hazard_ratio(
    time: ArrayLike, event: ArrayLike, group: ArrayLike, *, level: float = 0.95, entry: ArrayLike | None = None
) -> HazardRatio:
    """Cox model with one two-valued covariate.

    Parameters
    ----------
    time : array_like, shape (N,)
    event : array_like, shape (N,)
        True for a death.
    group : array_like, shape (N,)
        Two labels; the first in order is the reference: False before True, 0 before 1, "low" before "high".
    level : float, optional
        Of the confidence interval.
    entry : array_like, shape (N,), optional
        Left truncation: when each patient came under observation.

    Returns
    -------
    HazardRatio

    Raises
    ------
    ClinicalError
        If a time, an event or a label is impossible.
    InputError
        If ``level`` is impossible.
    NotEnoughDataError
        If there are not exactly two groups, no death, or the ratio has no finite estimate (for instance no death in
        one group).

    Notes
    -----
    Tied deaths by Efron's method, as R ``survival::coxph``; Newton's method on the one coefficient, run until it no
    longer moves. That the hazards are proportional is assumed: see ``check_proportional_hazards``.
    Source: Cox (1972), Efron (1977).
    """
    check_level(level)
    data = check_survival(time, event)
    labels, codes = check_labels(group, data.size, name="group")
    if labels.size != 2:
        raise NotEnoughDataError(f"A hazard ratio compares two groups; found {labels.size}.")
    if not data.event.any():
        raise NotEnoughDataError(f"No death among {data.size} patients, so there is no hazard ratio.")
    table = tabulate_deaths(data, codes, groups=2, entry=check_entry(entry, data))
    deaths = table.deaths.sum(axis=1).astype(int)
    row = np.repeat(np.arange(deaths.size), deaths)
    done = (np.arange(row.size) - np.repeat(np.cumsum(deaths) - deaths, deaths)) / deaths[row]
    left = table.at_risk[row] - done[:, None] * table.deaths[row]
    terms = _Terms(reference=left[:, 0], compared=left[:, 1], deaths_compared=float(table.deaths[:, 1].sum()))
    if not terms.has_finite_peak():
        counts = table.deaths.sum(axis=0).astype(int)
        raise NotEnoughDataError(
            f"The hazard ratio has no finite estimate: {counts[0]} deaths in group {labels[0]} "
            f"and {counts[1]} in group {labels[1]}, without overlap."
        )
    beta, std_err = _climb(terms)
    z = float(ndtri((1 + level) / 2))
    reference, compared = labels.tolist()
    return HazardRatio(
        ratio=float(np.exp(beta)),
        low=float(np.exp(beta - z * std_err)),
        high=float(np.exp(beta + z * std_err)),
        p_value=float(2 * ndtr(-abs(beta) / std_err)),
        log_ratio=beta,
        std_err=std_err,
        reference=reference,
        compared=compared,
        level=level,
    )


def _climb(terms: _Terms) -> tuple[float, float]:
    low, high, beta = -np.inf, np.inf, 0.0
    for _ in range(MAX_STEPS):
        score, information = terms.score(beta)
        low, high = (beta, high) if score > 0 else (low, beta)
        # The likelihood is concave, so the peak lies in [low, high]; a Newton step that leaves it is cut short.
        step = float(np.clip(score / information, -2.0, 2.0)) if information > 0 else float(np.sign(score))
        following = beta + step
        if not low <= following <= high:
            following = (low + high) / 2
        if abs(following - beta) <= 1e-13 * max(1.0, abs(beta)):
            return float(following), float(1 / np.sqrt(terms.score(following)[1]))
        beta = following
    raise NotEnoughDataError("The hazard ratio has no stable estimate in these two groups.")
