"""Whether patients of TCGA who were brought from another source may be shown to the models that came with survdash.

These are the very patients that such models were trained on, or others of the same project. What each is to be
predicted by is decided here, before anything is computed: a patient of the training by the fold that held him or her
out, anybody else by all folds together, and nobody whose values do not pass the check of a new case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from survdash.artefact import Artefact, read_artefact
from survdash.case import Survival
from survdash.genes import EXPRESSION, GenePanel, kinds_of
from survdash.settings import SHIPPED_MODELS
from survdash.sources.barcode import CASE, case_hash
from survdash.sources.cohort_genes import LEAST_TOGETHER, CohortCheck, check_cohort
from survdash.sources.table_file import list_faults, name_some
from survdash.training.evaluation import informative
from survdash.usecases.summary import CohortSummary, held_out_folds, shipped_summary

ALL_FOLDS = -1  # in place of a fold: of a patient whom no fold saw
STUDY = re.compile(r"([a-z]+)_tcga(?:_|$)")
ANOTHER_SOURCE = (
    "Their values come from another source than the tables of the training. What the models' cards state is of those "
    "tables; what is shown here is computed from the values that came."
)


class Brought(Protocol):
    """A cohort, stored or only read."""

    @property
    def name(self) -> str:
        """What it is called here."""

    @property
    def patients(self) -> pd.DataFrame:
        """Facts and outcome, index ``case_id``."""

    @property
    def genes(self) -> pd.DataFrame | None:
        """One row a case."""

    @property
    def source(self) -> Mapping[str, Any]:
        """Where it came from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transfer:
    """Who of a cohort may be shown to the shipped models of its cancer.

    Parameters
    ----------
    told : CohortSummary
        The cohort that the models were trained on.
    models : tuple of Artefact
        Those with weights.
    folds : Series
        Index the cases that are predicted, value the fold that held each out, or ``ALL_FOLDS``.
    missing : tuple of str
        Genes of the models that the cohort does not have; ``genes`` is how many they look at.
    unfit : mapping
        Cases that are not predicted, and why.
    faults : tuple of str
        Why nobody is predicted; empty where all others are.
    """

    told: CohortSummary
    models: tuple[Artefact, ...]
    folds: pd.Series
    missing: tuple[str, ...]
    genes: int
    unfit: Mapping[str, str]
    faults: tuple[str, ...]

    @property
    def held_out(self) -> int:
        """How many were patients of the training."""
        return int((self.folds != ALL_FOLDS).sum())

    @property
    def new(self) -> int:
        """How many were not."""
        return len(self.folds) - self.held_out


def tcga_name(source: Mapping[str, Any]) -> str | None:
    """The TCGA project that a cohort was brought from by cBioPortal or the GDC, in small letters; None of others.

    Examples
    --------
    >>> tcga_name({"table": {"study": "blca_tcga_pan_can_atlas_2018"}})
    'blca'
    >>> tcga_name({"table": {"projects": ["TCGA-UCEC"]}})
    'ucec'
    """
    table = source.get("table")
    if not isinstance(table, Mapping):
        return None
    projects = table.get("projects")
    if isinstance(projects, (list, tuple)) and len(projects) == 1:
        return str(projects[0]).removeprefix("TCGA-").lower()
    found = STUDY.match(str(table.get("study", "")))
    return found[1] if found else None


