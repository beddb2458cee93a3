from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survdash.case import Survival
from survdash.training.recalibration import fit_recalibration, last_month, log_hazard


def patients(count: int, *, seed: int = 0) -> tuple[np.ndarray, Survival]:
    """True chance to be alive at 36 months, and outcomes drawn from it (exponential, censored at 20 to 120)."""
    rng = np.random.default_rng(seed)
    rate = 0.02 * np.exp(rng.normal(size=count))
    time, seen = rng.exponential(1 / rate), rng.uniform(20, 120, count)
    survival = Survival(time_months=np.minimum(time, seen), event=time <= seen)
    return np.exp(-36 * rate), survival


def test_a_prediction_that_is_right_is_left_as_it_is() -> None:
    alive, survival = patients(4000)
    found = fit_recalibration(alive, survival, horizon=36)
    assert found is not None
    assert found.slope == pytest.approx(1, abs=0.06)  # its standard error is .02
    # .02 is about three standard errors of a share of 4,000 in a fifth of them
    np.testing.assert_allclose(found.curves(alive, np.array([36.0]))[:, 0], alive, atol=0.03)


def test_too_bold_and_too_dark_a_prediction_is_mended_on_patients_it_was_not_fitted_on() -> None:
    alive, survival = patients(4000)
    wrong = np.exp(-1.5 * (-np.log(alive)) ** 1.3)  # risks too far apart, and too high
    found = fit_recalibration(wrong, survival, horizon=36)
    assert found is not None
    assert found.slope == pytest.approx(1 / 1.3, abs=0.05)
    new, _ = patients(2000, seed=1)
    mended = found.curves(np.exp(-1.5 * (-np.log(new)) ** 1.3), np.array([36.0]))[:, 0]
    assert np.abs(mended - new).mean() < 0.02  # the level of 4,000 patients has a standard error of .008
    assert np.abs(np.exp(-1.5 * (-np.log(new)) ** 1.3) - new).mean() > 0.06


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_order_is_kept_and_curves_fall(chances: list[float]) -> None:
    alive, survival = patients(200)
    found = fit_recalibration(alive, survival, horizon=36)
    assert found is not None
    curves = found.curves(np.sort(np.array(chances)), np.arange(100.0))
    assert (np.diff(curves, axis=0) >= -1e-12).all()
    assert (np.diff(curves, axis=1) <= 0).all()
    assert ((curves >= 0) & (curves <= 1)).all()


def test_one_answer_for_all_gets_the_level_alone() -> None:
    _, survival = patients(300)
    found = fit_recalibration(np.full(300, 0.9), survival, horizon=36)
    assert found is not None
    assert found.slope == 0


def test_few_deaths_mend_nothing() -> None:
    survival = Survival(time_months=np.arange(1.0, 101), event=np.arange(100) < 19)
    assert fit_recalibration(np.linspace(0.1, 0.9, 100), survival, horizon=36) is None


def test_nothing_is_said_where_fewer_than_ten_were_followed() -> None:
    assert last_month(Survival(time_months=np.arange(1.5, 301), event=np.ones(300, bool))) == 291
    assert last_month(Survival(time_months=np.arange(1.5, 21), event=np.ones(20, bool))) == 20  # a small cohort


def test_certainty_stays_finite() -> None:
    assert np.isfinite(log_hazard(np.array([0.0, 1.0]))).all()
