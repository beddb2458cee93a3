"""Which cohort and which model a page is about."""

from __future__ import annotations

from collections.abc import Sequence

from survdash import usecases
from survdash.errors import UnknownNameError
from survdash.language import later, tr
from survdash.nets.registry import DEFAULT_MODEL, PAPERS_MODEL
from survdash.retelling import retell
from survdash.stamp import stamp
from survdash.statistics.endpoints import ENDPOINTS
from survdash.ui import caching
from survdash.ui.picker import pick
from survdash.ui.prose import escape

ENDPOINT_HELP = later("What counts as the event. Models learn overall survival; another endpoint judges the same "
                      "risks by it, where the cohort holds one. A column PFS is read as the progression-free interval, "
                      "which cBioPortal calls so.")  # fmt: skip


def pick_cohort(*, page: str, drops: tuple[str, ...] = ("run", "endpoint")) -> usecases.CohortEntry:
    """Let the user choose one of the cohorts of this machine.

    Raises
    ------
    UnknownNameError
        If there is none, or not the one of the address.
    """
    entries = {entry.name: entry for entry in caching.cohorts()}
    if not entries:
        raise UnknownNameError("No cohort is on this machine yet.", hint="Page 'Import' takes one in.")

    def title(name: str) -> str:
        entry = entries[name]
        unsaid = entry.simulated and "simulated" not in entry.title.lower()
        return tr("{title} (simulated)", title=retell(entry.title)) if unsaid else retell(entry.title)

    chosen = pick(tr("Cohort"), list(entries), page=page, parameter="cohort", title=title, drops=drops)
    return entries[chosen]


def pick_run(cohort: usecases.CohortEntry, *, page: str) -> usecases.RunEntry:
    """Let the user choose one of the models evaluated on a cohort; the recommended one comes first.

    Raises
    ------
    UnknownNameError
        If there is none, or not the one of the address.
    """
    runs = {run.name: run for run in caching.runs(cohort.name)}
    if not runs:
        raise UnknownNameError(
            f"No model has been trained on {cohort.title} yet.",
            hint=f"Run: python -m survdash crossval {cohort.name} --model default",
        )
    chosen = pick(tr("Model"), list(runs), page=page, parameter="run", title=lambda name: retell(runs[name].title),
                  unknown="model", help=model_help(list(runs.values())))
    return runs[chosen]


def leader(runs: Sequence[usecases.RunEntry]) -> usecases.RunEntry:
    """The model with the highest C-index of those judged on the patients and folds of the first; of equal the first.

    Other folds, or fewer patients, can be easier: a C-index on them says nothing about who orders patients better.
    """
    return max((run for run in runs if run.judged_on == runs[0].judged_on), key=lambda run: run.cindex_mean)


def leads_where(runs: Sequence[usecases.RunEntry]) -> str:
    """Among which models ``leader`` leads: "here", or "on the same patients and folds" where there are others."""
    return tr("here") if len({run.judged_on for run in runs}) == 1 else tr("on the same patients and folds")


def is_papers(run: usecases.RunEntry) -> bool:
    """True for the paper's method, which stands before others whether it leads or not."""
    return run.model == PAPERS_MODEL


def model_help(runs: Sequence[usecases.RunEntry]) -> str:
    """What the order of the models means: the first is recommended as the paper's, which is not to say the best.

    Parameters
    ----------
    runs : sequence of RunEntry
        In the order of the list; at least one.
    """
    first, best = runs[0], leader(runs)
    words = []
    if first.model == DEFAULT_MODEL:
        words.append(tr("The first is the method that we recommend, the paper's network beside Cox models; on this "
                        "cohort it is not necessarily the best."))
    elif is_papers(first):
        words.append(tr("The first is the paper's model, which this program was built around; it is not necessarily "
                        "the best."))
    if best.name != first.name:
        words.append(tr("The highest C-index {where} has {title}: {highest:.2f}, against {first:.2f} of the first.",
                        where=leads_where(runs), title=escape(retell(best.title)), highest=best.cindex_mean,
                        first=first.cindex_mean))  # fmt: skip
    words.append(tr("Page Compare sets them side by side and says which differences are more than chance."))
    return " ".join(words)


def pick_endpoint(cohort: usecases.CohortEntry, *, page: str) -> str:
    """Let the user choose an outcome of a cohort where it holds several; the one that models learn is the first.

    Raises
    ------
    UnknownNameError
        If the address asks for one that the cohort does not hold.
    """
    names = caching.endpoints(cohort.name)
    return pick(tr("Endpoint"), list(names), page=page, parameter="endpoint", unknown=tr("endpoint"),
                title=lambda name: tr(ENDPOINTS[name].title), help=tr(ENDPOINT_HELP))  # fmt: skip


def run_stamp(run: usecases.RunEntry) -> str:
    """The line below every figure of a model."""
    card = run.card
    return stamp({"cohort": card["cohort"], "cohort_digest": card["cohort_digest"], "model": card["name"],
                  "model_version": card["version"], "simulated": card["simulated"]})  # fmt: skip
