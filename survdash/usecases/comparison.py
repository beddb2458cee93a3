"""All models of a cohort side by side: same patients, paired differences, the paper's numbers in own columns."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from survdash.artefact import Artefact
from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.export import Export, export_comparison, latex_comparison
from survdash.statistics.bootstrap import compare_methods
from survdash.training.evaluation import evaluate, informative
from survdash.training.recipe import Recipe
from survdash.usecases.analysis import matched_predictions
from survdash.usecases.kept_training import stored_seeds
from survdash.usecases.library import (
    describe_cohort,
    digest_now,
    list_artefacts,
    list_runs,
    open_facts,
    open_run,
    run_title,
    summary_here,
)
from survdash.usecases.published import published_beside, published_for
from survdash.usecases.summary import CohortSummary, shipped_summary

WORDS = ("run", "title", "modalities", "fold_source", "best", "published_note", "published_source")
COUNTS = ("cases", "common", "folds", "seeds", "trainings", "params")
DIFFERENCE = ("difference", "difference_low", "difference_high", "p_holm")


def compare_models(cohort: str, runs: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Trained models of a cohort, all judged on the patients that every one of them predicted.

    Parameters
    ----------
    cohort : str
    runs : tuple of str, optional
        Which runs; all by default.

    Returns
    -------
    DataFrame
        One row a run: ``run title modalities cases common folds fold_source seeds mean sd pooled low high difference
        difference_low difference_high p_holm best trainings chance_low chance_high params seconds published
        published_note published_source``. ``chance_low`` and ``chance_high`` are the lowest and the highest mean of so
        many ``trainings`` of the same recipe with other chance (``kept_training.other_seeds``), nan for one.
        Runs on the folds that most of them share come first, best first; below them those on other folds.
        ``cases`` is what the run predicted, ``common`` the patients compared. ``fold_source`` is "given", "made" or
        "made by site". The difference is to the first row, paired, with Holm's correction over the table, and nan for
        a run on other folds, which has no pair; ``best`` marks the first row only where there are others and every
        interval excludes 0. ``published`` is the paper's number of the same method on the same modalities, nan where
        it has none: it is in no ranking and no test.

    Raises
    ------
    UnknownNameError, NotEnoughDataError
        If a run is not there; or there is none, or no patient whom all predicted.

    Notes
    -----
    Where the patients are not here, the table is the one that came with survdash, and all its runs are in it; so it is
    where they came back and no other model has been trained, for some of its runs are figures alone.
    """
    told = summary_here(cohort) or (_as_it_came(cohort) if runs is None else None)
    if told is not None:
        return _stored(told, runs)
    entries, predicted, survival = predicted_by_all(cohort, runs)
    numbers, shared = published_for(open_facts(cohort)), on_shared_folds(predicted)
    rows = []
    for one in entries:
        found = published_beside(one.card.recipe, numbers)
        rows.append(_judged(one, predicted[one.card.run], survival) | {
            "published": float("nan") if found is None else found.cindex,
            "published_note": "" if found is None else found.note,
            "published_source": "" if found is None else found.source,
            "shared": one.card.run in shared,
        })  # fmt: skip
    table = pd.DataFrame(rows).sort_values(
        ["shared", "mean", "run"], ascending=[False, False, True], ignore_index=True
    )
    return _with_differences(table.drop(columns="shared"), {run: predicted[run] for run in shared}, survival)


def predicted_by_all(
    cohort: str, runs: tuple[str, ...] | None = None
) -> tuple[list[Artefact], dict[str, pd.DataFrame], Survival]:
    """Trained models of a cohort, what each predicted of the patients that all predicted, and their follow-up.

    Parameters
    ----------
    cohort : str
    runs : tuple of str, optional
        Which runs; all by default.

    Raises
    ------
    UnknownNameError, NotEnoughDataError
        As ``compare_models``; also where the patients are not here.
    """
    opened = open_facts(cohort)
    entries = [open_run(cohort, run) for run in runs or [one.name for one in list_runs(cohort) if one.has_patients]]
    if not entries:
        raise NotEnoughDataError(
            f"No model has been trained on cohort {cohort}.",
            hint=f"Train one: python -m survdash crossval {cohort} --model default",
        )
    predicted = {one.card.run: matched_predictions(opened, one)[0].set_index("case_id") for one in entries}
    common = sorted(set.intersection(*(set(table.index) for table in predicted.values())))
    if not common:
        raise NotEnoughDataError("No patient was predicted by all of these models.", hint="Compare fewer models.")
    patients = opened.patients.loc[common]
    survival = Survival(time_months=patients["time_months"].to_numpy(), event=patients["event"].to_numpy())
    return entries, {run: table.loc[common] for run, table in predicted.items()}, survival


