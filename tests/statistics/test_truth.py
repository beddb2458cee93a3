"""Rates of simulated cohorts whose truth is known: a few hundred here, thousands in benchmarks/statistics.py."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import statistics as simulated


def hold(rate: simulated.Rate, wanted: float, *, slack: float = 0.0) -> None:
    """Within 3.5 Monte Carlo standard errors (one test in two thousand fails by chance) and the stated slack."""
    error = np.sqrt(wanted * (1 - wanted) / rate.of)
    assert rate.share == pytest.approx(wanted, abs=3.5 * error + slack), rate.what


def check(repeats: int, cohort: int) -> None:
    p_values = simulated.null_p_values(repeats, cohort)
    naive, corrected, held_out, plain = simulated.cut_rates(p_values)
    assert naive.share > 3 * 0.05 + 3 * np.sqrt(0.15 * 0.85 / repeats)
    # The Gaussian p-value is asymptotic: at 100 to 200 patients half a point beside its level.
    hold(corrected, 0.05, slack=0.005)
    hold(held_out, 0.05)
    assert plain.share > held_out.share - 0.01
    hold(simulated.two_cut_rate(repeats, 80), 0.05)
    hold(simulated.comparison_rate(repeats), 0.05, slack=0.005)
    for rate in simulated.discrimination_rates(repeats, truth_patients=200_000):
        hold(rate, 0.95, slack=0.01)  # percentile intervals of 200 patients
    for rate in simulated.calibration_rates(repeats):
        hold(rate, 0.05 if "p < 0.05" in rate.what else 0.95, slack=0.01)


def test_a_few_simulated_cohorts():
    check(60, 100)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_simulated_cohorts():
    check(1000, 200)
