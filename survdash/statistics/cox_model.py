"""Cox's model with several covariates, fitted without penalty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, ndtr, ndtri

from survdash.case import Survival
from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics.inputs import check_entry, check_labels, check_level, check_survival, to_numbers
from survdash.statistics.partial_likelihood import RiskSets, derivatives, risk_sets, terms_at

MAX_STEPS = 60
ENDLESS = 30.0  # standard deviations of a covariate: a log hazard ratio beyond has no finite estimate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoxModel:
    """P log hazard ratios with their covariance.

    Parameters
    ----------
    names : tuple of str
    coefficients : ndarray, shape (P,)
        Log hazard ratios per unit of the covariate.
    covariance : ndarray, shape (P, P)
    low, high : ndarray, shape (P,)
        Wald limits of the hazard ratios.
    p_values : ndarray, shape (P,)
        Two-sided, by Wald's test.
    log_likelihood, log_likelihood_null : float
    score_statistic : float
        Score test of all coefficients together, chi-square on P degrees; one two-valued covariate without ties: the
        logrank statistic.
    patients, events : int
    level : float
    """

    names: tuple[str, ...]
    coefficients: np.ndarray
    covariance: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_values: np.ndarray
    log_likelihood: float
    log_likelihood_null: float
    score_statistic: float
    patients: int
    events: int
    level: float
    data: Survival = field(repr=False)
    covariates: np.ndarray = field(repr=False)  # (N, P) less their means
    means: np.ndarray = field(repr=False)
    entry: np.ndarray | None = field(repr=False)
    sets: list[RiskSets] = field(repr=False)

    @property
    def ratios(self) -> np.ndarray:
        """Hazard ratios (P,)."""
        return np.exp(self.coefficients)

    @property
    def std_errs(self) -> np.ndarray:
        """Standard errors of the coefficients (P,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def likelihood_ratio(self) -> float:
        """Chi-square on P degrees of all coefficients together."""
        return 2 * (self.log_likelihood - self.log_likelihood_null)

    @property
    def likelihood_ratio_p(self) -> float:
        """p-value of ``likelihood_ratio``."""
        return float(chdtrc(len(self.names), max(0.0, self.likelihood_ratio)))

    @property
    def score_p(self) -> float:
        """p-value of ``score_statistic``."""
        return float(chdtrc(len(self.names), self.score_statistic))

    def survival(self, covariates: ArrayLike, times: ArrayLike) -> np.ndarray:
        """Predicted survival of Q patients at T times, for a model without strata.

        Parameters
        ----------
        covariates : array_like, shape (Q, P)
        times : array_like, shape (T,)

        Returns
        -------
        ndarray, shape (Q, T)
            By the cumulative hazard with Efron's ties, as R ``survfit(coxph)``; the last value is carried on beyond the
            last death.

        Raises
        ------
        InputError
            If the model has strata or the width is another.
        """
        given = to_numbers(covariates, name="covariates")
        if len(self.sets) != 1 or given.ndim != 2 or given.shape[1] != len(self.names):
            raise InputError(f"Survival is predicted from {len(self.names)} covariates, in a model without strata.")
        only = self.sets[0]
        hazard = np.cumsum(np.exp(-terms_at(only, self.covariates, self.coefficients).log_total))
        at_time = np.searchsorted(self.data.time_months[only.dying], np.asarray(times, float), side="right")
        cumulative = np.concatenate([[0.0], hazard])[at_time]
        return np.exp(-np.exp((given - self.means) @ self.coefficients)[:, None] * cumulative[None, :])


def cox_model(
    covariates: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    level: float = 0.95,
) -> CoxModel:
    """Fit log hazard ratios by maximum partial likelihood.

    Parameters
    ----------
    covariates : array_like, shape (N, P)
        No value may be missing.
    time, event : array_like, shape (N,)
    names : sequence of str, optional
        Of the P columns; x1, x2, ... by default.
    strata : array_like, shape (N,), optional
        Each label has a baseline hazard of its own.
    entry : array_like, shape (N,), optional
        Left truncation: at risk at t when entry < t <= time.
    level : float, optional

    Returns
    -------
    CoxModel

    Raises
    ------
    ClinicalError
        If a time, an event or a label is impossible.
    InputError
        If the covariates are not N rows of finite numbers, or ``level`` is impossible.
    NotEnoughDataError
        If there is no death, a column is constant or follows from the others, or a ratio has no finite estimate; the
        message names the column.

    Notes
    -----
    Equals R ``survival::coxph(ties="efron")``, run until the coefficients no longer move. Source: Cox (1972), Efron
    (1977).
    """
    check_level(level)
    data = check_survival(time, event)
    given = to_numbers(covariates, name="covariates")
    if given.ndim != 2 or len(given) != data.size or given.shape[1] == 0 or not np.isfinite(given).all():
        raise InputError(
            f"The covariates have shape {given.shape}; {data.size} rows of finite numbers are needed.",
            hint="Leave out patients with missing values, and say how many.",
        )
    words = tuple(names) if names is not None else tuple(f"x{i + 1}" for i in range(given.shape[1]))
    if len(words) != given.shape[1]:
        raise InputError(f"{given.shape[1]} covariates need as many names; found {len(words)}.")
    if not data.event.any():
        raise NotEnoughDataError(f"No death among {data.size} patients, so there is no hazard ratio.")
    layer = np.zeros(data.size, int) if strata is None else check_labels(strata, data.size, name="stratum")[1]
    entered = check_entry(entry, data)
    sets = risk_sets(data, layer, entered)
    means, scale = given.mean(axis=0), given.std(axis=0)
    flat = np.flatnonzero(scale <= 1e-12 * np.maximum(1.0, np.abs(means)))
    if flat.size:
        raise NotEnoughDataError(f"Every patient has the same {words[flat[0]]}, so it has no hazard ratio.")
    centred = given - means
    fitted = _climb(sets, centred / scale, words)
    beta, covariance = fitted.beta / scale, fitted.covariance / np.outer(scale, scale)
    z, std_err = float(ndtri((1 + level) / 2)), np.sqrt(np.diag(covariance))
    with np.errstate(over="ignore"):  # a ratio that anything could be has no upper limit
        low, high = np.exp(beta - z * std_err), np.exp(beta + z * std_err)
    return CoxModel(
        names=words,
        coefficients=beta,
        covariance=covariance,
        low=low,
        high=high,
        p_values=2 * ndtr(-np.abs(beta) / std_err),
        log_likelihood=fitted.value,
        log_likelihood_null=fitted.null,
        score_statistic=fitted.score_statistic,
        patients=data.size,
        events=int(data.event.sum()),
        level=level,
        data=data,
        covariates=centred,
        means=means,
        entry=entered,
        sets=sets,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fitted:
    beta: np.ndarray
    covariance: np.ndarray
    value: float
    null: float
    score_statistic: float


def _climb(sets: list[RiskSets], covariates: np.ndarray, names: tuple[str, ...]) -> _Fitted:
    """Newton's method on standardised covariates, each step halved until the likelihood does not fall."""
    beta = np.zeros(covariates.shape[1])
    value, score, information = derivatives(sets, covariates, beta)
    _refuse_dependent(information, names)
    null, score_statistic = value, float(score @ np.linalg.solve(information, score))
    for _ in range(MAX_STEPS):
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            step = np.full(beta.size, np.inf)
        if not np.isfinite(step).all() or np.abs(beta + step).max() > ENDLESS:
            _refuse_endless(beta, names)
        following = derivatives(sets, covariates, beta + step)
        while not following[0] >= value - 1e-12 * abs(value) and np.abs(step).max() > 1e-12:
            step = step / 2
            following = derivatives(sets, covariates, beta + step)
        beta, (value, score, information) = beta + step, following
        if np.abs(step).max() <= 1e-11 * max(1.0, np.abs(beta).max()):
            if np.linalg.eigvalsh(information).min() < 1e-9:  # so flat a peak is none: the slope ends nowhere
                _refuse_endless(beta, names)
            return _Fitted(
                beta=beta, covariance=np.linalg.inv(information), value=value, null=null,
                score_statistic=score_statistic,
            )  # fmt: skip
    _refuse_endless(beta, names)


def _refuse_dependent(information: np.ndarray, names: tuple[str, ...]) -> None:
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if np.diag(information).min() < 1e-12 or values[0] < 1e-9:
        involved = [name for name, share in zip(names, np.abs(vectors[:, 0]), strict=True) if share > 0.1]
        raise NotEnoughDataError(
            f"The hazard ratios of {', '.join(involved)} cannot be told apart: one follows from the others.",
            hint="Leave one of them out.",
        )


def _refuse_endless(beta: np.ndarray, names: tuple[str, ...]) -> NoReturn:
    name = names[int(np.argmax(np.abs(beta)))]
    raise NotEnoughDataError(
        f"The hazard ratio of {name} has no finite estimate: it divides those who die from those who do not.",
        hint="Merge small groups, or leave it out.",
    )
