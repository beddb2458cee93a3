from __future__ import annotations

import numpy as np
import pytest

from survdash.case import Survival
from survdash.nets.baselines import late_fusion
from survdash.nets.baselines.fitted import TrainingSet, concordance, inner_folds
from survdash.nets.baselines.late_fusion import LateFusion, fit


def training(n=250, *, seed=0):
    """Genes act linearly; of the clinical block only the distance from the middle counts, which a forest alone sees."""
    rng = np.random.default_rng(seed)
    blocks = {"genes": rng.normal(size=(n, 6)), "clinical": rng.normal(size=(n, 3))}
    log_hazard = blocks["genes"][:, 0] + 3 * np.abs(blocks["clinical"][:, 0])
    survival = Survival(time_months=rng.exponential(np.exp(-log_hazard)) * 50 + 0.1, event=rng.random(n) < 0.8)
    return TrainingSet(blocks=blocks, survival=survival, seed=seed, penalty=1.0)


@pytest.fixture(scope="module")
def few_trees():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(late_fusion.rsf, "TREES", 20)  # twelve forests are grown here
        yield


@pytest.fixture(scope="module")
def cases():
    return training()


@pytest.fixture(scope="module")
def fused(cases, few_trees):
    return fit(cases)


def test_each_modality_gets_the_model_that_suits_it(fused):
    assert list(fused.members) == ["clinical", "genes"]
    assert isinstance(fused.members["clinical"], late_fusion.rsf.Forest)
    assert isinstance(fused.members["genes"], late_fusion.LinearCox)


def test_the_risk_is_the_standardised_sum(fused):
    new = training(300, seed=1)
    expected = sum(
        (member.risk({name: new.blocks[name]}) - fused.centre[name]) / fused.scale[name]
        for name, member in fused.members.items()
    )
    np.testing.assert_allclose(fused.risk(new.blocks), expected, rtol=1e-12)
    together = concordance(fused.risk(new.blocks), new.survival)
    alone = [concordance(one.risk({name: new.blocks[name]}), new.survival) for name, one in fused.members.items()]
    assert together > max(alone)


def test_centre_and_scale_are_those_of_cases_a_member_has_not_seen(cases, fused):
    folds, own = inner_folds(cases.survival, seed=cases.seed), cases.only("clinical")
    risk = np.empty(len(folds))
    for fold in range(5):
        member = late_fusion.rsf.fit(own.take(np.flatnonzero(folds != fold)))
        risk[folds == fold] = member.risk(own.take(np.flatnonzero(folds == fold)).blocks)
    assert fused.centre["clinical"] == pytest.approx(risk.mean())
    assert fused.scale["clinical"] == pytest.approx(risk.std())


def test_curves_follow_the_risk(cases, fused):
    curves, risk = fused.survival(cases.blocks, np.arange(40.0)), fused.risk(cases.blocks)
    np.testing.assert_array_equal(curves[:, 0], 1)
    assert np.all(np.diff(curves, axis=1) <= 0)
    assert np.all(np.diff(curves[np.argsort(risk)], axis=0) <= 0)


def test_it_is_stored_whole_in_its_arrays(cases, fused):
    arrays = fused.to_arrays()
    backwards = dict(reversed(list(arrays.items())))  # a file has an order of its own
    again = LateFusion.from_arrays(backwards)
    np.testing.assert_array_equal(again.risk(cases.blocks), fused.risk(cases.blocks))
    months = np.arange(30.0)
    np.testing.assert_array_equal(again.survival(cases.blocks, months), fused.survival(cases.blocks, months))
    assert again.parameters == fused.parameters
