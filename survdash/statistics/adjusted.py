"""Hazard ratios of a risk group, adjusted for what the clinician already knows: one row per line of a forest plot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import ClinicalError, InputError, NotEnoughDataError
from survdash.statistics.cox_model import CoxModel, cox_model
from survdash.statistics.inputs import check_entry, check_labels, check_survival, is_missing
from survdash.statistics.proportional_hazards import check_proportional_hazards

DEATHS_PER_COEFFICIENT = 10  # fewer, and the ratios are unsteady (Peduzzi et al. 1995)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForestRow:
    """One line: a level of a factor against its reference, or a number per ``unit``.

    Ratio, limits and p-value are 1 and nan in the reference's own line, and nan for a level without an estimate.
    ``hazards_p`` tests whether the factor's ratio is constant over time; the same in all lines of a factor,
    nan where the deaths cannot tell.
    """

    factor: str
    level: str
    is_reference: bool
    patients: int
    events: int
    ratio: float
    low: float
    high: float
    p_value: float
    hazards_p: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adjusted:
    """A multivariable Cox model as a table.

    Parameters
    ----------
    rows : tuple of ForestRow
        In the factors' order, reference first.
    patients, events : int
        In the model.
    missing : dict of str to int
        Patients without a value, per factor; a patient may count in several.
    dropped : int
        Patients left out for at least one missing value.
    hazards_p : float
        Test of proportional hazards of all factors together.
    notes : tuple of str
        What was left out and why, and whether the deaths suffice for so many coefficients.
    level : float
        Of the limits.
    """

    rows: tuple[ForestRow, ...]
    patients: int
    events: int
    missing: dict[str, int]
    dropped: int
    hazards_p: float
    notes: tuple[str, ...]
    level: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Factor:
    """``columns`` (N, C) of one factor; for words one per level but the first, for numbers one."""

    name: str
    levels: tuple[str, ...]  # one word, the unit, for numbers
    codes: np.ndarray | None  # None for numbers
    columns: np.ndarray


def adjusted_hazard_ratios(
    time: ArrayLike,
    event: ArrayLike,
    factors: Mapping[str, ArrayLike],
    *,
    units: Mapping[str, float] | None = None,
    entry: ArrayLike | None = None,
    level: float = 0.95,
) -> Adjusted:
    """Fit all factors together on the patients who have them all.

    Parameters
    ----------
    time, event : array_like, shape (N,)
    factors : mapping of str to array_like, shape (N,)
        Columns of numbers enter as they are, all others as levels, the first in order being the reference ("low" before
        "high"). A missing value is None, nan or an empty word.
    units : mapping of str to float, optional
        The step a number's ratio is for, such as ``{"age": 10}``; 1 by default.
    entry : array_like, shape (N,), optional
        Left truncation.
    level : float, optional
        Of the limits.

    Returns
    -------
    Adjusted

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If there is no factor, or a unit is for none or not above zero.
    NotEnoughDataError
        If too few patients have every factor, or a ratio has no finite estimate.

    Notes
    -----
    Complete cases only: nothing is imputed. The ratio of a level in which nobody died falls without end; its patients
    then no longer matter to the other ratios, so they are left out, with a note. Ties by Efron.
    """
    data = check_survival(time, event)
    entered = check_entry(entry, data)
    steps = dict(units or {})
    if not factors or set(steps) - set(factors) or not all(step > 0 for step in steps.values()):
        raise InputError("Adjusted ratios need at least one factor, and units above zero for factors that are given.")
    absent = {name: _absent(values, data.size, name) for name, values in factors.items()}
    kept = ~np.any(list(absent.values()), axis=0)
    notes = []
    if not kept.all():
        parts = ", ".join(f"{name} {int(gone.sum())}" for name, gone in absent.items() if gone.any())
        notes.append(f"{int((~kept).sum())} of {data.size} patients left out for missing values: {parts}.")
    if not kept.any():
        raise NotEnoughDataError("No patient has a value for every factor.")
    columns = {name: np.asarray(values, dtype=object)[kept] for name, values in factors.items()}
    inside = np.flatnonzero(kept)
    if not data.event[inside].any():
        raise NotEnoughDataError(f"No death among the {inside.size} patients who have a value for every factor.")
    without = _levels_without_death(columns, data.event[inside], notes)
    used = ~without
    mine = inside[used]
    follow_up = data.take(mine)
    parts_used = []
    for name, values in columns.items():
        made = _factor(name, values[used], step=steps.get(name, 1.0))
        if made is None:
            notes.append(f"{name} left out: all patients have the same value.")
        else:
            parts_used.append(made)
    if not parts_used:
        raise NotEnoughDataError("No factor takes two values among the patients who have them all.")
    model = cox_model(
        np.concatenate([part.columns for part in parts_used], axis=1), follow_up.time_months, follow_up.event,
        names=[f"{part.name} {word}".strip() for part in parts_used for word in part.levels[_first(part) :]],
        entry=None if entered is None else entered[mine], level=level,
    )  # fmt: skip
    if model.events < DEATHS_PER_COEFFICIENT * len(model.names):
        notes.append(
            f"{model.events} deaths for {len(model.names)} coefficients: fewer than {DEATHS_PER_COEFFICIENT} each, "
            "so the ratios are unsteady."
        )
    rows, hazards_p = _rows(parts_used, model, follow_up)
    return Adjusted(
        rows=rows, patients=model.patients, events=model.events,
        missing={name: int(gone.sum()) for name, gone in absent.items()}, dropped=int((~kept).sum()),
        hazards_p=hazards_p, notes=tuple(notes), level=level,
    )  # fmt: skip


def _first(part: _Factor) -> int:
    return 0 if part.codes is None else 1


def _absent(values: ArrayLike, patients: int, name: str) -> np.ndarray:
    given = np.asarray(values, dtype=object)
    if given.shape != (patients,):
        raise ClinicalError(f"The {name} column has shape {given.shape}, but there are {patients} patients.")
    return np.array([is_missing(value) or value == "" for value in given.tolist()])


def _is_number(values: np.ndarray) -> bool:
    return all(isinstance(v, (int, float, np.integer, np.floating)) and not isinstance(v, bool) for v in values)


def _levels_without_death(columns: Mapping[str, np.ndarray], event: np.ndarray, notes: list[str]) -> np.ndarray:
    """Patients in a level of words in which nobody died, until no such level is left."""
    without = np.zeros(event.size, bool)
    found = True
    while found:
        found = False
        for name, values in columns.items():
            if _is_number(values):
                continue
            for label in sorted(set(values[~without].tolist()), key=str):
                mine = (values == label) & ~without
                if not event[mine].any():
                    notes.append(f"{name} {label}: none of {int(mine.sum())} died, so it has no ratio and is left out.")
                    without |= mine
                    found = True
    return without


def _factor(name: str, values: np.ndarray, *, step: float) -> _Factor | None:
    if _is_number(values):
        numbers = values.astype(float)
        if np.ptp(numbers) == 0:
            return None
        word = "" if step == 1 else f"per {step:g}"
        return _Factor(name=name, levels=(word,), codes=None, columns=(numbers / step)[:, None])
    labels, codes = check_labels(np.array(values.tolist()), values.size, name=name)
    if labels.size < 2:
        return None
    return _Factor(
        name=name, levels=tuple(str(label) for label in labels.tolist()), codes=codes,
        columns=(codes[:, None] == np.arange(1, labels.size)).astype(float),
    )  # fmt: skip


def _rows(parts: list[_Factor], model: CoxModel, data: Survival) -> tuple[tuple[ForestRow, ...], float]:
    terms, start = {}, 0
    for part in parts:
        terms[part.name] = list(range(start, start + part.columns.shape[1]))
        start += part.columns.shape[1]
    hazards = check_proportional_hazards(model, terms=terms)
    rows = []
    for part, p in zip(parts, hazards.p_values.tolist(), strict=True):
        columns = terms[part.name]
        for place, word in enumerate(part.levels):
            mine = np.ones(data.size, bool) if part.codes is None else part.codes == place
            reference = part.codes is not None and place == 0
            column = -1 if reference else columns[place - _first(part)]
            nothing = float("nan")
            rows.append(
                ForestRow(
                    factor=part.name, level=word, is_reference=reference, patients=int(mine.sum()),
                    events=int(data.event[mine].sum()),
                    ratio=1.0 if reference else float(model.ratios[column]),
                    low=nothing if reference else float(model.low[column]),
                    high=nothing if reference else float(model.high[column]),
                    p_value=nothing if reference else float(model.p_values[column]),
                    hazards_p=p,
                )
            )  # fmt: skip
    return tuple(rows), hazards.p_value
