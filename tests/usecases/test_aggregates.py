"""Figures without patients: whole months, no small group, the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from survdash.errors import ArtefactError, NotEnoughDataError
from survdash.statistics.kaplan_meier import kaplan_meier
from survdash.usecases.aggregates import aggregate_analysis, monthly, stored_analysis, stored_look
from survdash.usecases.analysis import analyse_cohort
from survdash.usecases.library import open_run
from tests.usecases.conftest import Shipped


def test_a_monthly_curve_is_exact_at_whole_months_and_loses_nobody() -> None:
    rng = np.random.default_rng(0)
    time, event = rng.exponential(20, 200) + 0.01, rng.random(200) < 0.6
    exact = kaplan_meier(time, event)
    coarse = monthly(exact)
    months = np.arange(0.0, np.floor(time.max()))
    for one, other in zip(coarse.at(months), exact.at(months), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(coarse.at_risk_at(months + 1e-9)[1:], exact.at_risk_at(months + 1e-9)[1:])
    assert coarse.events.sum() == event.sum()
    assert coarse.events.sum() + coarse.censored.sum() == 200
    assert (coarse.time == np.round(coarse.time)).all()


def test_an_analysis_without_patients_says_the_same() -> None:
    live = analyse_cohort("demo", "cox_ridge")
    told = aggregate_analysis(live)
    assert live.maxstat is not None
    assert told.maxstat is not None
    assert (told.cases, told.n_low, told.n_high) == (live.cases, live.n_low, live.n_high)
    assert told.maxstat.p_exact_gauss == live.maxstat.p_exact_gauss
    assert told.maxstat.candidates.size <= 81
    assert told.histogram.high.sum() == live.n_high


def test_what_is_not_stored_is_told(shipped: Shipped) -> None:
    artefact = open_run("real", "cox_ridge")
    assert stored_analysis(artefact, cut="median").maxstat is None
    assert stored_look(artefact, cut="maxstat").subgroups[0].factor == "all"
    with pytest.raises(NotEnoughDataError, match="tertiles"):
        stored_analysis(artefact, cut="tertiles")  # type: ignore[arg-type]
    with pytest.raises(ArtefactError, match="neither"):
        stored_analysis(open_run("demo", "glg"), cut="median")
