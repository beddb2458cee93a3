"""What stands behind a cohort's two curves: known facts held equal, groups of patients, and predictions come true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.statistics.adjusted import Adjusted, adjusted_hazard_ratios
from survdash.statistics.calibration import (
    Calibration,
    DCalibration,
    SmoothCalibration,
    calibration,
    d_calibration,
    smooth_calibration,
)
from survdash.statistics.subgroups import SubgroupRow, subgroup_table
from survdash.training.clinical import stage_number
from survdash.usecases.analysis import CohortAnalysis, draws
from survdash.usecases.library import open_facts, open_run
from survdash.usecases.outcomes import MAIN

HORIZON = 36  # months
PATIENTS_A_GROUP = 20  # of the calibration; ten groups at most
KNOWN = {"age": "age in years", "sex": "sex", "stage": "stage, 0 to IV"}
GROUPED = (*KNOWN, "site")
RISK_GROUP = "risk group"
STAGES = ("0", "I", "II", "III", "IV")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CloserLook:
    """Three further answers; each is None, and its ``notes`` say why, where it cannot be had.

    Parameters
    ----------
    adjusted : Adjusted or None
        Risk group, age, sex and stage in one Cox model.
    adjusted_notes : tuple of str
        The model's own notes included.
    subgroups : tuple of SubgroupRow
        All patients first.
    calibration, smooth, spread : Calibration, SmoothCalibration, DCalibration or None
        At ``HORIZON`` months, and over the whole of the predicted curves.
    calibration_notes : tuple of str
    """

    adjusted: Adjusted | None
    adjusted_notes: tuple[str, ...]
    subgroups: tuple[SubgroupRow, ...]
    calibration: Calibration | None
    smooth: SmoothCalibration | None
    spread: DCalibration | None
    calibration_notes: tuple[str, ...]


def look_closer(analysis: CohortAnalysis) -> CloserLook:
    """Adjust, divide and calibrate what an analysis found.

    Raises
    ------
    UnknownNameError
        If its cohort or run is gone.
    """
    patients = open_facts(analysis.cohort).patients.loc[analysis.case_ids]
    stored = open_run(analysis.cohort, analysis.run).predictions().set_index("case_id").loc[analysis.case_ids]
    curves = np.stack(stored["survival"].to_list())
    adjusted, notes = _adjust(analysis, patients)
    # chances are of the outcome that the model learnt; of another nothing is predicted
    learnt = analysis.outcome.name == MAIN
    alive = curves[:, HORIZON] if learnt and curves.shape[1] > HORIZON else None
    factors = {
        name: _stage_words(patients[name]) if name == "stage" else patients[name].to_numpy(object)
        for name in GROUPED if patients[name].notna().any()
    }
    found, smooth, spread, more = _calibrate(analysis.survival, curves, alive)
    if not learnt:
        more = (f"The model predicts overall survival, not {analysis.outcome.title.lower()}.",)
    return CloserLook(
        adjusted=adjusted, adjusted_notes=notes, calibration=found, smooth=smooth, spread=spread,
        calibration_notes=more,
        subgroups=subgroup_table(
            analysis.risk, analysis.survival.time_months, analysis.survival.event, factors, fold=analysis.folds,
            predicted=None if alive is None else 1 - alive, horizon=None if alive is None else HORIZON,
            resamples=draws(analysis.survival.size),
        ),
    )  # fmt: skip


def _adjust(analysis: CohortAnalysis, patients: pd.DataFrame) -> tuple[Adjusted | None, tuple[str, ...]]:
    if not analysis.cutpoints:
        return None, ("There are no risk groups to compare.",)
    factors, notes = {RISK_GROUP: analysis.group}, []
    for column, name in KNOWN.items():
        without = int(patients[column].isna().sum())
        if 2 * without > len(patients):
            notes.append(f"{name} left out: {_of(without, len(patients))} have none.")
        else:
            factors[name] = _as_steps(patients[column]) if column == "stage" else patients[column].to_numpy(object)
    if len(factors) == 1:
        return None, ("Age, sex and stage are not known of these patients, so nothing can be held equal.",)
    try:
        found = adjusted_hazard_ratios(
            analysis.survival.time_months, analysis.survival.event, factors,
            units={KNOWN["age"]: 10} if KNOWN["age"] in factors else None,
        )  # fmt: skip
    except NotEnoughDataError as error:
        return None, (*notes, error.message)
    if all(row.factor == RISK_GROUP for row in found.rows):
        return None, (*notes, *found.notes, "Nothing else differs between these patients: nothing can be held equal.")
    return found, (*notes, *found.notes)


def _stage_words(stages: pd.Series) -> np.ndarray:
    """Stages without their letters, None where the words name no one stage."""
    return np.array([None if one is None else STAGES[int(one)] for one in _as_steps(stages)], object)


def _as_steps(stages: pd.Series) -> np.ndarray:
    """Stages as 0 to 4, None where the words name no one stage.

    As words, each with its letter, they would take a coefficient for every few patients, some of whom never die.
    """
    numbers = [stage_number(words) for words in stages]
    return np.array([None if np.isnan(one) else one for one in numbers], object)


def _calibrate(
    survival: Survival, curves: np.ndarray, alive: np.ndarray | None
) -> tuple[Calibration | None, SmoothCalibration | None, DCalibration | None, tuple[str, ...]]:
    if alive is None:
        return None, None, None, (f"The model says nothing of {HORIZON} months.",)
    time, event, smooth, notes = survival.time_months, survival.event, None, []
    groups = max(2, min(10, survival.size // PATIENTS_A_GROUP))
    try:
        found = calibration(1 - alive, time, event, horizon=HORIZON, groups=groups)
    except NotEnoughDataError as error:
        return None, None, None, (error.message,)
    try:
        smooth = smooth_calibration(1 - alive, time, event, horizon=HORIZON)
    except NotEnoughDataError as error:
        notes.append(f"No smooth curve: {error.message}")
    last = curves.shape[1] - 1  # follow-up ends where the curves do: nothing was predicted beyond
    seen, months = np.minimum(time, last), np.arange(last + 1)
    own = np.array([np.interp(one, months, curve) for one, curve in zip(seen, curves, strict=True)])
    return found, smooth, d_calibration(own, event & (time <= last)), tuple(notes)


def _of(some: int, every: int) -> str:
    return f"all {every} patients" if some == every else f"{some} of {every} patients"
