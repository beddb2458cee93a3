import numpy as np

from survdash.statistics.censoring import censoring_of_draws, estimate_censoring
from survdash.statistics.inputs import check_survival
from survdash.statistics.resampling import multiplicities


def test_a_death_and_a_censoring_at_one_time_by_hand():
    # At 2 one dies and one of the two others is censored: the dead one is no longer at risk of it.
    found = estimate_censoring(check_survival([1, 2, 2, 3], [1, 1, 0, 1]))
    np.testing.assert_array_equal(found.before(np.array([1.0, 2.0, 3.0])), [1, 1, 0.5])
    np.testing.assert_array_equal(found.at(np.array([0.5, 2.0, 9.0])), [1, 0.5, 0.5])


def test_agrees_with_scikit_survival(entry_by_id):
    from sksurv.nonparametric import CensoringDistributionEstimator
    from sksurv.util import Surv

    entry = entry_by_id("blca/MCAT/raw")
    theirs = CensoringDistributionEstimator().fit(Surv.from_arrays(entry.event, entry.time))
    ours = estimate_censoring(check_survival(entry.time, entry.event))
    asked = np.unique(entry.time)[:-1]
    np.testing.assert_allclose(ours.at(asked), theirs.predict_proba(asked), rtol=1e-12)


def test_draws_equal_the_estimate_of_the_patients_drawn():
    generator = np.random.default_rng(0)
    data = check_survival(np.sort(generator.integers(1, 20, size=60)), generator.random(60) < 0.5)
    counts = next(multiplicities(60, generator, resamples=5))
    before, at = censoring_of_draws(data, counts)
    for row, count in enumerate(counts.astype(int)):
        drawn = estimate_censoring(data.take(np.repeat(np.arange(60), count)))
        np.testing.assert_allclose(before[row], drawn.before(data.time_months), rtol=1e-12)
        np.testing.assert_allclose(at[row], drawn.at(data.time_months), rtol=1e-12, atol=1e-15)
