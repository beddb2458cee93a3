"""What a model says of one case: curve, risk, percentile, group, how sure, and what made it.

Stored predictions of a cohort's patients are read without torch; a new case is scored by all fold models.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from survdash import __version__
from survdash.artefact import Artefact, Card, load_folds, percentile_of, percentiles_of
from survdash.case import Bag, BagOrigin, Case
from survdash.errors import ArtefactError, BagError, UnknownNameError

if TYPE_CHECKING:
    from torch import Tensor

    from survdash.training.data import CaseInputs
    from survdash.training.fold_model import FoldModel

LANDMARKS = (12, 36, 60)
BAND = (2.5, 97.5)
NEW_CASE, UNSEEN = "new case", "new to the model (all folds)"
NO_WIDTH = 1e-6  # probabilities this close are one answer, rounded: networks compute in float32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """Survival of one case as one model sees it.

    Parameters
    ----------
    case_id, cohort, model, model_version : str
    modalities : tuple of str
        What the model looked at.
    role : str
        "held out (fold 2)" for a patient of the cohort, scored by the one model that was not trained on him or her;
        "new to the model (all folds)" for one whom no fold saw, scored by all; "new case" for anybody else.
    fold : int or None
        None where all folds judged.
    simulated : bool
        True when the model was trained on simulated patients.
    risk : float
        Higher is worse.
    percentile : float
        0 to 100, rank of the risk among the cohort's out-of-fold risks.
    group : str or None
        "low" or "high", by ``cutpoint`` (risk > cutpoint is high); None where the cohort has no cutpoint.
    cutpoint : float or None
    months, survival, low, high : ndarray, shape (K,)
        Curve at 0, 1, ... months. The band is the spread of the model's own variants (folds and tile deals): model
        variation, not all uncertainty.
    warnings : tuple of str
    provenance : dict
        Plain JSON: hashes and names of everything that made the prediction.
    """

    case_id: str
    cohort: str
    model: str
    model_version: str
    modalities: tuple[str, ...]
    role: str
    fold: int | None
    simulated: bool
    risk: float
    percentile: float
    group: str | None
    cutpoint: float | None
    months: np.ndarray
    survival: np.ndarray
    low: np.ndarray
    high: np.ndarray
    warnings: tuple[str, ...]
    provenance: dict[str, object]

    @property
    def of_cohort(self) -> bool:
        """True for a patient of the cohort, whose prediction is stored with the model; False for a new case."""
        return self.role != NEW_CASE

    @property
    def has_band(self) -> bool:
        """False where one model gave one answer: ``low`` and ``high`` are the curve itself and say nothing of doubt."""
        return bool(np.any(self.high - self.low > NO_WIDTH))

    def at(self, month: float) -> tuple[float, float, float] | None:
        """Survival, lower and upper bound at ``month``; None beyond the follow-up the model was trained on.

        The bounds are bounds only where ``has_band``.
        """
        if not 0 <= month <= self.months[-1]:
            return None
        middle, low, high = (float(np.interp(month, self.months, curve))
                             for curve in (self.survival, self.low, self.high))  # fmt: skip
        return middle, low, high


def survival_from_logits(logits: Tensor) -> Tensor:
    """Probability to be alive after each time bin; see ``survdash.nets.hazards``."""
    from survdash.nets import hazards

    return hazards.survival_from_logits(logits)


def risk_from_logits(logits: Tensor) -> Tensor:
    """Risk score, higher is worse; see ``survdash.nets.hazards``."""
    from survdash.nets import hazards

    return hazards.risk_from_logits(logits)


def stored_predictions(artefact: Artefact) -> list[Prediction]:
    """Out-of-fold predictions of every patient of the model's cohort, sorted by case id."""
    table, cutpoint = artefact.predictions(), artefact.evaluation()["cutpoint"]
    ranks = percentiles_of(table["risk"].to_numpy(float))
    return [_stored(artefact.card, row, rank, cutpoint)
            for row, rank in zip(table.to_dict("records"), ranks.tolist(), strict=True)]  # fmt: skip


