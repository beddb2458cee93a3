"""What a case is compared with, made once from a trained model and its cohort and stored with the model.

Plain arrays by name: ``fused`` (N, W) float16, the vector H of each patient by the model that never saw him or her, in
the order of the stored predictions; and for "genes" and "slide" what ``familiarity.measure_cohort`` makes, as
``genes.limit`` and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from survdash.case import Case
from survdash.explanation.familiarity import (
    FEWEST,
    Arrays,
    compare_with_cohort,
    held_out_familiarity,
    measure_cohort,
    slide_row,
)
from survdash.explanation.record import Familiarity
from survdash.genes import GenePanel

if TYPE_CHECKING:
    from survdash.training.data import ModelData
    from survdash.training.fold_model import FoldModel

PARTS = ("genes", "slide")
TILES_FOR_SPREAD = 8  # median tiles a patient from which the spread over tiles is one
AT_ONCE = 16


def make_references(folds: Mapping[int, FoldModel], data: ModelData, predictions: pd.DataFrame) -> Arrays:
    """Everything that is stored, from the fold models by their fold and the cohort they were trained on.

    A part that too few patients have to tell what is usual, or that is the same for all, is left out, and so is H for a
    model without one.
    """
    position = {case: number for number, case in enumerate(data.case_ids)}
    places = np.array([position[case] for case in predictions["case_id"]])
    fold_of = predictions["fold"].to_numpy(int)
    arrays: Arrays = {}
    fused = _fused(folds, data, places, fold_of)
    if fused is not None:
        arrays["fused"] = fused
    for part, rows in _rows(data, places).items():
        known = ~np.isnan(rows).all(axis=1)
        if known.sum() < FEWEST or not (np.nanstd(rows[known], axis=0) > 0).any():
            continue
        made = measure_cohort(rows[known])
        held_out = np.full(len(rows), np.nan)
        held_out[known] = made["held_out"]
        arrays |= {f"{part}.{name}": value for name, value in (made | {"held_out": held_out}).items()}
    return arrays


def familiarity_of(arrays: Mapping[str, np.ndarray], case: Case, panel: GenePanel | None) -> tuple[Familiarity, ...]:
    """How like the cohort's the genes and the slide of a new case are, as far as it is stored."""
    found = []
    genes, slide = _part(arrays, "genes"), _part(arrays, "slide")
    if genes and panel is not None and case.genes is not None:
        row = case.genes.reindex(list(panel.columns)).to_numpy(np.float64)
        found.append(compare_with_cohort(row, genes, part="genes"))
    if slide and case.bag is not None:
        spread = slide["fill"].size > case.bag.features.shape[1]
        found.append(compare_with_cohort(slide_row(case.bag.features, spread=spread), slide, part="slide"))
    return tuple(found)


def stored_familiarity(arrays: Mapping[str, np.ndarray], position: int) -> tuple[Familiarity, ...]:
    """The same for the patient at ``position`` of the stored predictions, measured against the other folds."""
    made = (held_out_familiarity(own, position, part=part) for part in PARTS if (own := _part(arrays, part)))
    return tuple(one for one in made if one is not None)


def _part(arrays: Mapping[str, np.ndarray], part: str) -> Arrays:
    prefix = f"{part}."
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def _rows(data: ModelData, places: np.ndarray) -> Arrays:
    rows: Arrays = {}
    if data.genes is not None:
        rows["genes"] = data.genes[places].astype(np.float64)
    if data.bags is not None:
        bags = data.bags
        sizes = [len(bags.read(int(place))) for place in places]
        spread = float(np.median(sizes)) >= TILES_FOR_SPREAD
        rows["slide"] = np.stack([slide_row(bags.read(int(place)), spread=spread) for place in places])
    return rows


def _fused(
    folds: Mapping[int, FoldModel], data: ModelData, places: np.ndarray, fold_of: np.ndarray
) -> np.ndarray | None:
    from survdash.explanation.tile_map import fused_vectors

    made: np.ndarray | None = None
    for fold, model in folds.items():
        own = np.flatnonzero(fold_of == fold)
        if not own.size:  # patients who were brought to a finished model may be of some folds alone
            continue
        for some in np.array_split(own, -(-len(own) // AT_ONCE)):
            vectors = fused_vectors(model, data.inputs(places[some]))
            if vectors is None:
                return None
            if made is None:
                made = np.zeros((len(places), vectors.shape[1]), np.float16)
            made[some] = vectors
    return made
