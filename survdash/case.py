"""One patient, and the follow-up of many: checked once at the door, read-only after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from survdash.errors import BagError, ClinicalError, InputError

if TYPE_CHECKING:  # statistics need this module and no table: pandas is half a second of a cold start
    import pandas as pd

SEXES = ("female", "male")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survival:
    """Right-censored follow-up of N patients.

    Parameters
    ----------
    time_months : ndarray, shape (N,)
        Follow-up in months, above zero.
    event : ndarray, shape (N,)
        True for a death that was observed, False for a censored patient.

    Raises
    ------
    ClinicalError
        If a time is missing or not above zero, or an event is neither 0 nor 1.
    """

    time_months: np.ndarray
    event: np.ndarray

    def __post_init__(self) -> None:
        time, event = np.array(self.time_months, float), np.asarray(self.event)
        if time.ndim != 1 or time.shape != event.shape:
            raise ClinicalError(f"Times {time.shape} and events {event.shape} must be two columns of one length.")
        bad = np.flatnonzero(~(np.isfinite(time) & (time > 0)))
        if bad.size:
            raise ClinicalError(
                f"{bad.size} follow-up times are missing or not above zero; the first is in row {bad[0] + 1}.",
                hint="Drop these patients, or check that the column is in months.",
            )
        if not np.isin(event, (0, 1)).all():
            raise ClinicalError(
                f"Events must be 0 or 1; found {sorted(set(event.tolist()), key=str)[:5]}.",
                hint="Is this a 'censorship' column? There 1 means that no death was seen; say so in the import.",
            )
        for name, array in (("time_months", time), ("event", event.astype(bool))):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def size(self) -> int:
        """Number of patients N."""
        return int(self.time_months.size)

    def take(self, index: np.ndarray) -> Survival:
        """The follow-up of the patients at ``index`` (integers or a mask of length N)."""
        return Survival(time_months=self.time_months[index], event=self.event[index])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BagOrigin:
    """What made the features of a bag; two bags mix only when all of it agrees.

    ``encoder`` names the registry entry (or a foreign program's), ``weights`` is the SHA-256 of its weights file,
    empty where a foreign bag does not tell; ``stain`` is how the tiles' colours were normalised before it.
    """

    encoder: str
    weights: str
    dim: int
    stain: str = "none"

    def to_json(self) -> dict[str, str | int]:
        """Plain JSON values; the stain only where colours were normalised, so that digests of older cohorts hold."""
        values: dict[str, str | int] = {"encoder": self.encoder, "weights": self.weights, "dim": self.dim}
        return values if self.stain == "none" else values | {"stain": self.stain}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bag:
    """All tiles of one patient, over all slides.

    Parameters
    ----------
    features : ndarray, shape (M, D)
        float16 or float32 tile features.
    coords : ndarray, shape (M, 2)
        int32, x and y of each tile's top-left corner in level-0 pixels of its slide; zeros for slide-level vectors.
    slide_index : ndarray, shape (M,)
        int32, which of ``slide_ids`` a tile belongs to.
    slide_ids : tuple of str
    origin : BagOrigin

    Raises
    ------
    BagError
        If shapes disagree or the bag has no tile.
    """

    features: np.ndarray
    coords: np.ndarray
    slide_index: np.ndarray
    slide_ids: tuple[str, ...]
    origin: BagOrigin

    def __post_init__(self) -> None:
        tiles = len(self.features)
        if self.features.ndim != 2 or tiles == 0:
            raise BagError(f"A bag needs at least one tile and a (tiles, features) table; found {self.features.shape}.")
        if self.features.shape[1] != self.origin.dim:
            raise BagError(f"The bag is {self.features.shape[1]} wide but says {self.origin.dim}.")
        if self.coords.shape != (tiles, 2) or self.slide_index.shape != (tiles,):
            raise BagError(f"{tiles} tiles need as many coordinates and slide numbers; found {self.coords.shape}.")
        for array in (self.features, self.coords, self.slide_index):
            array.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clinical:
    """Facts a clinician already has; None where unknown."""

    age_years: float | None = None
    sex: str | None = None
    stage: str | None = None

    def __post_init__(self) -> None:
        if self.age_years is not None and not 0 <= self.age_years <= 120:
            raise ClinicalError(f"An age of {self.age_years:g} years is not possible.", hint="Give the age in years.")
        if self.sex is not None and self.sex not in SEXES:
            raise ClinicalError(f"Sex {self.sex!r} is not known.", hint="Use female or male, or leave it out.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One patient as a model sees him or her: a bag, a gene row, or both; never neither.

    Parameters
    ----------
    case_id : str
    bag : Bag or None
    genes : Series or None
        Values by column name ``SYMBOL_kind`` (kind in rna, cnv, mut), float; NaN where the table had none.
    clinical : Clinical
    slide_paths : tuple of Path
        Where the slides lie, for thumbnails; empty when only features are kept.
    """

    case_id: str
    bag: Bag | None = None
    genes: pd.Series | None = None
    clinical: Clinical = Clinical()
    slide_paths: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if self.bag is None and self.genes is None:
            raise InputError(f"Case {self.case_id} has neither a slide nor a gene table.", hint="Give at least one.")