def stored_prediction(artefact: Artefact, case_id: str) -> Prediction:
    """Out-of-fold prediction of one patient of the model's cohort.

    Raises
    ------
    UnknownNameError
        If the model has no prediction for this case.
    """
    table = artefact.predictions()
    rows = table[table["case_id"] == case_id]
    if rows.empty:
        raise UnknownNameError(
            f"Model {artefact.card.name} has no prediction for case {case_id!r}.",
            hint="The case is not in the cohort, or lacks what the model looks at.",
        )
    row = rows.to_dict("records")[0]
    rank = percentile_of(float(row["risk"]), table["risk"].to_numpy())
    return _stored(artefact.card, row, rank, artefact.evaluation()["cutpoint"])


def _stored(card: Card, row: Mapping[Hashable, Any], percentile: float, cutpoint: float | None) -> Prediction:
    risk, fold = float(row["risk"]), int(row["fold"])
    role = UNSEEN if fold < 0 else f"held out (fold {fold + 1})"
    return Prediction(
        case_id=str(row["case_id"]), cohort=card.cohort, model=card.name, model_version=card.version,
        modalities=card.modalities, role=role, fold=None if fold < 0 else fold,
        simulated=card.simulated, risk=risk, percentile=percentile,
        group=_group(risk, cutpoint), cutpoint=cutpoint, months=np.arange(card.months + 1, dtype=float),
        survival=np.asarray(row["survival"], float), low=np.asarray(row["low"], float),
        high=np.asarray(row["high"], float), provenance=_provenance(card),
        warnings=tuple(card.about["opened"]["warnings"]) if "opened" in card.about else (),
    )


def predict_case(artefact: Artefact, case: Case, *, warnings: tuple[str, ...] = (), device: str = "cpu") -> Prediction:
    """Score a new case by all fold models of ``artefact`` and average them.

    Parameters
    ----------
    case : Case
        With every modality the model looks at; genes in the model's panel, NaN where missing.
    warnings : tuple of str
        What the checks of the input found; carried along.
    device : str
        Where the networks run.

    Raises
    ------
    ArtefactError
        If the case lacks a modality, or its bag comes from another encoder.
    BagError
        If a feature of a tile is not a finite number.
    """
    card = artefact.card
    _check_fit(card, case)
    if card.bag_origin is not None and case.bag is not None:
        warnings += _check_features(case.bag)
    inputs, said = case_inputs(card, case)
    months = np.arange(card.months + 1, dtype=float)
    scores = []
    for fold in load_folds(artefact):
        for network in fold.networks:
            network.to(device)
        scores.append(fold.score(inputs, months))
    risk = float(np.mean([score.risk[0] for score in scores]))
    variants = np.concatenate([score.variants[:, 0] for score in scores])
    low, high = np.percentile(variants, BAND, axis=0)
    cutpoint = artefact.evaluation()["cutpoint"]
    return Prediction(
        case_id=case.case_id, cohort=card.cohort, model=card.name, model_version=card.version,
        modalities=card.modalities, role=NEW_CASE, fold=None, simulated=card.simulated, risk=risk,
        percentile=artefact.percentile(risk), group=_group(risk, cutpoint),
        cutpoint=cutpoint, months=months, survival=np.mean([score.survival[0] for score in scores], axis=0),
        low=low, high=high, warnings=(*warnings, *said), provenance=_provenance(card),
    )


def judges_of(artefact: Artefact, case_id: str) -> tuple[tuple[int, ...], list[FoldModel]]:
    """The fold models that may judge a patient of the cohort, with their numbers: the one that held him or her out.

    All of them where the patient was of no training (``UNSEEN``).

    Raises
    ------
    UnknownNameError
        If the model has no prediction for this case.
    """
    fold = stored_prediction(artefact, case_id).fold
    numbers, models = artefact.card.folds, load_folds(artefact)
    return (numbers, models) if fold is None else ((fold,), [models[numbers.index(fold)]])


