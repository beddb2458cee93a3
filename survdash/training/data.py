"""What models see of a cohort: numbers in a fixed order, bags read when they are needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from survdash.bag_file import BagFile
from survdash.case import Survival
from survdash.cohort import Cohort
from survdash.errors import NotEnoughDataError

CACHE_BYTES = 1 << 30  # bags kept in memory while training; larger cohorts are read again from disk


class BagReader:
    """Tiles of case i as an (M, D) table, read from the cohort's bag file; the latest stay in memory up to a limit.

    The file is opened at the first read, in the process that reads.
    """

    def __init__(self, path: Path, slides: Sequence[tuple[str, ...]], *, dim: int) -> None:
        self._path, self._slides, self.dim = path, tuple(slides), dim
        self._file: BagFile | None = None
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()
        self._bytes = 0

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # An open HDF5 file does not travel to another process; its path does.
        return _reopen, (self._path, self._slides, self.dim)

    def read(self, case: int) -> np.ndarray:
        """All tiles of one case, over all its slides; NaN where a slide-level feature is missing."""
        if case in self._kept:
            self._kept.move_to_end(case)
            return self._kept[case]
        if self._file is None:
            self._file = BagFile(self._path)
        tiles = self._file.read(self._slides[case]).features
        self._kept[case] = tiles
        self._bytes += tiles.nbytes
        while self._bytes > CACHE_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return tiles

    def reordered(self, order: np.ndarray) -> BagReader:
        """Case i gets the bag of case ``order[i]``."""
        return BagReader(self._path, [self._slides[i] for i in order], dim=self.dim)


def _reopen(path: Path, slides: tuple[tuple[str, ...], ...], dim: int) -> BagReader:
    return BagReader(path, slides, dim=dim)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseInputs:
    """Raw numbers of N cases: gene rows (N, G) or None, and one (M_i, D) bag a case or None."""

    genes: np.ndarray | None
    bags: Sequence[np.ndarray] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelData:
    """N cases that have every modality asked for.

    Parameters
    ----------
    case_ids : ndarray, shape (N,)
    survival : Survival
    genes : ndarray, shape (N, G), or None
        Raw values in the order of ``columns``; NaN where missing.
    columns : tuple of str
        Each gene column once, though it may stand in several groups.
    groups : tuple of ndarray
        Positions in ``columns`` of each functional group.
    bags : BagReader or None
    folds : ndarray, shape (N,)
        Fold in which each case is held out; -1 for a case in no fold.
    """

    case_ids: np.ndarray
    survival: Survival
    genes: np.ndarray | None
    columns: tuple[str, ...]
    groups: tuple[np.ndarray, ...]
    bags: BagReader | None
    folds: np.ndarray

    @property
    def size(self) -> int:
        """Number of cases N."""
        return len(self.case_ids)

    def inputs(self, cases: np.ndarray) -> CaseInputs:
        """Raw numbers of the cases at ``cases``."""
        return CaseInputs(
            genes=None if self.genes is None else self.genes[cases],
            bags=None if self.bags is None else [self.bags.read(int(case)) for case in cases],
        )


def model_data(cohort: Cohort, modalities: tuple[str, ...]) -> ModelData:
    """Gather the cases of ``cohort`` that have all ``modalities``.

    Raises
    ------
    NotEnoughDataError
        If the cohort lacks a modality, or no case has all.
    """
    lacking = [name for name in modalities if name not in cohort.modalities]
    if lacking:
        raise NotEnoughDataError(f"Cohort {cohort.name} has no {', '.join(lacking)}.", hint="Choose other modalities.")
    ids = cohort.cases_with(modalities)
    if not ids.size:
        raise NotEnoughDataError(f"No case of cohort {cohort.name} has {' and '.join(modalities)}.")
    patients = cohort.patients.loc[ids]
    genes: np.ndarray | None = None
    columns: tuple[str, ...] = ()
    groups: tuple[np.ndarray, ...] = ()
    if "genes" in modalities and cohort.genes is not None:
        columns = tuple(dict.fromkeys(name for members in cohort.gene_groups.values() for name in members))
        place = {name: position for position, name in enumerate(columns)}
        groups = tuple(np.array([place[name] for name in members]) for members in cohort.gene_groups.values())
        genes = cohort.genes.loc[ids, list(columns)].to_numpy(np.float32)
    bags = None
    if "slide" in modalities and cohort.bag_path is not None and cohort.bag_origin is not None:
        slides_by_case = cohort.slides.groupby(cohort.slides).groups
        slides = [tuple(sorted(slides_by_case[case])) for case in ids]
        bags = BagReader(cohort.bag_path, slides, dim=cohort.bag_origin.dim)
    folds = np.full(len(ids), -1)
    if cohort.folds is not None:
        folds = cohort.folds.reindex(ids).fillna(-1).to_numpy(int)
    return ModelData(
        case_ids=ids,
        survival=Survival(time_months=patients["time_months"].to_numpy(), event=patients["event"].to_numpy()),
        genes=genes, columns=columns, groups=groups, bags=bags, folds=folds,
    )


def shuffle_slides(data: ModelData, *, seed: int) -> ModelData:
    """Deal the bags to the wrong patients, within each fold: a model that still gains from them learnt an artefact."""
    rng = np.random.default_rng(seed)
    order = np.arange(data.size)
    for fold in np.unique(data.folds):
        circle = rng.permutation(np.flatnonzero(data.folds == fold))
        order[circle] = np.roll(circle, 1)
    return replace(data, bags=data.bags.reordered(order) if data.bags else None)
