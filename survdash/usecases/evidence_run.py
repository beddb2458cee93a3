"""Everything the documentation says of real cohorts, made by one command: train, judge, write.

What is finished is not done again, and what was stopped goes on in the middle of a fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from survdash.artefact import Artefact
from survdash.cohort import Cohort
from survdash.errors import NotEnoughDataError
from survdash.nets.registry import DEFAULT_MODEL, get
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.statistics.bootstrap import concordance_draws
from survdash.statistics.plain_values import to_plain
from survdash.usecases.comparison import compare_models
from survdash.usecases.evidence import block_of, comparison_lines, write_block
from survdash.usecases.kept_training import other_seeds
from survdash.usecases.library import open_cohort
from survdash.usecases.shipping import METHODS, trained
from survdash.usecases.studies import ALL, TABLES, Method, opened

SEEDS = 3
DRAWS = 2000
RIVAL = "cox_ridge"
QUICK: Mapping[str, Any] = MappingProxyType({"epochs": 1, "options": {"width": 8}})
# Names of the blocks of a page: whether clinical facts are seen.
SUMMARIES: Mapping[bool, str] = MappingProxyType({True: "default", False: "default without clinical facts"})
HEADS = ("cohort", "patients / deaths", "the default", "its other seeds", "ridge Cox, sees the same",
         "difference (95 %, paired)", "best untuned sum")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Duel:
    """The default against ridge Cox that sees the same, on one cohort.

    ``draws`` (2, 1 + DRAWS): mean c of the folds of both, in the data and then in each draw of patients.
    """

    cohort: str
    cases: int
    events: int
    seeds: tuple[float, ...]
    draws: np.ndarray
    bar: float | None


def make_evidence(
    names: Sequence[str] = (), *, tables: Path = TABLES, seeds: int = SEEDS, quick: bool = False,
    page: Path | None = None, jobs: int = 1, report: Report = silent, cancel: Cancel | None = None,
) -> dict[str, Any]:
    """Train and judge the methods on cohorts, and write what the documentation and the Compare page say of them.

    Parameters
    ----------
    names : sequence of str, optional
        Of ``studies.ALL``, all by default, or of any cohort that is here.
    tables : Path
        Folder of the public tables, for those that are not here yet.
    seeds : int
        Trainings of each network with chance of its own.
    quick : bool
        To try it: the default with a network 8 wide after one epoch, and the Cox models alone; one seed.
    page : Path, optional
        Page of the documentation; each table goes between its marks, as soon as it is known; what ``quick`` gives,
        between others, so that nobody takes it for the whole.
    jobs : int
        Processes that share the folds.

    Returns
    -------
    dict
        ``cohorts``: name to rows of the comparison; ``left_out``: of each what methods it has too little for, and why;
        ``default`` and ``default without clinical facts``: lines of the table against ridge Cox.

    Raises
    ------
    UnknownNameError, InputError, NotEnoughDataError
        If a cohort, a table or its folds are not there.
    Cancelled
        If ``cancel`` is set; what is finished stays.
    """
    wanted = list(dict.fromkeys(names)) or list(ALL)
    cohorts = [opened(ALL[name], tables) if name in ALL else open_cohort(name) for name in wanted]
    if bare := [cohort.name for cohort in cohorts if cohort.folds is None]:
        raise NotEnoughDataError(f"Cohort {bare[0]} has no folds.", hint="Import it with folds.")
    duels: dict[bool, list[Duel]] = {clinical: [] for clinical in SUMMARIES}
    made: dict[str, Any] = {"cohorts": {}, "left_out": {}, "quick": quick, "seeds": 1 if quick else seeds}
    for number, cohort in enumerate(cohorts):
        check_cancel(cancel, step=f"evidence, {number} of {len(cohorts)} cohorts")

        def tell(progress: Progress, number: int = number, name: str = cohort.name) -> None:
            report(replace(progress, step=f"{name} ({number + 1} of {len(cohorts)}): {progress.step}"))

        runs, left_out = _run_all(cohort, quick=quick, jobs=jobs, report=tell, cancel=cancel)
        made["left_out"] |= {cohort.name: left_out} if left_out else {}
        chance = {run: _seeds(cohort, one, seeds=made["seeds"], report=tell, cancel=cancel)
                  for run, one in runs.items()}  # fmt: skip
        table = compare_models(cohort.name, tuple(runs))
        made["cohorts"][cohort.name] = [to_plain(row) for row in table.to_dict("records")]
        for clinical in SUMMARIES:
            if (duel := _duel(cohort, runs, chance, clinical=clinical)) is not None:
                duels[clinical].append(duel)
                made[SUMMARIES[clinical]] = duel_lines(duels[clinical])
        if page is not None:
            _write(page, made, cohort.name, comparison_lines(table))
    return made


def _run_all(
    cohort: Cohort, *, quick: bool, jobs: int, report: Report, cancel: Cancel | None
) -> tuple[dict[str, Artefact], dict[str, str]]:
    """Run to its artefact, of all methods that the cohort has enough for; and why others are left out.

    Raises
    ------
    NotEnoughDataError
        If it has enough for none.
    """
    runs: dict[str, Artefact] = {}
    left_out: dict[str, str] = {}
    for method in METHODS:
        network = get(DEFAULT_MODEL if method.model == "default" else method.model).fitter == "gradient"
        if quick and network and method.model != "default":
            continue
        if (method.clinical or method.model == "cox_clinical") and not cohort.has_clinical:
            left_out[_words(method)] = "No clinical fact is known."
            continue
        try:
            chosen = replace(method, changes=QUICK) if quick and network else method
            artefact = trained(cohort, chosen, jobs=jobs, report=report, cancel=cancel)[1]
        except NotEnoughDataError as error:
            left_out[_words(method)] = str(error)
            continue
        runs[artefact.card.run] = artefact
    if not runs:
        raise NotEnoughDataError(f"Cohort {cohort.name} has too little for every method.",
                                 hint="; ".join(f"{name}: {why}" for name, why in left_out.items()))  # fmt: skip
    return runs, left_out


def _words(method: Method) -> str:
    return f"{method.model}, with clinical facts" if method.clinical else method.model


def _seeds(
    cohort: Cohort, artefact: Artefact, *, seeds: int, report: Report, cancel: Cancel | None
) -> tuple[float, ...]:
    """Mean c of each training; of a closed fit there is one, for it knows no chance."""
    from survdash.training.data import model_data

    recipe = artefact.card.recipe
    if seeds < 2 or get(recipe.model).fitter != "gradient":
        return (float(artefact.evaluation()["cindex"]["mean"]),)
    return tuple(other_seeds(artefact, model_data(cohort, recipe.modalities), seeds=seeds, report=report,
                             cancel=cancel))  # fmt: skip


def _duel(
    cohort: Cohort, runs: Mapping[str, Artefact], chance: Mapping[str, tuple[float, ...]], *, clinical: bool
) -> Duel | None:
    """The two runs on the patients of both; None where one of them is missing."""
    found = {
        model: next((one for one in runs.values() if one.card.recipe.model == model
                     and ("clinical" in one.card.modalities) == clinical), None)
        for model in (DEFAULT_MODEL, RIVAL)
    }  # fmt: skip
    pair = [one for one in found.values() if one is not None]
    if len(pair) < 2:
        return None
    predicted = [one.predictions().set_index("case_id") for one in pair]
    shared = sorted(set(predicted[0].index) & set(predicted[1].index))
    known = cohort.patients.loc[shared]
    values, draws = concordance_draws(
        [table.loc[shared, "risk"].to_numpy() for table in predicted], known["time_months"].to_numpy(),
        known["event"].to_numpy(bool), predicted[0].loc[shared, "fold"].to_numpy(), resamples=DRAWS,
    )
    bars = ALL[cohort.name].bars if cohort.name in ALL else None
    return Duel(
        cohort=ALL[cohort.name].title if cohort.name in ALL else cohort.title, cases=len(shared),
        events=int(known["event"].sum()), seeds=chance[pair[0].card.run], draws=np.column_stack([values, draws]),
        bar=None if bars is None else bars[0 if clinical else 1],
    )


def duel_lines(duels: Sequence[Duel]) -> list[str]:
    """The default against ridge Cox as a table of Markdown, a line a cohort, and the mean of several."""
    lines = [f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
    for one in duels:
        others = ", ".join(f"{value:.3f}" for value in one.seeds[1:]) or "–"
        bar = "–" if one.bar is None else f"{one.bar:.3f}"
        lines.append(f"| {one.cohort} | {one.cases} / {one.events} | {_middle(one.draws, others)} | {bar} |")
    if len(duels) > 1:
        several = min(len(one.seeds) for one in duels)
        others = ", ".join(f"{np.mean([one.seeds[number] for one in duels]):.3f}" for number in range(1, several))
        known = [one.bar for one in duels if one.bar is not None]
        bar = f"**{np.mean(known):.3f}**" if len(known) == len(duels) else "–"
        mean = np.mean([one.draws for one in duels], axis=0)
        lines.append(f"| **mean of {len(duels)}** | | {_middle(mean, others or '–')} | {bar} |")
    return lines


def _middle(draws: np.ndarray, others: str) -> str:
    gap = draws[0] - draws[1]
    low, high = np.nanquantile(gap[1:], (0.025, 0.975))
    return f"{draws[0, 0]:.3f} | {others} | {draws[1, 0]:.3f} | {gap[0]:+.3f} ({low:+.3f} to {high:+.3f})"


def _write(page: Path, made: Mapping[str, Any], name: str, lines: Sequence[str]) -> None:
    """Tables for which the page has a place; a cohort of one's own need not have one."""
    text = page.read_text(encoding="utf-8")
    blocks = {name: lines, **{title: made[title] for title in SUMMARIES.values() if title in made}}
    for title, found in blocks.items():
        mark = f"{title}, quick" if made["quick"] else title
        if block_of(mark, text) is not None:
            write_block(page, mark, found)
