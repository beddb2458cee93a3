"""Cox regression on age, sex and stage: what every other model has to beat (Cox 1972; scikit-survival)."""

from __future__ import annotations

from survdash.nets.baselines.cox_ridge import LinearCox, balance_blocks, fit_cox_ridge
from survdash.nets.baselines.fitted import TrainingSet

PENALTY = 1e-3  # next to none: finite where a group has no death


def fit(training: TrainingSet) -> LinearCox:
    """Cox model of the clinical block, by maximum partial likelihood; the recipe's ridge penalty is not read."""
    outcome = training.survival
    return fit_cox_ridge(
        balance_blocks([training.blocks["clinical"]]), outcome.time_months, event=outcome.event, penalty=PENALTY
    )