def _as_it_came(cohort: str) -> CohortSummary | None:
    """What is told of a shipped cohort, where its patients and its models are here and nothing beside them."""
    told = shipped_summary(cohort)
    if told is None or told.digest != digest_now(cohort):
        return None
    artefacts = {one.card.run: one.card for one in list_artefacts(cohort)}
    shipped = all(card.about for card in artefacts.values())
    return told if shipped and artefacts.keys() == told.versions.keys() else None


def _stored(told: CohortSummary, runs: tuple[str, ...] | None) -> pd.DataFrame:
    once = {"trainings": 1, "chance_low": None, "chance_high": None}  # what an older summary does not tell
    table = pd.DataFrame([once | row for row in told.comparison])
    if runs is not None and set(runs) != set(table["run"]):
        raise NotEnoughDataError(
            "Differences between some of the models need their patients, who are not on this machine.",
            hint=f"Compare all that are stored ({', '.join(table['run'])}), or bring the patients: {told.opens_with}",
        )
    numbers = [name for name in table if name not in WORDS]
    return table.astype(dict.fromkeys(numbers, float) | dict.fromkeys(COUNTS, int) | {"best": bool})


def export_models(cohort: str, table: pd.DataFrame) -> Export:
    """What ``compare_models`` gave, as CSV with its provenance."""
    return export_comparison(table, describe_cohort(cohort), versions=_versions(cohort, table))


def latex_of_models(cohort: str, table: pd.DataFrame) -> str:
    """What ``compare_models`` gave, as a LaTeX table with its provenance in comments above it."""
    return latex_comparison(table, describe_cohort(cohort), versions=_versions(cohort, table))


def _versions(cohort: str, table: pd.DataFrame) -> dict[str, str]:
    told = summary_here(cohort)
    return {run: open_run(cohort, run).card.version if told is None else told.versions[run] for run in table["run"]}


def on_shared_folds(predicted: dict[str, pd.DataFrame]) -> list[str]:
    """The runs on the folds that most share; of equally many those of the run that comes first."""
    folds = {run: table["fold"].to_numpy(int).tobytes() for run, table in predicted.items()}
    most = Counter(folds.values()).most_common(1)[0][0]
    return [run for run, one in folds.items() if one == most]


def _judged(artefact: Artefact, predicted: pd.DataFrame, survival: Survival) -> dict[str, object]:
    card, cindex, chance = artefact.card, evaluate(predicted, survival), stored_seeds(artefact)
    return {
        "run": card.run, "title": run_title(card), "modalities": " + ".join(card.modalities), "cases": card.cases,
        "common": len(predicted), "folds": len(card.folds), "fold_source": _fold_source(card.recipe),
        "seeds": card.recipe.seeds, **{name: cindex[name] for name in ("mean", "sd", "pooled", "low", "high")},
        "trainings": max(1, len(chance)), "chance_low": min(chance, default=float("nan")),
        "chance_high": max(chance, default=float("nan")), "params": card.parameters, "seconds": card.seconds,
    }  # fmt: skip


def _fold_source(recipe: Recipe) -> str:
    if not recipe.made_folds:
        return "given"
    return "made by site" if recipe.by_site else "made"


def _with_differences(table: pd.DataFrame, paired: dict[str, pd.DataFrame], survival: Survival) -> pd.DataFrame:
    """Add the paired difference of each run to the first, Holm-corrected, and mark the best."""
    nothing = float("nan")
    leader = table["run"].iloc[0]
    found = {leader: (0.0, nothing, nothing, nothing)}
    if len(paired) > 1:
        fold = paired[leader]["fold"].to_numpy()
        kept = informative(fold, survival)
        others = [run for run in table["run"] if run in paired and run != leader]
        # The leader last: a pair is the first less the second, so each difference is a run's less the leader's.
        risks = {run: paired[run]["risk"].to_numpy(float)[kept] for run in [*others, leader]}
        time, event = survival.time_months[kept], survival.event[kept]
        for pair in compare_methods(risks, time, event, fold[kept], reference=leader).pairs:
            found[pair.first] = (pair.difference, pair.low, pair.high, pair.p_holm)
    place = list(table.columns).index("high") + 1
    columns = np.array([found.get(run, (nothing,) * 4) for run in table["run"]])
    for number, name in enumerate(DIFFERENCE):
        table.insert(place + number, name, columns[:, number])
    beaten = len(table) > 1 and bool((table["difference_high"].iloc[1:] < 0).all())
    table.insert(place + len(DIFFERENCE), "best", [beaten, *[False] * (len(table) - 1)])
    return table
