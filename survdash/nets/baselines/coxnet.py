"""Cox regression with an elastic net, which leaves most features out (Simon 2011; scikit-survival)."""

from __future__ import annotations

from typing import Any

import numpy as np

from survdash.errors import NotEnoughDataError
from survdash.nets.baselines.cox_ridge import LinearCox, balance_blocks, breslow
from survdash.nets.baselines.fitted import INNER_FOLDS, TrainingSet, concordance, inner_folds, outcome_table

L1_SHARE = 0.5  # of the penalty; the rest is ridge
PENALTIES, SMALLEST = 30, 0.05  # length of the path, and its end as a share of its start


def fit(training: TrainingSet) -> LinearCox:
    """Fit the path of penalties and keep the one with the best mean c-index on five inner folds of the training fold.

    Blocks are balanced as for the ridge model. A penalty that leaves every feature out is no candidate; of equals the
    larger penalty wins. Raises NotEnoughDataError where there are fewer deaths than inner folds.
    """
    features, outcome = balance_blocks(list(training.blocks.values())), training.survival
    path = _fit_path(features, training, penalties=None)
    folds = inner_folds(outcome, seed=training.seed)
    scores = np.zeros(len(path.alphas_))
    for fold in range(INNER_FOLDS):
        seen, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        inner = _fit_path(features[seen], training.take(seen), penalties=path.alphas_)
        risks = features[held_out] @ inner.coef_
        found = [concordance(risk, outcome.take(held_out)) for risk in risks.T]
        # A path stops where the deaths are explained; the smaller penalties after it are no candidates.
        scores += np.pad(found, (0, scores.size - len(found)), constant_values=-np.inf)
    scores[~path.coef_.any(axis=0)] = -np.inf
    coefficients = path.coef_[:, int(np.argmax(scores))]
    months, hazard = breslow(features @ coefficients, outcome.time_months, outcome.event)
    return LinearCox(coefficients=coefficients, baseline_months=months, baseline_hazard=hazard)


def _fit_path(features: np.ndarray, training: TrainingSet, *, penalties: np.ndarray | None) -> Any:
    """A fitted CoxnetSurvivalAnalysis; ``coef_`` is (P, penalties), falling penalties along the second axis."""
    from sksurv.linear_model import CoxnetSurvivalAnalysis

    model = CoxnetSurvivalAnalysis(
        l1_ratio=L1_SHARE, n_alphas=PENALTIES, alphas=penalties, alpha_min_ratio=SMALLEST
    )
    try:
        return model.fit(features, outcome_table(training.survival))
    except ArithmeticError as error:
        raise NotEnoughDataError(
            f"The elastic net does not settle on {len(features)} patients with {features.shape[1]} features.",
            hint="Use the ridge Cox model.",
        ) from error