def case_inputs(card: Card, case: Case) -> tuple[CaseInputs, tuple[str, ...]]:
    """What the fold models see of one case, and what the reader must know of it."""
    from survdash.training.clinical import FACTS, clinical_rows
    from survdash.training.data import CaseInputs

    genes, bags, clinical, said = None, None, None, []
    if card.panel is not None:
        columns = list(card.panel.columns)
        row = np.full(len(columns), np.nan) if case.genes is None else case.genes.reindex(columns)
        genes = np.asarray(row, np.float32)[None]
    if card.bag_origin is not None:
        bags = [np.zeros((0, card.bag_origin.dim), np.float32) if case.bag is None else case.bag.features]
    for name, missing in (("genes", genes is not None and case.genes is None),
                          ("slide", bags is not None and case.bag is None)):  # fmt: skip
        if missing:
            said.append(f"No {name}: what the model has learnt for such cases stands in.")
    if "clinical" in card.modalities:
        facts = case.clinical
        clinical = clinical_rows([facts.age_years], [facts.sex], [facts.stage])
        unknown = [name for name, absent in zip(FACTS, np.isnan(clinical[0]), strict=True) if absent]
        if unknown:
            said.append(f"Not known: {', '.join(unknown)}; the average of the training patients stands in.")
    return CaseInputs(genes=genes, bags=bags, clinical=clinical), tuple(said)


def _check_fit(card: Card, case: Case) -> None:
    given = {"genes": case.genes is not None, "slide": case.bag is not None, "clinical": True}
    lacking = [name for name in card.modalities if not given[name]]
    enough = card.recipe.allows_missing and any(given[name] for name in card.modalities if name != "clinical")
    if lacking and not enough:
        raise ArtefactError(
            f"Model {card.name} looks at {' and '.join(card.modalities)}; this case has no {' and no '.join(lacking)}.",
            hint="Add it, or choose a model that does without.",
        )
    if "slide" in card.modalities and case.bag is not None and card.bag_origin is not None:
        check_origin(card.bag_origin, case.bag.origin, model=card.name)


def check_origin(expected: BagOrigin, found: BagOrigin, *, model: str) -> None:
    """Refuse a bag that another encoder, or other weights, made, or whose colours were treated otherwise.

    Raises
    ------
    ArtefactError
        If encoder, weights, width or stain normalisation differ.
    """
    if (expected.encoder, expected.weights, expected.dim) != (found.encoder, found.weights, found.dim):
        raise ArtefactError(
            f"Model {model} was trained on features of {_made_by(expected)}; this bag comes from {_made_by(found)}.",
            hint="Embed the slide again with the model's encoder.",
        )
    if expected.stain != found.stain:
        raise ArtefactError(
            f"Model {model} was trained on tiles with stain normalisation {expected.stain}; this bag was made with "
            f"{found.stain}.",
            hint=f"Embed the slide again with --stain {expected.stain}.",
        )


def _made_by(origin: BagOrigin) -> str:
    weights = f"weights {origin.weights[:12]}, " if origin.weights else ""
    return f"{origin.encoder} ({weights}{origin.dim} wide)"


def _check_features(bag: Bag) -> tuple[str, ...]:
    """Refuse tiles with gaps, which the scaler would fill unasked; tell of gaps in slide-level vectors."""
    finite = np.isfinite(bag.features)
    if finite.all():
        return ()
    gaps = np.isnan(bag.features)
    if len(bag.features) > len(bag.slide_ids) or not (finite | gaps).all():
        bad = np.flatnonzero(~finite.all(axis=1))
        raise BagError(
            f"{bad.size} of {len(finite)} tiles have features that are not finite numbers; the first is tile "
            f"{bad[0] + 1}.",
            hint="Embed the slide again.",
        )
    count = int(gaps.sum())
    are = "is" if count == 1 else "are"
    return (f"{count} of {gaps.size} slide features {are} missing; the training patients' median stands in.",)


def _group(risk: float, cutpoint: float | None) -> str | None:
    if cutpoint is None:
        return None
    return "high" if risk > cutpoint else "low"


def _provenance(card: Card) -> dict[str, object]:
    origin = card.bag_origin
    return {
        "model": card.name, "model_version": card.version, "model_files": dict(card.files), "cohort": card.cohort,
        "cohort_digest": card.cohort_digest, "simulated": card.simulated, "recipe": card.recipe.to_json(),
        "encoder": None if origin is None else origin.encoder,
        "encoder_weights": None if origin is None else origin.weights,
        "stain": None if origin is None else origin.stain, "software": f"survdash {__version__}",
        **({"opened_by": {name: card.about["opened"][name] for name in ("model", "version")}}
           if "opened" in card.about else {}),
    }  # fmt: skip
