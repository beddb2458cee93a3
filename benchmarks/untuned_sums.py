"""The default against the best untuned sum, and against ridge Cox, on each of six real cohorts, paired.

The bars of docs/evidence.md are means of c alone. Here their out-of-fold risks are made again: one ridge Cox model a
table (standardised, principal components, penalty 3 on a table of unit size), risks standardised over the training
patients and added up with equal weights. How many components and where values were clipped was not told with the bars;
what stands here comes nearest of some forty ways. Which tables are added is what was best on each cohort, seen there: a
bar in its own favour. Trains the default, half an hour of one processor, or takes up the runs of
``python -m survdash evidence``.

``python -m benchmarks.untuned_sums [TABLES]``
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from survdash.case import Survival
from survdash.cohort import Cohort
from survdash.errors import SurvdashError
from survdash.nets.baselines.cox_ridge import fit_cox_ridge
from survdash.statistics.bootstrap import concordance_draws
from survdash.training.data import model_data
from survdash.usecases.shipping import trained
from survdash.usecases.studies import ALL, TABLES, Method, opened

PENALTY, DRAWS = 3.0, 2000
COMPONENTS: Mapping[str, int] = {"genes": 100, "slide": 20, "clinical": 3}
FAR: Mapping[str, float] = {"genes": 5.0, "slide": np.inf, "clinical": np.inf}  # in standard deviations
# With clinical facts, and without.
RIVALS = tuple(tuple(Method(model=model, clinical=clinical) for model in ("default", "cox_ridge"))
               for clinical in (True, False))  # fmt: skip
# Best on each cohort by the tables' README: with clinical facts, and without.
BEST: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "blca": (("genes", "clinical"), ("genes",)),
    "luad": (("genes",), ("genes",)),
    "ucec": (("genes", "clinical"), ("genes",)),
    "luads": (("genes", "clinical"), ("genes", "slide")),
    "skcms": (("genes", "slide", "clinical"), ("genes", "slide")),
    "luscs": (("genes", "clinical"), ("genes", "slide")),
}


def known_mean(table: np.ndarray) -> np.ndarray:
    """Mean of what is known of each column of (N, P); NaN where nothing is."""
    count = (~np.isnan(table)).sum(axis=0)
    return np.where(count > 0, np.nansum(table, axis=0) / np.maximum(count, 1), np.nan)


def components(table: np.ndarray, training: np.ndarray, *, modality: str) -> np.ndarray:
    """Principal components of the rows of (N, P), all rules from those at ``training``, on a table of unit size."""
    far = FAR[modality]
    seen = table[training]
    centre = np.nan_to_num(known_mean(seen))
    values = np.where(np.isnan(table), centre, table)
    spread = values[training].std(axis=0)
    varied = spread > 0
    values = np.clip((values[:, varied] - centre[varied]) / spread[varied], -far, far)
    values -= values[training].mean(axis=0)
    axes = np.linalg.svd(values[training], full_matrices=False)[2][: COMPONENTS[modality]]
    return np.asarray(values @ axes.T / np.sqrt(values.shape[1]))


def one_risk(table: np.ndarray, survival: Survival, training: np.ndarray, *, modality: str) -> np.ndarray:
    """Standardised risk of every row by one table, fitted on those at ``training``."""
    rows = components(table, training, modality=modality)
    fitted = fit_cox_ridge(
        rows[training], survival.time_months[training], event=survival.event[training], penalty=PENALTY
    )
    risk = rows @ fitted.coefficients
    return np.asarray((risk - risk[training].mean()) / risk[training].std())


def risks(cohort: Cohort) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Case ids, and of each modality the out-of-fold standardised risks of those cases."""
    data = model_data(cohort, (*cohort.modalities, "clinical"))
    tables = {"genes": data.genes, "clinical": data.clinical}
    if data.bags is not None:
        tables["slide"] = np.stack([known_mean(data.bags.read(case)) for case in range(data.size)])
    made = {name: np.zeros(data.size) for name in tables}
    for fold in np.unique(data.folds):
        held_out = data.folds == fold
        for name, table in tables.items():
            assert table is not None
            risk = one_risk(table.astype(float), data.survival, ~held_out, modality=name)
            made[name][held_out] = risk[held_out]
    return data.case_ids, made


def paired(cohort: Cohort, *, which: int) -> np.ndarray:
    """Mean c of the folds of default, best untuned sum and ridge Cox, in the data and in each draw: (3, 1 + DRAWS)."""
    ids, made = risks(cohort)
    bar = dict(zip(ids, np.sum([made[name] for name in BEST[cohort.name][which]], axis=0), strict=True))
    tables = [trained(cohort, method)[1].predictions().set_index("case_id") for method in RIVALS[which]]
    shared = sorted(set(bar) & set(tables[0].index) & set(tables[1].index))
    each = [table.loc[shared, "risk"].to_numpy() for table in tables]
    each.insert(1, np.array([bar[case] for case in shared]))
    known, fold = cohort.patients.loc[shared], tables[0].loc[shared, "fold"].to_numpy()
    values, draws = concordance_draws(
        each, known["time_months"].to_numpy(), known["event"].to_numpy(bool), fold, resamples=DRAWS
    )
    return np.column_stack([values, draws])


def show(tables: Path) -> None:
    """A row a cohort and one of their mean, with clinical facts and without."""
    for which, words in enumerate(("With clinical facts", "Without any")):
        print(f"\n{words}:\n\n| cohort | default | best sum, told | made again | of | default less it "
              "| less ridge Cox |")
        print("|---" * 7 + "|", flush=True)
        rows = {name: paired(opened(study, tables), which=which) for name, study in ALL.items()}
        told = {name: study.bars[which] for name, study in ALL.items() if study.bars}
        for name, values in (*rows.items(), ("**mean**", np.mean(list(rows.values()), axis=0))):
            gaps = []
            for gap in values[0] - values[1:]:
                low, high = np.quantile(gap[1:], (0.025, 0.975))
                gaps.append(f"{gap[0]:+.3f} ({low:+.3f} to {high:+.3f})")
            bar = told.get(name, float(np.mean(list(told.values()))))
            added = " + ".join(BEST[name][which]) if name in BEST else ""
            print(f"| {name} | {values[0, 0]:.3f} | {bar:.3f} | {values[1, 0]:.3f} | {added} | {' | '.join(gaps)} |",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else TABLES
    if not folder.is_dir():
        print(f"Skipped: no tables at {folder}; give their folder as the argument.")
        sys.exit()
    try:
        show(folder)
    except SurvdashError as error:
        sys.exit(f"survdash: {error}")
