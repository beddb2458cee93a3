"""Which cohort and which model a page is about."""

from __future__ import annotations

from survdash import usecases
from survdash.errors import UnknownNameError
from survdash.ui import caching
from survdash.ui.picker import pick


def pick_cohort(*, page: str, drops: tuple[str, ...] = ("run",)) -> usecases.CohortEntry:
    """Let the user choose one of the cohorts of this machine.

    Raises
    ------
    UnknownNameError
        If there is none, or not the one of the address.
    """
    entries = {entry.name: entry for entry in caching.cohorts()}
    if not entries:
        raise UnknownNameError("No cohort is on this machine yet.", hint="Page 'Models & data' says how to import one.")

    def title(name: str) -> str:
        entry = entries[name]
        unsaid = entry.simulated and "simulated" not in entry.title.lower()
        return f"{entry.title} (simulated)" if unsaid else entry.title

    chosen = pick("Cohort", list(entries), page=page, parameter="cohort", title=title, drops=drops)
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
    chosen = pick("Model", list(runs), page=page, parameter="run", title=lambda name: runs[name].title, unknown="model",
                  help="Each was trained and judged on the same folds; page Compare sets them side by side.")
    return runs[chosen]
