"""What a reader must know of a shipped model before trusting it: written from its cohort and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from survdash.artefact import Artefact
from survdash.cohort import Cohort
from survdash.genes import split_column
from survdash.statistics.kaplan_meier import kaplan_meier
from survdash.statistics.plain_values import to_plain
from survdash.usecases.aggregates import AGGREGATES

GOOD_ICI = 0.05
USED = (
    "To see how such models answer, to compare a method with them, and to try the program on real data. Not to decide "
    "on treatment, and not for patients of another cancer."
)
PRIVACY = (
    "No patient is in these files: no case number, no gene, no outcome, no risk of anybody. Survival curves and the "
    "model's own cumulative hazards step at whole months, in which single deaths can be counted; risks are a histogram "
    "and quantiles; groups of fewer than ten patients are left out."
)
CLIPPED_AND_BENT = (
    "to the 0.5 % and 99.5 % quantiles of the training patients, expression then bent by a power fitted on them (Yeo "
    "and Johnson 2000), all standardised by them"
)
SCALES = {
    "rna": "expression as z-scores against the cohort, as the tables hold them",
    "cnv": "copy numbers as GISTIC calls from -2 to 2",
    "mut": "mutations as 0 or 1",
}
# By ``recalibrated`` of an evaluation.
CALIBRATIONS: Mapping[str | bool, str] = {
    "inner folds": "Curves are calibrated on training patients whom inner folds held out; neither the patients they "
                   "are judged on nor any model that saw them took part.",
    "other folds": "Curves are recalibrated on the out-of-fold predictions of the other folds, whose models have seen "
                   "the patients they are judged on.",
    True: "Recalibrated on out-of-fold predictions of the other folds.",  # a model of before more was told
    "": "Curves are as the model was fitted, without recalibration.",
}  # fmt: skip
GENERAL = (
    "Developed and judged on one cohort of TCGA: patients of the centres that took part, with enough tumour to sample, "
    "followed for unequal times. No other cohort was looked at; expect it to do worse elsewhere.",
    "Death of any cause is predicted, and treatment is not known to the model.",
    "The spread of the fold models on a curve is not all of the uncertainty.",
)


def about_model(
    cohort: Cohort, artefact: Artefact, evaluation: Mapping[str, Any], *, title: str, taken_from: str, terms: str
) -> dict[str, Any]:
    """The parts of a card that name data and their terms, figures with intervals, subgroups and known failures.

    Parameters
    ----------
    cohort : Cohort
        With its patients.
    artefact : Artefact
    evaluation : mapping
        As ``shipping.shipped_evaluation`` gives it.
    title, taken_from, terms : str
        Of the data.
    """
    card = artefact.card
    look = evaluation[AGGREGATES]["closer_look"]["maxstat"]
    about = {
        "intended_use": USED,
        "data": {"title": title, "taken_from": taken_from, "terms": terms, "files": dict(cohort.source)},
        "population": describe_population(cohort),
        "privacy": PRIVACY,
        "genes": _describe_genes(artefact),
        "curves": f"Told for 0 to {card.months} months; beyond, fewer than ten patients were followed and nothing is "
                  f"said. {calibration_words(evaluation)}",
        "metrics": {"cindex": evaluation["cindex"], "horizons": evaluation["horizons"]},
        "subgroups": look["subgroups"],
        "known_failures": list(known_failures(card.months, evaluation, look["subgroups"])),
    }  # fmt: skip
    plain: dict[str, Any] = to_plain(about)
    return plain


def calibration_words(evaluation: Mapping[str, Any]) -> str:
    """Whose outcomes set the level of a model's curves."""
    return CALIBRATIONS[evaluation.get("recalibrated") or ""]


def describe_population(cohort: Cohort) -> dict[str, Any]:
    """Patients, deaths, follow-up and facts of a cohort, as counts and quartiles; small counts are told as such."""
    patients, survival = cohort.patients, cohort.survival
    followed = kaplan_meier(survival.time_months, ~survival.event).median
    age = patients["age"].dropna()
    told: dict[str, Any] = {
        "patients": survival.size, "deaths": int(survival.event.sum()), "median_follow_up_months": followed,
        "missing": {name: int(patients[name].isna().sum()) for name in ("age", "sex", "stage")},
    }  # fmt: skip
    if len(age):
        told["age_quartiles"] = np.quantile(age, [0.25, 0.5, 0.75])
    for name in ("sex", "stage", "site"):
        told[name] = _counts(patients[name])
    if cohort.folds is not None:
        told["folds"] = cohort.folds.value_counts().sort_index().tolist()
    return told


def _counts(column: pd.Series) -> dict[str, int]:
    counts = column.dropna().value_counts()
    shown = {str(word): int(number) for word, number in counts.items() if number >= 10}
    rest = int(counts.sum()) - sum(shown.values())
    return shown | ({"others, each fewer than 10": rest} if rest else {})


def _describe_genes(artefact: Artefact) -> dict[str, Any] | None:
    panel = artefact.card.panel
    if panel is None:
        return None
    kinds = [split_column(column)[1] for column in panel.columns]
    return {
        "columns": len(panel.columns), "groups": {title: len(columns) for title, columns in panel.groups.items()},
        "scale": {kind: f"{kinds.count(kind)} columns, {words}" for kind, words in SCALES.items() if kind in kinds},
        "clipped": CLIPPED_AND_BENT,
    }


def known_failures(months: int, evaluation: Mapping[str, Any], subgroups: list[dict[str, Any]]) -> tuple[str, ...]:
    """What is known to be wrong or weak, in words: of all such models, then of this one's figures."""
    words = [*GENERAL, f"Nothing is said beyond {months} months."]
    low = evaluation["cindex"]["low"]
    if low is not None and low <= 0.55:
        words.append(f"It may order patients hardly better than chance: the c-index may be as low as {low:.2f}.")
    for month, found in evaluation["horizons"].items():
        if found.get("ici") is not None and found["ici"] > GOOD_ICI:
            words.append(f"At {month} months its chances are off by {100 * found['ici']:.0f} points on average.")
    for row in subgroups:
        if row["factor"] != "all" and row["c_low"] is not None and row["c_low"] < 0.5:
            words.append(
                f"Not shown to work for {row['factor']} {row['level']} ({row['patients']} patients, c {row['c']:.2f}, "
                f"95 % {row['c_low']:.2f} to {row['c_high']:.2f})."
            )
    return tuple(words)
