"""Whether the genes of a whole cohort are what a finished model learnt from, as its panel tells.

Each patient by the check that a new case gets, and all together: a cohort in the model's scale lies outside the range
of the training patients about as often as these do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from survdash.genes import EXPRESSION, GenePanel, kinds_of
from survdash.sources.gene_scale import LEAST_FOR_SCALE, judge_scale, outside_of
from survdash.sources.gene_table import MOST_MISSING, say_missing
from survdash.sources.table_file import list_faults

MOST_UNLIKE = 0.05  # of the patients, whose values are in another scale: more, and it is the cohort's
LEAST_TOGETHER = 20  # patients; the share that fewer have outside is too much a matter of chance
# Of all RNA values, outside the 0.5 % to 99.5 % quantiles of the training patients, widened by a fiftieth: many stand
# at a gene's smallest value, which another rounding moves. Patients of BLCA and LUAD, 20 to all of them: 0.5 to 1.0 %,
# moved by 0.01: 0.8 %; a fourth wider: 6 %, as z-scores of logarithms: 15 to 19 %, half as wide: 0.2 %.
WIDENED = 0.02
OUTSIDE = (0.0025, 0.02)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortCheck:
    """How a cohort's genes fit a panel.

    Parameters
    ----------
    fits : tuple of str
        Cases that pass the check of a new case.
    unfit : mapping
        All others with genes, and why.
    missing : tuple of str
        Columns of the panel that the cohort does not have.
    faults : tuple of str
        Why nobody's may be shown to the model, in words; empty where nothing speaks against it.
    """

    fits: tuple[str, ...]
    unfit: Mapping[str, str]
    missing: tuple[str, ...]
    faults: tuple[str, ...]


def check_cohort(genes: pd.DataFrame, panel: GenePanel) -> CohortCheck:
    """Hold a cohort's genes against a panel.

    Parameters
    ----------
    genes : DataFrame
        Index ``case_id``, columns ``SYMBOL_kind``, NaN where missing.
    panel : GenePanel
    """
    table = genes.reindex(columns=list(panel.columns)).astype(float)
    absent = tuple(name for name in panel.columns if name not in genes)
    lacking, unlike = dict[str, str](), dict[str, str]()
    for case, row in table.iterrows():
        if faults := judge_scale(row, outside_of(row, panel, widen=0.0), panel):
            unlike[str(case)] = list_faults(faults)
        elif words := say_missing(_missing(row, panel)):
            lacking[str(case)] = words
    unfit = lacking | unlike
    fits = tuple(case for case in map(str, table.index) if case not in unfit)
    faults = []
    if len(unlike) > MOST_UNLIKE * len(table) or not fits:
        why = next(iter((unlike or lacking).values()), "no patient has genes")
        faults.append(f"{len(unlike or unfit)} of {len(table)} patients do not pass the check of a new case, the first "
                      f"because {why}")  # fmt: skip
    else:
        faults += _judge_together(table.loc[list(fits)], panel)
    return CohortCheck(fits=fits, unfit=unfit, missing=absent, faults=tuple(faults))


def _missing(row: pd.Series, panel: GenePanel) -> dict[str, tuple[int, int]]:
    """Of each group that lacks too many, how many of how many."""
    gaps = set(row.index[row.isna()])
    counts = {title: (len(gaps.intersection(columns)), len(columns)) for title, columns in panel.groups.items()}
    return {title: (number, size) for title, (number, size) in counts.items() if number > MOST_MISSING * size}


def _judge_together(table: pd.DataFrame, panel: GenePanel) -> list[str]:
    """What speaks for another scale in all patients together, though each alone might pass."""
    kinds, values, faults = kinds_of(panel.columns), table.to_numpy(), list[str]()
    copies = values[:, kinds == "cnv"]
    if (copies[~np.isnan(copies)] % 1).any():
        faults.append("copy numbers are no whole numbers, but the model learnt from GISTIC's calls")
    known = ~np.isnan(values) & (kinds == EXPRESSION)
    if len(table) < LEAST_TOGETHER or known.sum() < LEAST_FOR_SCALE * len(table):
        return faults
    outside = np.stack([outside_of(row, panel, widen=WIDENED) for _, row in table.iterrows()])
    share, (least, most) = float(outside[known].mean()), OUTSIDE
    if not least <= share <= most:
        faults.append(
            f"{share:.2%} of the RNA values lie outside the range of the cohort the model learnt from, where "
            f"{least:.2%} to {most:.2%} would in its scale: they are z-scores of another reference, or another scale"
        )
    return faults