def plan_transfer(cohort: Brought) -> Transfer | None:
    """What the shipped models may be shown of a cohort; None where no model is of its cancer.

    Raises
    ------
    ArtefactError, CohortError
        If what came with survdash is damaged.
    """
    name = tcga_name(cohort.source)
    told = None if name is None else shipped_summary(name)
    if told is None or name == cohort.name:  # under their own name only their own tables open, as they are
        return None
    models = tuple(one for one in shipped_models(told) if one.has_weights)
    panels = {_key(one.card.panel): one.card.panel for one in models if one.card.panel is not None}
    checks = [] if cohort.genes is None else [check_cohort(cohort.genes, panel) for panel in panels.values()]
    unfit: dict[str, str] = {case: why for check in checks for case, why in check.unfit.items()}
    fit = set.intersection(*(set(check.fits) for check in checks)) if checks else set[str]()
    fits = [case for case in map(str, cohort.patients.index) if case in fit]
    known = held_out_folds(told)
    folds = pd.Series([known.get(case_hash(case), ALL_FOLDS) for case in fits], index=fits, dtype=int)
    return Transfer(
        told=told, models=models, folds=folds,
        missing=tuple(dict.fromkeys(gene for check in checks for gene in check.missing)),
        genes=len({gene for panel in panels.values() for gene in panel.columns}),
        unfit=unfit, faults=tuple(_faults(cohort, checks, known, folds)),
    )  # fmt: skip


def shipped_models(told: CohortSummary) -> list[Artefact]:
    """All models of a cohort that came with survdash, of the state that its summary tells of."""
    found = [read_artefact(path.parent) for path in sorted(SHIPPED_MODELS.glob(f"{told.name}-*/card.json"))]
    return [one for one in found if (one.card.cohort, one.card.cohort_digest) == (told.name, told.digest)]


def learnt_expression(name: str) -> bool:
    """Whether shipped models of a cohort look at expression; False where there are none."""
    told = shipped_summary(name)
    models = [] if told is None else shipped_models(told)
    return any(EXPRESSION in kinds_of(one.card.panel.columns) for one in models if one.card.panel is not None)


def say_transfer(plan: Transfer, *, name: str) -> list[str]:
    """What becomes of the patients, in words: how many are predicted by what, what is missing, or why none is."""
    title, count = plan.told.title, len(plan.folds)
    if plan.faults:
        return [
            f"The models of {title} which come with survdash do not open these patients: {list_faults(plan.faults)}. "
            f"Train here: python -m survdash crossval {name} --model default"
        ]
    words = [
        f"{count:,} patients open with the models of {title} which come with survdash: {plan.held_out:,} were of their "
        "training, each predicted by the weights of the fold that held him or her out and by no other; "
        f"{plan.new:,} are new to them, predicted by all folds together.",
        ANOTHER_SOURCE,
    ]
    if plan.missing:
        words.append(f"{len(plan.missing):,} of {plan.genes:,} genes of these models did not come; the median of the "
                     f"training patients stands in for them: {name_some(plan.missing)}.")  # fmt: skip
    if count < LEAST_TOGETHER:
        words.append(f"The scale of the values was judged patient by patient: {count} are too few for more.")
    if plan.unfit:
        words.append(f"{len(plan.unfit):,} patients do not pass the check of a new case and are not predicted, the "
                     f"first because {next(iter(plan.unfit.values()))}.")  # fmt: skip
    return words


def _key(panel: GenePanel | None) -> tuple[object, ...]:
    return () if panel is None else (panel.columns, panel.low, panel.high)


def _faults(cohort: Brought, checks: list[CohortCheck], known: Mapping[str, int], folds: pd.Series) -> list[str]:
    """Why nobody is predicted."""
    if cohort.genes is None:
        return ["no genes came"]
    if not known:
        return ["which fold held which patient out is not known of these models"]
    strangers = [case for case in map(str, cohort.patients.index) if not CASE.fullmatch(case)]
    if strangers:
        return [f"{len(strangers):,} patients have no TCGA barcode ({name_some(strangers)}), so that nobody can tell "
                "whether the models saw them"]  # fmt: skip
    faults = list(dict.fromkeys(fault for check in checks for fault in check.faults))
    if faults:
        return faults
    patients = cohort.patients.loc[folds.index]
    survival = Survival(time_months=patients["time_months"].to_numpy(), event=patients["event"].to_numpy())
    if not informative(np.asarray(folds), survival).any():
        return [f"of {len(folds):,} patients no two of one fold can be compared, so that no c-index can be told"]
    return []
