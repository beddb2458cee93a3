"""What models see of a cohort: numbers in a fixed order, bags read when they are needed."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from survdash.bag_file import BagFile
from survdash.case import Survival
from survdash.cohort import Cohort
from survdash.errors import NotEnoughDataError
from survdash.genes import GenePanel
from survdash.store import digest, file_sha256
from survdash.training.clinical import clinical_rows

CACHE_BYTES = 1 << 30  # bags kept in memory while training; larger cohorts are read again from disk


class BagReader:
    """Tiles of case i as an (M, D) table, read from the cohort's bag file; the latest stay in memory up to a limit.

    The file is opened at the first read, in the process that reads. ``source`` is the digest of the cohort that the
    file belongs to; empty where there is none, and the file itself is then hashed when a digest is asked for.
    """

    def __init__(self, path: Path, slides: Sequence[tuple[str, ...]], *, dim: int, source: str = "") -> None:
        self._path, self._slides, self.dim, self._source = path, tuple(slides), dim, source
        self._file: BagFile | None = None
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()
        self._bytes = 0

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # An open HDF5 file does not travel to another process; its path does.
        return _reopen, (self._path, self._slides, self.dim, self._source)

    def read(self, case: int) -> np.ndarray:
        """All tiles of one case, over all its slides, none without a slide; NaN where a slide's feature is missing."""
        if case in self._kept:
            self._kept.move_to_end(case)
            return self._kept[case]
        if not self._slides[case]:
            return np.zeros((0, self.dim), np.float32)
        if self._file is None:
            self._file = BagFile(self._path)
        tiles = self._file.read(self._slides[case]).features
        self._kept[case] = tiles
        self._bytes += tiles.nbytes
        while self._bytes > CACHE_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return tiles

    def tiles(self, case: int) -> int:
        """How many tiles ``read`` would give, without reading them."""
        held = self._kept.get(case)  # in one look: another thread may be reading
        if held is not None:
            return len(held)
        if self._file is None:
            self._file = BagFile(self._path)
        return sum(self._file.tile_count(slide) for slide in self._slides[case])

    def digest(self) -> str:
        """Changes when the file, or which slides are whose, changes."""
        source = self._source or file_sha256(self._path)
        return digest({"source": source, "slides": [list(names) for names in self._slides]})

    def reordered(self, order: np.ndarray) -> BagReader:
        """Case i gets the bag of case ``order[i]``."""
        return BagReader(self._path, [self._slides[i] for i in order], dim=self.dim, source=self._source)


