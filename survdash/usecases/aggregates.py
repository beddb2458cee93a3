"""What may be told of a cohort whose patients are not here: the figures of its pages without any patient in them.

Times are whole months, risks a histogram, cuts and calibration a grid of quantiles, and no group is told of that has
fewer than ten patients. A model that comes with survdash holds this in place of its patients' predictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from survdash.artefact import Artefact
from survdash.errors import ArtefactError, NotEnoughDataError
from survdash.statistics.calibration import SmoothCalibration
from survdash.statistics.cox import HazardRatio
from survdash.statistics.kaplan_meier import KaplanMeier
from survdash.statistics.logrank import Logrank
from survdash.statistics.plain_values import from_plain, to_plain
from survdash.usecases.analysis import SMALLEST_GROUP, CohortAnalysis, Cut
from survdash.usecases.closer_look import CloserLook
from survdash.usecases.outcomes import MAIN

AGGREGATES = "aggregates"  # where they stand in a model's evaluation
CUTS: tuple[Cut, ...] = ("maxstat", "median")
BINS = 30
CUT_SHARES = np.linspace(0.0, 1.0, 81)  # of the candidates
SMOOTH_SHARES = np.linspace(0.01, 0.99, 50)
QUANTILES = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutCurve:
    """The statistic of some of the cuts that were tried, and of the one that was chosen; as in ``Maxstat``."""

    candidates: np.ndarray
    sizes: np.ndarray
    standardised: np.ndarray
    cutpoint: float
    statistic: float
    p_exact_gauss: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskHistogram:
    """Patients of the low and the high group between B + 1 ``edges``: counts (B,)."""

    edges: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AggregateAnalysis:
    """What ``CohortAnalysis`` says, as far as it can be said without its patients; fields of one name are the same.

    The curves step at whole months: a death stands at the end of its month.
    """

    cohort: str
    run: str
    cases: int
    deaths: int
    n_low: int
    n_high: int
    longest_months: float
    cutpoint: float | None
    curves: dict[str, KaplanMeier]
    naive: Logrank | None
    maxstat: CutCurve | None
    held_out_p: float | None
    hazard_ratio: HazardRatio | None
    concordance: tuple[float, float, float]
    histogram: RiskHistogram
    notes: tuple[str, ...]

    @property
    def cut(self) -> Cut:
        """The rule of the cut."""
        return "median" if self.maxstat is None else "maxstat"

    @property
    def cutpoints(self) -> tuple[float, ...]:
        """The cut, where there is one."""
        return () if self.cutpoint is None else (self.cutpoint,)

    @property
    def endpoint(self) -> str:
        """Of the main outcome alone figures come with survdash."""
        return MAIN


def aggregate_analysis(analysis: CohortAnalysis) -> AggregateAnalysis:
    """The same without patients."""
    found = analysis.maxstat
    curve = None
    if found is not None:
        some = np.unique(np.round(CUT_SHARES * (found.sizes.size - 1)).astype(int))
        curve = CutCurve(
            candidates=found.candidates[some], sizes=found.sizes[some], standardised=found.standardised[some],
            cutpoint=found.cutpoint, statistic=found.statistic, p_exact_gauss=found.p_exact_gauss,
        )
    edges = np.histogram_bin_edges(analysis.risk, bins=BINS)
    return AggregateAnalysis(
        cohort=analysis.cohort, run=analysis.run, cases=analysis.cases, deaths=analysis.deaths, n_low=analysis.n_low,
        n_high=analysis.n_high, longest_months=float(np.ceil(analysis.longest_months)), cutpoint=analysis.cutpoint,
        curves={name: monthly(one) for name, one in analysis.curves.items()}, naive=analysis.naive, maxstat=curve,
        held_out_p=analysis.held_out_p, hazard_ratio=analysis.hazard_ratio, concordance=analysis.concordance,
        histogram=RiskHistogram(
            edges=edges, low=np.histogram(analysis.risk[~analysis.high], edges)[0],
            high=np.histogram(analysis.risk[analysis.high], edges)[0],
        ),
        notes=analysis.notes,
    )  # fmt: skip


def aggregate_look(look: CloserLook) -> CloserLook:
    """The same without patients: the smooth curve at some quantiles, and no group of fewer than ten."""
    smooth = look.smooth
    if smooth is not None:
        some = np.round(SMOOTH_SHARES * (smooth.predicted.size - 1)).astype(int)
        smooth = SmoothCalibration(
            predicted=smooth.predicted[some], observed=smooth.observed[some], ici=smooth.ici, e50=smooth.e50,
            e90=smooth.e90, e_max=smooth.e_max,
        )
    return replace(
        look, smooth=smooth, subgroups=tuple(row for row in look.subgroups if row.patients >= SMALLEST_GROUP)
    )


def monthly(curve: KaplanMeier) -> KaplanMeier:
    """A curve that steps at the end of each month in which somebody died or was last seen; exact at whole months."""
    month = np.maximum(np.ceil(curve.time), 1)
    months = np.unique(month)
    last = np.searchsorted(month, months, side="right") - 1
    first = np.searchsorted(month, months, side="left")

    def summed(counts: np.ndarray) -> np.ndarray:
        return np.add.reduceat(counts, first)

    return replace(
        curve, time=months, survival=curve.survival[last], std_err=curve.std_err[last], low=curve.low[last],
        high=curve.high[last], at_risk=curve.at_risk[first], events=summed(curve.events),
        censored=summed(curve.censored), median=float(np.ceil(curve.median)),
        median_low=float(np.ceil(curve.median_low)), median_high=float(np.ceil(curve.median_high)), entry=np.zeros(0),
    )  # fmt: skip


def risk_quantiles(risk: np.ndarray) -> list[float]:
    """The 101 quantiles of (N,) risks that a new case's percentile is read from."""
    found: list[float] = to_plain(np.quantile(risk, QUANTILES))
    return found


