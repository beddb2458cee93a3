"""Could the figures of a model be too good to be true? Controls that must fail, and what could have leaked.

Each training of the audit is kept under a key of all that makes it: an audit that was stopped goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from survdash import __version__
from survdash.cohort import Cohort
from survdash.errors import NotEnoughDataError
from survdash.jobs.queue import file_job
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.settings import settings
from survdash.statistics.plain_values import to_plain
from survdash.store import digest, write_json
from survdash.training.recipe import Recipe
from survdash.usecases.kept_training import ROOM, judge, out_of_fold
from survdash.usecases.leakage import describe_leakage
from survdash.usecases.library import open_cohort, open_run, summary_here
from survdash.usecases.training import make_recipe

if TYPE_CHECKING:
    from survdash.training.data import ModelData

AUDIT = "audit_cohort"
SHARES = (0.25, 0.5, 0.75)
REPEATS, SEEDS = 3, 3
SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Work:
    """What every training of one audit shares; ``total`` of them, each told as it is done."""

    cohort: Cohort
    recipe: Recipe
    data: ModelData
    total: int
    report: Report
    cancel: Cancel | None
    done: list[str]

    def run(self, name: str, data: ModelData, recipe: Recipe, *, share: float = 1.0) -> pd.DataFrame:
        """Out-of-fold risks ``case_id fold risk`` of one training of all folds, from disk if they are there."""
        check_cancel(self.cancel, step=f"audit, {len(self.done)} of {self.total}")
        self.report(Progress(step="Auditing", done=len(self.done), total=self.total, message=name))
        self.done.append(name)

        def tell(progress: Progress) -> None:
            step = f"{name}, {progress.step}"
            self.report(Progress(step="Auditing", done=len(self.done) - 1, total=self.total, message=step))

        return out_of_fold(data, recipe, share=share, report=tell, cancel=self.cancel)


def audit_cohort(
    cohort: str, *, model: str = "default", modalities: tuple[str, ...] | None = None, repeats: int = REPEATS,
    seeds: int = SEEDS, report: Report = silent, cancel: Cancel | None = None,
) -> dict[str, Any]:
    """Negative controls, learning curve, stability over seeds and a search for leaks; the result is kept.

    Parameters
    ----------
    cohort : str
    model : str
        The method that is audited.
    modalities : tuple of str, optional
        As in ``make_recipe``.
    repeats : int
        Times that outcomes, and slides, are shuffled.
    seeds : int
        Trainings whose ranks are compared.

    Returns
    -------
    dict
        Plain JSON: ``intact``, ``shuffled_outcomes``, ``shuffled_pairing``, ``learning_curve``, ``stability``,
        ``leakage``, and ``findings``, each a sentence and whether it is as it should be.

    Raises
    ------
    UnknownNameError, NotEnoughDataError
        If there is no such cohort or method, or too little data.
    Cancelled
        If ``cancel`` is set; what is finished stays.
    """
    from survdash.training.data import model_data

    opened = open_cohort(cohort)
    recipe = make_recipe(opened, model=model, modalities=modalities)
    data = model_data(opened, recipe.modalities)
    paired = {"genes", "slide"} <= set(recipe.modalities)
    total = seeds + repeats + len(SHARES) + (repeats + 1) * paired
    work = _Work(cohort=opened, recipe=recipe, data=data, total=total, report=report, cancel=cancel, done=[])
    members = [work.run(f"seed {seed + 1}", data, replace(recipe, seed=recipe.seed + seed)) for seed in range(seeds)]
    result: dict[str, Any] = {
        "schema": SCHEMA, "cohort": cohort, "cohort_digest": opened.digest, "software": __version__,
        "run": recipe.run_name(opened.modalities), "recipe": recipe.to_json(), "repeats": repeats, "seeds": seeds,
        "patients": data.size, "deaths": int(data.survival.event.sum()), "intact": judge(members[0], data),
        "shuffled_outcomes": _shuffled_outcomes(work, repeats=repeats),
        "shuffled_pairing": _shuffled_pairing(work, members[0], repeats=repeats) if paired else None,
        "learning_curve": _learning_curve(work, members[0]),
        "stability": compare_ranks(members, cutpoints=[_median_cut(one) for one in members]),
        "leakage": describe_leakage(opened, data, members[0]),
    }  # fmt: skip
    report(Progress(step="Auditing", done=total, total=total))
    result["findings"] = findings(result)
    plain: dict[str, Any] = to_plain(result)
    write_json(_kept(opened.digest, plain["run"]), plain)
    return plain


def stored_audit(cohort: str, run: str) -> dict[str, Any] | None:
    """What ``audit_cohort`` found of a run on this state of a cohort, or came with survdash; None where nothing is.

    Raises
    ------
    UnknownNameError
        If there is no such cohort.
    """
    told = summary_here(cohort)
    if told is not None:
        found: dict[str, Any] | None = told.audit.get(run)
        return found
    path = _kept(open_run(cohort, run).card.cohort_digest, run)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _kept(cohort_digest: str, run: str) -> Path:
    return settings().data_dir / ROOM / f"{digest({'cohort': cohort_digest, 'run': run, 'schema': SCHEMA})}.json"


def _shuffled_outcomes(work: _Work, *, repeats: int) -> list[dict[str, Any]]:
    from survdash.training.data import shuffle_outcomes

    made = []
    for number in range(repeats):
        data = shuffle_outcomes(work.data, seed=number)
        made.append(judge(work.run(f"shuffled outcomes {number + 1}", data, work.recipe), data))
    return made


def _shuffled_pairing(work: _Work, intact: pd.DataFrame, *, repeats: int) -> dict[str, Any]:
    """What the slide adds to the rest, and what a wrong patient's slide adds."""
    from survdash.training.data import model_data, shuffle_slides

    rest = tuple(name for name in work.recipe.modalities if name != "slide")
    alone = replace(work.recipe, modalities=rest)
    data = model_data(work.cohort, rest)
    without = work.run("without the slide", data, alone)
    shared = set(intact["case_id"])
    without = without[without["case_id"].isin(shared)].reset_index(drop=True)
    base = judge(without, data)["mean"]
    wrong = []
    for number in range(repeats):
        made = work.run(f"wrong slides {number + 1}", shuffle_slides(work.data, seed=number), work.recipe)
        wrong.append(judge(made, work.data)["mean"] - base)
    return {"without_slide": base, "gain": judge(intact, work.data)["mean"] - base, "gain_of_wrong_slides": wrong}


