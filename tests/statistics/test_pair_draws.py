import numpy as np
import pytest

from survdash.errors import NotEnoughDataError
from survdash.statistics import concordance
from survdash.statistics.inputs import check_survival
from survdash.statistics.pair_draws import draw_indices, make_parts, weigh


@pytest.fixture
def cohort():
    generator = np.random.default_rng(4)
    risk = generator.normal(size=(3, 150)).round(1)
    return list(risk), check_survival(np.ceil(generator.exponential(20, size=150)), generator.random(150) < 0.5)


def test_several_risks_at_once_equal_each_alone(cohort):
    risks, data = cohort
    part = make_parts(risks, data, None)[0]
    ones = np.ones((1, 150))
    found = weigh(part.credits(), ones[:, part.deaths], ones)[:, 0]
    wanted = [concordance(risk, data.time_months, data.event) for risk in risks]
    np.testing.assert_allclose(found, wanted, rtol=1e-14)
    np.testing.assert_allclose(part.values(), wanted, rtol=1e-14)


def test_a_risk_s_draws_do_not_depend_on_the_other_risks(cohort):
    risks, data = cohort
    fold = np.arange(150) % 3
    together = draw_indices(make_parts(risks, data, fold), resamples=20, seed=5)
    alone = draw_indices(make_parts(risks[1:2], data, fold), resamples=20, seed=5)
    np.testing.assert_array_equal(together[1], alone[0])


def test_a_fold_without_pairs_is_named(cohort):
    risks, data = cohort
    fold = np.where(np.arange(150) == 0, "lonely", "others")
    with pytest.raises(NotEnoughDataError, match="lonely"):
        make_parts(risks, data, fold)


def test_influence_sums_to_nothing(cohort):
    risks, data = cohort
    np.testing.assert_allclose(make_parts(risks, data, None)[0].influence().sum(axis=1), 0, atol=1e-14)