def aggregates_to_json(
    analyses: Mapping[Cut, CohortAnalysis], looks: Mapping[Cut, CloserLook], *, risk: np.ndarray
) -> dict[str, Any]:
    """Everything that a model holds in place of its patients' predictions, as plain JSON."""
    return {
        "analysis": {cut: to_plain(aggregate_analysis(one)) for cut, one in analyses.items()},
        "closer_look": {cut: to_plain(aggregate_look(one)) for cut, one in looks.items()},
        "risk_quantiles": risk_quantiles(risk),
    }


def stored_analysis(artefact: Artefact, *, cut: Cut) -> AggregateAnalysis:
    """What a model that came without its patients says of them.

    Raises
    ------
    ArtefactError
        If it holds no aggregates.
    NotEnoughDataError
        If it holds none for this cut.
    """
    return _stored(artefact, AggregateAnalysis, "analysis", cut)


def stored_look(artefact: Artefact, *, cut: Cut) -> CloserLook:
    """The same for what stands behind the curves; raises as ``stored_analysis``."""
    return _stored(artefact, CloserLook, "closer_look", cut)


Kind = TypeVar("Kind", AggregateAnalysis, CloserLook)


def _stored(artefact: Artefact, kind: type[Kind], name: str, cut: Cut) -> Kind:
    parts = artefact.evaluation().get(AGGREGATES, {}).get(name)
    if parts is None:
        raise ArtefactError(f"Model {artefact.card.name} holds neither its patients' predictions nor their summary.",
                            hint="Train it again.")  # fmt: skip
    if cut not in parts:
        raise NotEnoughDataError(
            f"How cut {cut!r} parts the patients is not stored with model {artefact.card.name}, and they are not here.",
            hint=f"Choose one of: {', '.join(parts)}; or import the cohort.",
        )
    try:
        return from_plain(kind, parts[cut])
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(f"The summary in model {artefact.card.name} is malformed.",
                            hint="Install survdash anew.") from error  # fmt: skip
