"""A cohort as it is inside: patients, genes, where the bags lie, folds; checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.case import BagOrigin, Survival
from survdash.errors import CohortError, UnknownNameError

PATIENT_COLUMNS = ("time_months", "event", "age", "sex", "stage", "site")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cohort:
    """N patients with follow-up, and at least one modality.

    Parameters
    ----------
    name : str
        Lower-case identifier, also the folder's name.
    title : str
    simulated : bool
        True for patients that never lived; every page then says so.
    endpoint : str
        In words, for instance "overall survival".
    patients : DataFrame
        Index ``case_id``, sorted, unique; columns ``PATIENT_COLUMNS`` first, then others as they came.
    genes : DataFrame or None
        Index within ``patients.index``; columns ``SYMBOL_kind`` (kind in rna, cnv, mut); float32, NaN where missing.
    gene_groups : mapping
        Title of a functional group to its columns of ``genes``; empty without genes.
    bag_path : Path or None
        A bag file (``survdash.bag_file``) with all slides of the cohort.
    slides : Series
        Index ``slide_id``, value ``case_id``; empty without bags.
    bag_origin : BagOrigin or None
    folds : Series or None
        Index ``case_id``, value the fold 0..k-1 in which the patient is held out; cases without fold are absent.
    source : mapping
        Where each table came from: file name, SHA-256, date; plain JSON.
    digest : str
        Changes when anything above changes.

    Raises
    ------
    CohortError
        If the tables contradict each other.
    """

    name: str
    title: str
    simulated: bool
    endpoint: str
    patients: pd.DataFrame
    genes: pd.DataFrame | None
    gene_groups: Mapping[str, tuple[str, ...]]
    bag_path: Path | None
    slides: pd.Series
    bag_origin: BagOrigin | None
    folds: pd.Series | None
    source: Mapping[str, object] = field(default_factory=dict)
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.patients.index.is_unique or not self.patients.index.is_monotonic_increasing:
            raise CohortError(f"Cohort {self.name}: case ids must be unique and sorted.")
        missing = [column for column in PATIENT_COLUMNS if column not in self.patients]
        if missing:
            raise CohortError(f"Cohort {self.name}: the patient table lacks {', '.join(missing)}.")
        if self.genes is None and self.bag_path is None:
            raise CohortError(f"Cohort {self.name} has neither genes nor slides.")
        known = set(self.patients.index)
        with_genes: list[str] = [] if self.genes is None else list(self.genes.index)
        for table, ids in (("genes", with_genes), ("slides", list(self.slides))):
            strangers = sorted(set(ids) - known)
            if strangers:
                raise CohortError(f"Cohort {self.name}: {table} of unknown cases, for instance {strangers[0]}.")

    @property
    def modalities(self) -> tuple[str, ...]:
        """Of "genes" and "slide", what the cohort has."""
        present = (("genes", self.genes is not None), ("slide", self.bag_path is not None))
        return tuple(name for name, here in present if here)

    @property
    def has_clinical(self) -> bool:
        """Whether age, sex or stage of anybody is known."""
        return bool(self.patients[["age", "sex", "stage"]].notna().to_numpy().any())

    @property
    def survival(self) -> Survival:
        """Follow-up of all patients, in the order of ``patients``."""
        return Survival(time_months=self.patients["time_months"].to_numpy(), event=self.patients["event"].to_numpy())

    def slides_of(self, case_id: str) -> tuple[str, ...]:
        """Slide ids of one case, sorted.

        Raises
        ------
        UnknownNameError
            If the cohort has no such case.
        """
        if case_id not in self.patients.index:
            raise UnknownNameError(f"Cohort {self.name} has no case {case_id!r}.", hint="Pick one from the table.")
        return tuple(sorted(self.slides.index[self.slides == case_id]))

    def cases_with(self, modalities: tuple[str, ...], *, any_of: bool = False) -> np.ndarray:
        """Case ids, sorted, that have every one of ``modalities``, or with ``any_of`` at least one.

        Every case has "clinical": what is not known of it, a model is told so.
        """
        having: dict[str, set[str]] = {
            "genes": set() if self.genes is None else set(self.genes.index), "slide": set(self.slides.to_numpy()),
        }
        asked = [having[name] for name in modalities if name in having]
        keep = set(self.patients.index)
        for ids in asked:
            keep &= ids | set().union(*asked) if any_of else ids
        return np.array(sorted(keep), dtype=object)