def _reopen(path: Path, slides: tuple[tuple[str, ...], ...], dim: int, source: str) -> BagReader:
    return BagReader(path, slides, dim=dim, source=source)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseInputs:
    """Raw numbers of N cases, each None where the model does not look at it.

    Gene rows (N, G), all NaN for a case without genes; one (M_i, D) bag a case, M_i = 0 without a slide; clinical facts
    (N, 3) as ``training.clinical.clinical_rows`` makes them.
    """

    genes: np.ndarray | None
    bags: Sequence[np.ndarray] | None
    clinical: np.ndarray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TileDraw:
    """Look at ``most`` random tiles of a larger bag; which, depends on ``seed`` and the case alone."""

    most: int
    seed: tuple[int, ...]

    def take(self, bag: np.ndarray, case: int) -> np.ndarray:
        """The drawn rows of the bag of one case, in their order."""
        if len(bag) <= self.most:
            return bag
        chosen = np.random.default_rng((*self.seed, case)).choice(len(bag), self.most, replace=False)
        return bag[np.sort(chosen)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelData:
    """N cases with the modalities asked for.

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
    clinical : ndarray, shape (N, 3), or None
        Raw age, sex and stage (``training.clinical``), NaN where not known.
    """

    case_ids: np.ndarray
    survival: Survival
    genes: np.ndarray | None
    columns: tuple[str, ...]
    groups: tuple[np.ndarray, ...]
    bags: BagReader | None
    folds: np.ndarray
    clinical: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Number of cases N."""
        return len(self.case_ids)

    def tile_counts(self, cases: np.ndarray, *, draw: TileDraw | None = None) -> list[int]:
        """Tiles of each of the cases at ``cases`` as ``inputs`` would give them; empty without slides."""
        if self.bags is None:
            return []
        counts = [self.bags.tiles(int(case)) for case in cases]
        return counts if draw is None else [min(count, draw.most) for count in counts]

    def inputs(self, cases: np.ndarray, *, draw: TileDraw | None = None) -> CaseInputs:
        """Raw numbers of the cases at ``cases``; all tiles of each, or those drawn."""
        bags = None if self.bags is None else [self.bags.read(int(case)) for case in cases]
        if bags is not None and draw is not None:
            bags = [draw.take(bag, int(case)) for bag, case in zip(bags, cases, strict=True)]
        return CaseInputs(
            genes=None if self.genes is None else self.genes[cases], bags=bags,
            clinical=None if self.clinical is None else self.clinical[cases],
        )

    def digest(self) -> str:
        """Changes when any number, the order of cases or the folds change."""
        arrays = {
            "time": self.survival.time_months, "event": self.survival.event, "genes": self.genes, "folds": self.folds,
            "clinical": self.clinical, **{f"group {number}": group for number, group in enumerate(self.groups)},
        }
        hashes = {
            name: None if array is None else hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
            for name, array in arrays.items()
        }
        bags = None if self.bags is None else self.bags.digest()
        cases, columns = [str(case) for case in self.case_ids], list(self.columns)
        return digest({"cases": cases, "columns": columns, "arrays": hashes, "bags": bags})


def model_data(
    cohort: Cohort, modalities: tuple[str, ...], *, missing: bool = False, panel: GenePanel | None = None
) -> ModelData:
    """Gather the cases of ``cohort`` that have all ``modalities``.

    Parameters
    ----------
    missing : bool
        Take the cases too that lack genes or a slide but not both, for a network that has learnt what stands in.
    panel : GenePanel, optional
        Of a finished model that is to see them: its columns and groups in its order, NaN where the cohort lacks a gene.
        By default those of the cohort.

    Raises
    ------
    NotEnoughDataError
        If the cohort lacks a modality, or no case has all.
    """
    here = (*cohort.modalities, *(("clinical",) if cohort.has_clinical else ()))
    lacking = [name for name in modalities if name not in here]
    if lacking:
        raise NotEnoughDataError(f"Cohort {cohort.name} has no {', '.join(lacking)}.", hint="Choose other modalities.")
    ids = cohort.cases_with(modalities, any_of=missing)
    if not ids.size:
        raise NotEnoughDataError(f"No case of cohort {cohort.name} has {' and '.join(modalities)}.")
    patients = cohort.patients.loc[ids]
    genes: np.ndarray | None = None
    columns: tuple[str, ...] = ()
    groups: tuple[np.ndarray, ...] = ()
    if "genes" in modalities and cohort.genes is not None:
        dealt = cohort.gene_groups if panel is None else panel.groups
        columns = tuple(dict.fromkeys(name for members in dealt.values() for name in members))
        place = {name: position for position, name in enumerate(columns)}
        groups = tuple(np.array([place[name] for name in members]) for members in dealt.values())
        genes = cohort.genes.reindex(index=ids, columns=list(columns)).to_numpy(np.float32)
    folds = np.full(len(ids), -1)
    if cohort.folds is not None:
        folds = cohort.folds.reindex(ids).fillna(-1).to_numpy(int)
    clinical = None
    if "clinical" in modalities:
        clinical = clinical_rows(patients["age"].tolist(), patients["sex"].tolist(), patients["stage"].tolist())
    return ModelData(
        case_ids=ids,
        survival=Survival(time_months=patients["time_months"].to_numpy(), event=patients["event"].to_numpy()),
        genes=genes, columns=columns, groups=groups, bags=_bags(cohort, ids) if "slide" in modalities else None,
        folds=folds, clinical=clinical,
    )


def _bags(cohort: Cohort, ids: np.ndarray) -> BagReader | None:
    if cohort.bag_path is None or cohort.bag_origin is None:
        return None
    slides_by_case = cohort.slides.groupby(cohort.slides).groups
    slides = [tuple(sorted(slides_by_case.get(case, ()))) for case in ids]
    return BagReader(cohort.bag_path, slides, dim=cohort.bag_origin.dim, source=cohort.digest)


def shuffle_slides(data: ModelData, *, seed: int) -> ModelData:
    """Deal the bags to the wrong patients, within each fold: a model that still gains from them learnt an artefact."""
    rng = np.random.default_rng(seed)
    order = np.arange(data.size)
    for fold in np.unique(data.folds):
        circle = rng.permutation(np.flatnonzero(data.folds == fold))
        order[circle] = np.roll(circle, 1)
    return replace(data, bags=data.bags.reordered(order) if data.bags else None)


def shuffle_outcomes(data: ModelData, *, seed: int) -> ModelData:
    """Deal the outcomes to the wrong patients, within each fold: nothing is left to be learnt."""
    rng = np.random.default_rng(seed)
    order = np.arange(data.size)
    for fold in np.unique(data.folds):
        members = np.flatnonzero(data.folds == fold)
        order[members] = rng.permutation(members)
    return replace(data, survival=data.survival.take(order))


def take_cases(data: ModelData, rows: np.ndarray) -> ModelData:
    """The cases at ``rows`` alone."""
    return replace(
        data, case_ids=data.case_ids[rows], survival=data.survival.take(rows), folds=data.folds[rows],
        genes=None if data.genes is None else data.genes[rows],
        bags=None if data.bags is None else data.bags.reordered(rows),
        clinical=None if data.clinical is None else data.clinical[rows],
    )


def thin_training(data: ModelData, *, fold: int, share: float, seed: int) -> ModelData:
    """All patients of ``fold`` and a random ``share`` of the others, as many of the dead as of the living."""
    rng = np.random.default_rng((seed, fold))
    others = np.flatnonzero((data.folds != fold) & (data.folds >= 0))
    kept = [np.flatnonzero(data.folds == fold)]
    for died in (False, True):
        group = others[data.survival.event[others] == died]
        kept.append(rng.choice(group, round(share * group.size), replace=False))
    return take_cases(data, np.sort(np.concatenate(kept)))
