"""What the paper reports of each method, to stand beside our own numbers and never among them.

What the paper read of slides and genes is not what is read here, so its numbers are no bar that ours are tested
against: they enter no ranking, no "best" and no test.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from survdash.cohort import Cohort
from survdash.nets.registry import get
from survdash.training.recipe import Recipe
from survdash.usecases.summary import CohortSummary

TABLE = Path(__file__).with_name("published.csv")
# OncoTree codes of the patients of a TCGA project: endometrial cancer is coded by its histology where that is known.
CODES: Mapping[str, frozenset[str]] = MappingProxyType({
    "BLCA": frozenset({"BLCA"}), "LUAD": frozenset({"LUAD"}), "UCEC": frozenset({"UCEC", "UEC", "USC"}),
})


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One number of the paper.

    Parameters
    ----------
    model : str
        The method's name in the registry.
    without : str
        The part that an ablation leaves out, "" for the whole method.
    modalities : tuple of str
        What the method read.
    cancer : str
        "BLCA", "LUAD" or "UCEC".
    cindex : float
        Mean over the paper's five folds.
    note, source : str
    """

    model: str
    without: str
    modalities: tuple[str, ...]
    cancer: str
    cindex: float
    note: str
    source: str

    @property
    def title(self) -> str:
        """The method, and what it does without."""
        return get(self.model).title + (f", without {self.without.replace('_', ' ')}" if self.without else "")

    def is_of(self, recipe: Recipe) -> bool:
        """True where a recipe is the same method, reading the same modalities, without the same part."""
        same_parts = recipe.left_out() == ((self.without,) if self.without else ())
        return (recipe.model, recipe.modalities) == (self.model, self.modalities) and same_parts


def published_cancer(cohort: Cohort) -> str | None:
    """The cancer of the paper that a cohort's patients have, None where it is none of them or is not known.

    It is read from the patients' OncoTree codes: most must have one, and all that have one the same cancer's. The
    cohort's name says nothing, because everybody may choose it.
    """
    if cohort.simulated or "oncotree_code" not in cohort.patients:
        return None
    codes = cohort.patients["oncotree_code"]
    if 2 * int(codes.notna().sum()) <= len(codes):
        return None
    known = {str(code).strip().upper() for code in codes.dropna()}
    return next((cancer for cancer, allowed in CODES.items() if known <= allowed), None)


def published_for(cohort: Cohort | CohortSummary) -> tuple[Published, ...]:
    """What the paper reports for the cancer of a cohort; empty where it reports nothing."""
    cancer = cohort.cancer if isinstance(cohort, CohortSummary) else published_cancer(cohort)
    return tuple(one for one in published_numbers() if one.cancer == cancer)


def published_beside(recipe: Recipe, numbers: Sequence[Published]) -> Published | None:
    """The number of the paper that stands beside a run."""
    return next((one for one in numbers if one.is_of(recipe)), None)


@lru_cache(maxsize=1)
def published_numbers() -> tuple[Published, ...]:
    """Every number of the data file."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Published(
                model=row["model"], without=row["without"], modalities=tuple(row["reads"].split()), cancer=cancer,
                cindex=float(row[cancer]), note=row["note"], source=row["source"],
            )
            for row in csv.DictReader(file)
            for cancer in CODES
        )
