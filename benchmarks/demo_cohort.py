"""What fusion gains on the shipped demo cohort, and the control that must take it away.

Reads the shipped out-of-fold predictions, then trains the fused model with every patient's slide replaced by another
patient's of the same fold. ``python -m benchmarks.demo_cohort [SHUFFLES]``
"""

from __future__ import annotations

import sys

import numpy as np

from survdash import usecases
from survdash.statistics.bootstrap import compare_paired
from survdash.statistics.concordance import concordance
from survdash.training.crossval import crossval
from survdash.training.data import model_data, shuffle_slides


def show(shuffles: int) -> None:
    """Print the oracle's c-index, the table of models, the paired gains and the shuffled control."""
    cohort = usecases.open_cohort("demo")
    survival, folds = cohort.survival, cohort.folds.reindex(cohort.patients.index).to_numpy()  # type: ignore[union-attr]
    time, event = survival.time_months, survival.event
    truth = cohort.patients["true_risk"].to_numpy()
    by_fold = [concordance(truth[folds == k], time[folds == k], event[folds == k]) for k in np.unique(folds)]
    print(f"oracle (the true risk): mean of folds {np.mean(by_fold):.3f}, pooled {concordance(truth, time, event):.3f}")
    columns = ["run", "mean", "sd", "low", "high", "pooled", "params", "seconds"]
    print(usecases.compare_models("demo")[columns].round(3).to_string(index=False))
    fused = usecases.open_run("demo", "glg")
    risk = fused.predictions()["risk"]
    for other in ("glg-genes", "glg-slide", "cox_ridge"):
        pair = compare_paired(risk, usecases.open_run("demo", other).predictions()["risk"], time, event, folds)
        print(f"glg - {other}: {pair.difference:+.3f} [{pair.low:+.3f}, {pair.high:+.3f}], paired 95 %")
    genes = usecases.open_run("demo", "glg-genes").predictions()["risk"]
    data = model_data(cohort, ("genes", "slide"))
    for seed in range(shuffles):
        shuffled = crossval(shuffle_slides(data, seed=seed), fused.card.recipe).predictions["risk"]
        pair = compare_paired(shuffled, genes, time, event, folds)
        print(f"glg, slides shuffled ({seed}) - glg-genes: {pair.difference:+.3f} [{pair.low:+.3f}, {pair.high:+.3f}]")


if __name__ == "__main__":
    show(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
