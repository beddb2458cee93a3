"""All models of a cohort over time: who dies first (AUC), how far off (Brier), predicted and seen; what parts add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survdash.artefact import Artefact
from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.statistics.bootstrap import PairedDifference, compare_paired
from survdash.statistics.calibration import Calibration, SmoothCalibration, calibration, smooth_calibration
from survdash.statistics.holm import holm
from survdash.statistics.prediction_error import BrierScore, brier_score
from survdash.statistics.time_auc import TimeAuc, time_auc
from survdash.usecases.closer_look import HORIZON, PATIENTS_A_GROUP
from survdash.usecases.comparison import on_shared_folds, predicted_by_all
from survdash.usecases.library import run_title

AUC_TIMES = (12.0, 36.0, 60.0)
STEP, LAST = 3, 60  # months of the Brier score's grid
DRAWS = 300


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MethodLook:
    """One model; a part is None, and ``notes`` say why, where it cannot be had.

    Parameters
    ----------
    run, title : str
    auc : TimeAuc or None
        At 12, 36 and 60 months.
    brier : BrierScore or None
        Every three months from the first death on, to five years or the end of curves and follow-up.
    calibration, smooth : Calibration, SmoothCalibration or None
        At 36 months.
    notes : tuple of str
    """

    run: str
    title: str
    auc: TimeAuc | None
    brier: BrierScore | None
    calibration: Calibration | None
    smooth: SmoothCalibration | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ablation:
    """A variant of a method against the whole of it: c-index of the variant less that of the whole, paired.

    ``p_holm`` is corrected for all variants of the cohort.
    """

    whole: str
    variant: str
    title: str
    left_out: tuple[str, ...]
    difference: PairedDifference
    p_holm: float


def look_at_methods(cohort: str) -> tuple[MethodLook, ...]:
    """Judge every model over time, all on the patients that all of them predicted.

    Raises
    ------
    UnknownNameError
        If there is no such cohort, or its patients are not here.
    NotEnoughDataError
        If no model has been trained, or no patient was predicted by all.
    """
    artefacts, predicted, survival = predicted_by_all(cohort)
    return tuple(
        _look(one, predicted[one.card.run]["risk"].to_numpy(float),
              np.stack(predicted[one.card.run]["survival"].to_list()), survival)
        for one in artefacts
    )  # fmt: skip


def ablations(cohort: str) -> tuple[Ablation, ...]:
    """Each variant of a method that does without a part or a modality, against the whole on the same folds.

    Raises
    ------
    UnknownNameError, NotEnoughDataError
        As ``look_at_methods``; also where no method was trained with and without a part.
    """
    artefacts, predicted, survival = predicted_by_all(cohort)
    shared = on_shared_folds(predicted)
    found: list[tuple[Artefact, Artefact, PairedDifference]] = []
    for whole in artefacts:
        for variant in artefacts:
            if _without(whole, variant) and {whole.card.run, variant.card.run} <= set(shared):
                one, other = (predicted[artefact.card.run] for artefact in (variant, whole))
                found.append((whole, variant, compare_paired(
                    one["risk"], other["risk"], survival.time_months, survival.event, one["fold"],
                )))  # fmt: skip
    if not found:
        raise NotEnoughDataError(
            "No method was trained here both whole and without a part, on the same folds.",
            hint=f"For instance: python -m survdash crossval {cohort} --model glg --modalities genes",
        )
    corrected = holm([gap.p_value for _, _, gap in found])
    return tuple(
        Ablation(
            whole=run_title(whole.card), variant=variant.card.run, title=run_title(variant.card),
            left_out=_without(whole, variant), difference=gap, p_holm=float(p),
        )
        for (whole, variant, gap), p in zip(found, corrected, strict=True)
    )


def _without(whole: Artefact, variant: Artefact) -> tuple[str, ...]:
    """What a variant does without that the whole has; () where it is no variant, or differs in anything else."""
    one, other = whole.card.recipe, variant.card.recipe
    fewer = set(one.modalities) - set(other.modalities)
    parts = set(other.left_out()) - set(one.left_out())
    same = one.model == other.model and set(other.modalities) <= set(one.modalities)
    if not same or set(one.left_out()) - set(other.left_out()) or one.differences() != other.differences():
        return ()
    return (*sorted(fewer), *(name.replace("_", " ") for name in sorted(parts)))


def _look(artefact: Artefact, risk: np.ndarray, curves: np.ndarray, survival: Survival) -> MethodLook:
    time, event, notes = survival.time_months, survival.event, []
    auc = time_auc(risk, time, event, times=AUC_TIMES, resamples=DRAWS)
    notes += list(auc.notes)
    brier = found = smooth = None
    times = _grid(survival, last=curves.shape[1] - 1)
    if times.size:
        brier = brier_score(curves[:, times.astype(int)], time, event, times=times)
    else:
        notes.append("no Brier score: nobody died early enough, or nobody was followed long enough")
    try:
        if curves.shape[1] <= HORIZON:
            raise NotEnoughDataError(f"The model says nothing of {HORIZON} months.")
        dead = 1 - curves[:, HORIZON]
        groups = max(2, min(10, survival.size // PATIENTS_A_GROUP))
        found = calibration(dead, time, event, horizon=HORIZON, groups=groups)
        smooth = smooth_calibration(dead, time, event, horizon=HORIZON)
    except NotEnoughDataError as error:
        notes.append(error.message)
    return MethodLook(
        run=artefact.card.run, title=run_title(artefact.card), auc=auc, brier=brier, calibration=found, smooth=smooth,
        notes=tuple(notes),
    )


def _grid(survival: Survival, *, last: int) -> np.ndarray:
    """Months at which the Brier score can be had: somebody has died before, somebody is followed beyond."""
    if not survival.event.any():
        return np.zeros(0)
    first = float(survival.time_months[survival.event].min())
    months = np.arange(STEP, LAST + 1, STEP, dtype=float)
    return months[(months >= first) & (months <= last) & (months < survival.time_months.max())]
