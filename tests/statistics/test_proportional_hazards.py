import numpy as np
import pytest

from survdash.statistics import check_proportional_hazards, cox_model


def study(seed, *, crossing):
    generator = np.random.default_rng(seed)
    x = (generator.random(400) < 0.5).astype(float)
    time = generator.exponential(1, size=400)
    if crossing:  # the hazard ratio turns from e to 1 / e at the median
        time = np.where(x == 1, generator.weibull(0.5, size=400), generator.weibull(2, size=400))
    return cox_model(np.stack([x, generator.normal(size=400)], axis=1), time, generator.random(400) < 0.8)


def test_crossing_hazards_are_found_in_the_column_that_has_them():
    found = check_proportional_hazards(study(0, crossing=True))
    assert found.p_values[0] < 1e-6
    assert found.p_values[1] > 0.01
    assert found.p_value < 1e-5


def test_constant_ratios_are_rejected_as_often_as_the_level_says():
    p = [check_proportional_hazards(study(seed, crossing=False)).p_values[0] for seed in range(200)]
    # 10 % of 200: standard error 2.1 %.
    assert (np.array(p) < 0.1).mean() == pytest.approx(0.1, abs=0.065)


def test_residuals_average_to_the_coefficients_and_terms_add_up():
    model = study(1, crossing=False)
    found = check_proportional_hazards(model, terms={"both": [0, 1]})
    # Schoenfeld residuals sum to zero at the peak.
    np.testing.assert_allclose(found.residuals.mean(axis=0), model.coefficients, atol=1e-8)
    assert found.statistics[0] == pytest.approx(found.statistic)
    assert found.degrees.tolist() == [2]
    assert (np.diff(found.times) >= 0).all()


@pytest.mark.parametrize(
    ("time", "event"),
    [
        ([3.0] * 6, [1, 1, 1, 0, 1, 0]),  # all at one time
        ([1, 2, 3, 4, 5, 6.0], [1, 0, 0, 0, 0, 0]),  # one death
    ],
)
def test_deaths_at_one_time_cannot_tell_whether_a_ratio_changes(time, event):
    # R's cox.zph stops here: its matrix is singular. A p-value of 1 would look like an all-clear.
    found = check_proportional_hazards(cox_model([[1.0], [0], [2], [1], [0.5], [3]], time, event))
    assert np.isnan(found.statistics).all()
    assert np.isnan([found.statistic, found.p_value, *found.p_values]).all()
