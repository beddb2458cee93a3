"""Make the shipped table of what each gene says in each of many cohorts (``training.gene_prior``)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from survdash.case import Survival
from survdash.errors import InputError
from survdash.genes import EXPRESSION, kinds_of
from survdash.sources.barcode import case_hash
from survdash.sources.research_csv import ResearchTable, read_research_csv
from survdash.training.gene_prior import write_prior
from survdash.training.scaling import fit_scaler

TITLE = "What each gene says of survival, cancer by cancer"
METHOD = (
    "Score statistic and information of a Cox model of one gene, at coefficient zero; the gene in standard deviations "
    "of its cohort, clipped at the 0.5 % and 99.5 % quantiles, expression bent by a power (Yeo and Johnson 2000). Risk "
    "sets by Breslow's rule."
)
USE = "Research use only. A weak prior on the direction of genes; it says nothing of a patient by itself."


def make_prior(tables: Sequence[Path], *, target: Path) -> dict[str, int]:
    """Write the table from research CSVs, one a cohort; the cohort's name is the file's up to the first ``_``.

    Returns
    -------
    dict
        Patients of each cohort.

    Raises
    ------
    InputError
        If no table is given, two have one name, or one is at fault.
    """
    names = [path.name.split("_")[0] for path in tables]
    if not tables or len(set(names)) < len(names):
        raise InputError("Give at least one table, each of another cohort.", hint="Names count up to the first _.")
    cohorts, parts, patients = [], [], {}
    for name, path in sorted(zip(names, tables, strict=True)):
        table = read_research_csv(path)
        if table.genes is None:
            raise InputError(f"{path.name} has no genes.")
        parts.append((tuple(table.genes.columns), *_statistics(table)))
        patients[name] = len(table.patients)
        cohorts.append({
            "name": name, "patients": len(table.patients), "deaths": int(table.patients["event"].sum()),
            "file": path.name, "sha256": table.source["sha256"],
            "cases": sorted(case_hash(str(case)) for case in table.patients.index),
        })  # fmt: skip
    columns = sorted({column for own, *_ in parts for column in own})
    place = {column: number for number, column in enumerate(columns)}
    score, information = np.zeros((2, len(parts), len(columns)), np.float16)
    for row, (own, scores, amounts) in enumerate(parts):
        where = [place[column] for column in own]
        score[row, where], information[row, where] = scores, amounts
    card = {
        "title": TITLE, "method": METHOD, "use": USE,
        "made": datetime.datetime.now(datetime.UTC).date().isoformat(), "cohorts": cohorts, "columns": columns,
    }
    write_prior(target, card=card, score=score, information=information)
    return patients


def _statistics(table: ResearchTable) -> tuple[np.ndarray, np.ndarray]:
    genes = table.genes.to_numpy(np.float32)  # type: ignore[union-attr]
    skewed = kinds_of(tuple(table.genes.columns)) == EXPRESSION  # type: ignore[union-attr]
    survival = Survival(
        time_months=table.patients["time_months"].to_numpy(float), event=table.patients["event"].to_numpy(bool)
    )
    return score_statistics(fit_scaler(genes, skewed=skewed).apply(genes).astype(np.float64), survival)


def score_statistics(table: np.ndarray, survival: Survival) -> tuple[np.ndarray, np.ndarray]:
    """Score statistic and information at zero of each of P columns as the only covariate of a Cox model (Breslow).

    Parameters
    ----------
    table : ndarray, shape (N, P)
    survival : Survival

    Returns
    -------
    score, information : ndarray, shape (P,)
        Sum over deaths of the column less its mean over those at risk; and of its variance over those at risk.
    """
    order = np.argsort(-survival.time_months, kind="stable")
    rows, time, event = table[order], survival.time_months[order], survival.event[order]
    # With time falling, those at risk at a death are all rows down to the last of the same month.
    last = np.searchsorted(-time, -time[event], side="right") - 1
    size = (last + 1)[:, None]
    mean = np.cumsum(rows, axis=0)[last] / size
    square = np.cumsum(rows**2, axis=0)[last] / size
    return (rows[event] - mean).sum(axis=0), (square - mean**2).sum(axis=0)