def _learning_curve(work: _Work, intact: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for share in SHARES:
        made = work.run(f"{share:.0%} of the training patients", work.data, work.recipe, share=share)
        rows.append({"share": share, **judge(made, work.data)})
    return [*rows, {"share": 1.0, **judge(intact, work.data)}]


def _median_cut(table: pd.DataFrame) -> np.ndarray:
    """High or low by the median of the patient's own fold."""
    return (table["risk"] > table.groupby("fold")["risk"].transform("median")).to_numpy()


def compare_ranks(members: list[pd.DataFrame], *, cutpoints: list[np.ndarray]) -> dict[str, Any] | None:
    """Spearman's and Kendall's correlation of the risks of pairs of trainings, fold by fold, and who changes groups.

    Parameters
    ----------
    members : list of DataFrame
        ``fold`` and ``risk`` of the same patients in the same order; None is returned for fewer than two.
    cutpoints : list of ndarray, shape (N,)
        bool, the high group of each.
    """
    from scipy.stats import kendalltau, spearmanr

    if len(members) < 2:
        return None
    spearman, kendall, changed = [], [], []
    for (one, high), (other, high_too) in combinations(zip(members, cutpoints, strict=True), 2):
        for fold in np.unique(one["fold"]):
            own = (one["fold"] == fold).to_numpy()
            first, second = one["risk"].to_numpy()[own], other["risk"].to_numpy()[own]
            spearman.append(spearmanr(first, second).statistic)
            kendall.append(kendalltau(first, second).statistic)
        changed.append(float((high != high_too).mean()))
    return {"spearman": float(np.mean(spearman)), "spearman_least": float(np.min(spearman)),
            "kendall": float(np.mean(kendall)), "changed_group": float(np.mean(changed))}  # fmt: skip


def findings(result: dict[str, Any]) -> list[dict[str, Any]]:
    """What the audit found, each as a sentence and whether it is as it should be (None: a number to know)."""
    told = [_outcomes_finding(result["shuffled_outcomes"])]
    if pairing := result["shuffled_pairing"]:
        wrong = float(np.mean(pairing["gain_of_wrong_slides"]))
        right = max(pairing["gain"], 0.0)
        told.append({
            "words": f"The slide adds {pairing['gain']:+.3f} to the c-index without it; a wrong patient's slide "
                     f"{wrong:+.3f}.",
            "good": wrong < max(right, 0.01),
        })  # fmt: skip
    first, last = result["learning_curve"][-2], result["learning_curve"][-1]
    told.append({
        "words": f"From {first['share']:.0%} to all of the training patients the c-index goes from {first['mean']:.3f} "
                 f"to {last['mean']:.3f}" + ("; more patients may help." if last["mean"] > first["mean"] + 0.005
                                            else "; more patients of this kind hardly help."),
        "good": None,
    })  # fmt: skip
    if steady := result["stability"]:
        told.append({
            "words": f"Between trainings of other chance, ranks agree by {steady['spearman']:.2f} (Spearman) and "
                     f"{steady['changed_group']:.0%} of the patients change between the upper and lower half.",
            "good": steady["changed_group"] <= 0.1,
        })  # fmt: skip
    return told + list(result["leakage"]["findings"])


def _outcomes_finding(shuffled: Iterable[dict[str, Any]]) -> dict[str, Any]:
    rows = list(shuffled)
    low, high = (float(np.mean([row[name] for row in rows])) for name in ("low", "high"))
    mean = float(np.mean([row["mean"] for row in rows]))
    return {"words": f"With shuffled outcomes the c-index is {mean:.3f} (95 % {low:.3f} to {high:.3f}); 0.5 is chance.",
            "good": low <= 0.5 <= high}  # fmt: skip


def file_audit(cohort: str, model: str, *, modalities: tuple[str, ...] | None = None) -> str:
    """Hand an audit to the worker; returns the job's id.

    Raises
    ------
    UnknownNameError, NotEnoughDataError
        If there is no such cohort or method.
    """
    opened = open_cohort(cohort)
    if opened.folds is None:
        raise NotEnoughDataError(f"Cohort {cohort} has no folds.", hint="Import it with folds.")
    make_recipe(opened, model=model, modalities=modalities)
    return file_job(AUDIT, {"cohort": cohort, "model": model, "modalities": modalities and list(modalities)})


def _audit(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    asked = payload["modalities"]
    made = audit_cohort(payload["cohort"], model=payload["model"], modalities=None if asked is None else tuple(asked),
                        report=report, cancel=cancel)  # fmt: skip
    return {"cohort": payload["cohort"], "run": made["run"], "findings": made["findings"]}


HANDLERS: dict[str, Callable[[dict[str, Any], Report, Cancel], dict[str, Any]]] = {AUDIT: _audit}
