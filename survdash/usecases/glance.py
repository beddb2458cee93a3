"""What is stored of a cohort's patient and needs no network: the ledger, patients like this one, how usual this one is.

It stands on the page at once; what takes the networks (shares, genes, tissue) is ``explaining``'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survdash.explanation.ledger import make_ledger, row_of_prediction
from survdash.explanation.neighbours import find_neighbours
from survdash.explanation.record import Explanation, Familiarity, Ledger, Neighbour
from survdash.explanation.references import stored_familiarity
from survdash.prediction import stored_prediction
from survdash.usecases.analysis import matched_predictions
from survdash.usecases.explaining import stored_rows
from survdash.usecases.library import open_facts, open_run


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Glance:
    """How like the training patients, what each part says alone, and whom the model sees as alike."""

    familiarity: tuple[Familiarity, ...]
    ledger: Ledger
    neighbours: tuple[Neighbour, ...]


def glance_at_patient(cohort: str, run: str, case_id: str) -> Glance:
    """Gather what is stored of a patient with a model.

    Raises
    ------
    UnknownNameError
        If there is no such cohort, run or patient.
    """
    opened, artefact = open_facts(cohort), open_run(cohort, run)
    opened.slides_of(case_id)  # an unknown case is the cohort's to name
    own = row_of_prediction(stored_prediction(artefact, case_id))
    ledger = make_ledger([*stored_rows(artefact, case_id), own], notes=[])
    references = artefact.references()
    if references is None:
        return Glance(familiarity=(), ledger=ledger, neighbours=())
    predictions, survival = matched_predictions(opened, artefact)
    position = predictions["case_id"].tolist().index(case_id)
    neighbours: tuple[Neighbour, ...] = ()
    fold = int(predictions["fold"].iloc[position])
    if "fused" in references and fold >= 0:  # whom all folds judge has one vector from each, and none is stored
        vectors = {fold: references["fused"][position].astype(np.float32)}
        neighbours = find_neighbours(vectors, references["fused"], predictions, survival, leave_out=case_id)
    return Glance(
        familiarity=stored_familiarity(references, position), ledger=ledger, neighbours=neighbours,
    )  # fmt: skip


def glance_of(explanation: Explanation) -> Glance:
    """The same from an explanation, which a new case always has."""
    return Glance(
        familiarity=explanation.familiarity, ledger=explanation.ledger, neighbours=explanation.neighbours,
    )  # fmt: skip
