"""What other cancers say of each gene: a shipped table of score statistics, and the one score it gives a patient.

For each gene column and each of thirteen TCGA cohorts the table holds the score statistic of a Cox model of that gene
alone, at coefficient zero, and its information (as the meta-analysis of Gentles 2015 does with z-scores). Both add up
over cohorts, so that the sum for a cohort to be trained on leaves out every cohort that has a patient in common with
it: nothing of a held-out patient comes in by this way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from survdash.errors import ArtefactError
from survdash.settings import SHIPPED_MODELS
from survdash.sources.barcode import case_hash
from survdash.store import file_sha256, new_folder
from survdash.training.data import ModelData
from survdash.training.fold_model import FoldModel

FOLDER, ARRAYS, CARD = "gene_prior", "prior.safetensors", "card.json"
SCHEMA = 1
# As a normal prior on the log hazard ratio of one standard deviation of a gene, with this precision.
SHRINKAGE = 100.0
FEWEST_GENES = 50  # of a table that the prior knows; with fewer the sum is a few genes' luck


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GenePrior:
    """Score statistics of C cohorts and G gene columns.

    Parameters
    ----------
    columns : tuple of str
        ``SYMBOL_kind``.
    cohorts : tuple of str
    cases : tuple of frozenset
        For each cohort, ``case_hash`` of its patients.
    score, information : ndarray, shape (C, G)
        At coefficient zero, of the gene in standard deviations of its cohort; 0 where it was not measured.
    """

    columns: tuple[str, ...]
    cohorts: tuple[str, ...]
    cases: tuple[frozenset[str], ...]
    score: np.ndarray
    information: np.ndarray

    def apart_from(self, case_ids: Iterable[str]) -> np.ndarray:
        """Which cohorts have no patient among ``case_ids``: (C,) bool."""
        own = {case_hash(case) for case in case_ids}
        return np.array([own.isdisjoint(members) for members in self.cases])

    def log_hazard_ratios(self, columns: tuple[str, ...], *, cohorts: np.ndarray) -> np.ndarray:
        """Shrunken log hazard ratio of one standard deviation of each column, over the chosen cohorts; 0 if unknown."""
        ratio = self.score[cohorts].sum(axis=0) / (self.information[cohorts].sum(axis=0) + SHRINKAGE)
        place = {column: number for number, column in enumerate(self.columns)}
        return np.array([ratio[place[column]] if column in place else 0.0 for column in columns])


def read_prior(folder: Path) -> GenePrior:
    """Read a prior.

    Raises
    ------
    ArtefactError
        If it is damaged, or of a newer survdash.
    """
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        if card["schema"] != SCHEMA:
            raise ArtefactError(f"{folder.name} is of schema {card['schema']}.", hint="Update survdash.")
        if file_sha256(folder / ARRAYS) != card["files"][ARRAYS]:
            raise ArtefactError(f"The table of genes in {folder.name} is not the one that its card names.",
                                hint="Install survdash anew.")  # fmt: skip
        arrays = load_file(folder / ARRAYS)
        cohorts = card["cohorts"]
        prior = GenePrior(
            columns=tuple(card["columns"]), cohorts=tuple(one["name"] for one in cohorts),
            cases=tuple(frozenset(one["cases"]) for one in cohorts),
            score=arrays["score"].astype(np.float64), information=arrays["information"].astype(np.float64),
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ArtefactError(f"The table of genes in {folder.name} cannot be read: {error}.",
                            hint="Install survdash anew.") from error  # fmt: skip
    if not prior.score.shape == prior.information.shape == (len(prior.cohorts), len(prior.columns)):
        raise ArtefactError(f"The table of genes in {folder.name} is not whole.", hint="Install survdash anew.")
    return prior


def write_prior(folder: Path, *, card: Mapping[str, object], score: np.ndarray, information: np.ndarray) -> None:
    """Write a prior whole or not at all; ``card`` names ``cohorts`` and ``columns``."""
    with new_folder(folder) as made:
        save_file({"score": score, "information": information}, made / ARRAYS)
        whole = {"schema": SCHEMA, **card, "files": {ARRAYS: file_sha256(made / ARRAYS)}}
        (made / CARD).write_text(json.dumps(whole) + "\n", encoding="utf-8")


@cache
def shipped_prior() -> GenePrior:
    """The prior that comes with survdash."""
    return read_prior(SHIPPED_MODELS / FOLDER)


def fit_prior(data: ModelData, fold: FoldModel, training: np.ndarray) -> np.ndarray | None:
    """Weights (G,) of the scaled genes whose sum has standard deviation one over the training cases.

    Cohorts with any patient of ``data``, held out or not, are left out. None if the shipped table knows too few of the
    genes, or nothing is left of it.
    """
    if data.genes is None or fold.gene_scaler is None:
        return None
    prior = shipped_prior()
    weights = prior.log_hazard_ratios(data.columns, cohorts=prior.apart_from(data.case_ids))
    if np.count_nonzero(weights) < FEWEST_GENES:
        return None
    spread = float((fold.gene_scaler.apply(data.genes[training]).astype(np.float64) @ weights).std())
    return weights / spread if spread > 0 else None
