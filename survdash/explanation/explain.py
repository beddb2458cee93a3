"""Everything that can be said of why, for one case, in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from survdash.artefact import Card
from survdash.case import Bag, Survival
from survdash.explanation.case_risk import CaseRisk
from survdash.explanation.gene_shares import share_genes
from survdash.explanation.ledger import make_ledger, rows_of_stand_ins
from survdash.explanation.neighbours import find_neighbours
from survdash.explanation.part_shares import share_parts, share_slides
from survdash.explanation.record import Explanation, Familiarity, GeneShares, Ledger, LedgerRow, Neighbour, TileMap
from survdash.explanation.shapley import MOST_PLAYERS
from survdash.explanation.tile_map import fused_vectors, map_tiles
from survdash.progress import Cancel, Progress, Report, check_cancel, silent

STEPS = ("Shares of the parts", "Shares of the genes", "Map of the tiles", "Patients like this")
NOT_STORED = "what cases are compared with is not stored with it. Store it: python -m survdash references"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """One case, the fold models that may judge it, and what it is compared with.

    Parameters
    ----------
    case_id, role : str
    card : Card
    case : CaseRisk
    fold_numbers : tuple of int
        Of the fold models of ``case``, in their order.
    bag : Bag or None
        The tiles in the order of the case's inputs.
    familiarity : tuple of Familiarity
    references : mapping or None
        Stored with the model.
    predictions : DataFrame or None
        The cohort's stored predictions; None where its patients are not here.
    survival : Survival or None
        What became of these patients, in the same order.
    cutpoint : float or None
    rows : list of LedgerRow
        What this model and the cohort's others say.
    """

    case_id: str
    role: str
    card: Card
    case: CaseRisk
    fold_numbers: tuple[int, ...]
    bag: Bag | None
    familiarity: tuple[Familiarity, ...]
    references: Mapping[str, np.ndarray] | None
    predictions: pd.DataFrame | None
    survival: Survival | None
    cutpoint: float | None
    rows: list[LedgerRow]


def explain(question: Question, *, report: Report = silent, cancel: Cancel | None = None) -> Explanation:
    """Shares of parts, slides and genes, the map of the tiles, the ledger, and patients like this one.

    Raises
    ------
    Cancelled
        If ``cancel`` is set.
    """

    def step(number: int) -> None:
        check_cancel(cancel, step=STEPS[number])
        report(Progress(step="Explaining", done=number, total=len(STEPS), message=STEPS[number]))

    case, card, bag = question.case, question.card, question.bag
    panel = card.panel
    titles = () if panel is None else tuple(panel.groups)
    notes: list[str] = []
    step(0)
    shares = share_parts(case)
    slides = None if bag is None else share_slides(case, bag.slide_index)
    if bag is not None and np.unique(bag.slide_index).size > MOST_PLAYERS:
        notes.append(f"Shares of single slides are told for at most {MOST_PLAYERS} of them.")
    step(1)
    genes = None if panel is None else share_genes(case, titles=titles, columns=panel.columns)
    notes += _gene_notes(genes, case, card)
    step(2)
    tiles = None if bag is None else map_tiles(case, bag, titles=titles)
    notes += [*_tile_notes(tiles, case, card), *_prior_notes(case, card)]
    step(3)
    neighbours, said = _neighbours(question)
    return Explanation(
        case_id=question.case_id, model=card.name, model_version=card.version, role=question.role,
        familiarity=question.familiarity, shares=shares, slides=slides, genes=genes, tiles=tiles,
        ledger=_ledger(question), neighbours=neighbours, notes=(*notes, *said, *_familiarity_notes(question)),
    )


def _gene_notes(genes: GeneShares | None, case: CaseRisk, card: Card) -> list[str]:
    if genes is None:
        if "genes" in case.parts:
            return [f"Model {card.name} cannot tell its genes apart: it is neither differentiable nor linear."]
        return []
    if genes.complete:
        return []
    return [
        f"The shares of the genes miss the difference in risk by {genes.gap:+.3g} of {genes.difference:.3g}: read them "
        "as an order, not as amounts."
    ]


def _tile_notes(tiles: TileMap | None, case: CaseRisk, card: Card) -> list[str]:
    if tiles is None and "slide" in case.parts:
        return [f"Model {card.name} has no tile explanation."]
    blends = [blend for fold in case.folds for blend in fold.blends]
    if tiles is not None and blends:
        share = float(np.mean([blend.weight[-1] / blend.weight.sum() for blend in blends]))
        return [f"The map of tiles and the patients like this one are the network's, whose share of this model's "
                f"weights is {share:.0%}; the Cox models beside it see the mean of all tiles."]  # fmt: skip
    return []


def _prior_notes(case: CaseRisk, card: Card) -> list[str]:
    """What is told where a model was to read what other cancers say of the genes, and too little was known of them."""
    missing = [fold for fold in case.folds if fold.blends and fold.gene_scaler is not None and fold.prior is None]
    if not missing or card.recipe.options.get("prior", True) is False:
        return []
    return [f"Model {card.name} does without what other cancers say of the genes: the shipped table knows too few of "
            "them."]  # fmt: skip


def _familiarity_notes(question: Question) -> list[str]:
    told = {one.part for one in question.familiarity}
    untold = [part for part in ("genes", "slide") if part in question.case.parts and part not in told]
    if not untold:
        return []
    if question.references is None:
        return [f"How like the training patients this case is, model {question.card.name} cannot tell: {NOT_STORED} "
                f"{question.card.name}"]  # fmt: skip
    return [f"How like the training patients' the {' and '.join(untold)} of this case is, is not known: too few had "
            "any when the model was trained."]  # fmt: skip


def _ledger(question: Question) -> Ledger:
    rows, notes = list(question.rows), []
    if question.case.has_stand_ins:
        months = np.arange(question.card.months + 1, dtype=float)
        rows = [*rows_of_stand_ins(question.case, months=months, cutpoint=question.cutpoint), *rows]
    told = {row.parts for row in rows}
    for part in ("slide", "genes"):
        if part in question.case.parts and part not in told:
            notes.append(
                f"What the {part} alone would say is not known: the cohort has no model of it. Train one: python -m "
                f"survdash crossval {question.card.cohort} --model {question.card.recipe.model} --modalities {part}"
            )
    return make_ledger(rows, notes=notes)


def _neighbours(question: Question) -> tuple[tuple[Neighbour, ...], list[str]]:
    if question.predictions is None or question.survival is None:
        return (), [f"Patients like this one cannot be shown: those of model {question.card.name} are not on this "
                    "machine."]  # fmt: skip
    own = {}
    for number, fold in zip(question.fold_numbers, question.case.folds, strict=True):
        vectors = fused_vectors(fold, question.case.inputs)
        if vectors is None:
            return (), [f"Model {question.card.name} does not tell which patients are alike."]
        own[number] = vectors[0]
    if question.references is None or "fused" not in question.references:
        return (), [f"Patients like this one are not known to model {question.card.name}: {NOT_STORED} "
                    f"{question.card.name}"]  # fmt: skip
    return find_neighbours(
        own, question.references["fused"], question.predictions, question.survival, leave_out=question.case_id
    ), []
