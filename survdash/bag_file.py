"""Bags on disk: one HDF5 file for one slide or for a whole cohort.

Layout (schema 1): root attributes ``schema``, ``encoder``, ``weights``, ``dim``, ``software``, and ``stain`` where
colours were normalised; one group
``slides/<slide_id>`` per slide with ``features`` (M, D) float16 and ``coords`` (M, 2) int32 at level 0, and what made
them as attributes (slide hash, mpp, tile size, tissue rule). All slides of a file come from one encoder. Tables with
one vector a slide are kept as float32 with NaN where a value is missing (root attribute ``allow_missing``): their areas
and counts exceed float16, and what stands in for a gap is learnt from the training fold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from survdash import __version__
from survdash.case import Bag, BagOrigin
from survdash.errors import BagError, UnknownNameError
from survdash.store import new_file

SCHEMA = 1
CHUNK_TILES = 64
Block = tuple[np.ndarray, np.ndarray]


class BagWriter:
    """Adds slides to an open bag file; made by ``new_bag_file``."""

    def __init__(self, file: h5py.File, origin: BagOrigin, *, allow_missing: bool = False) -> None:
        self._file, self._origin, self._allow_missing = file, origin, allow_missing

    def add_slide(self, slide_id: str, blocks: Iterable[Block], attributes: Mapping[str, str | float]) -> int:
        """Append one slide block by block; memory holds one block.

        Parameters
        ----------
        slide_id : str
            Unique in the file; no ``/``.
        blocks : iterable of (features (m, D), coords (m, 2))
        attributes : mapping
            What made the tiles; kept as HDF5 attributes.

        Returns
        -------
        int
            Tiles written.

        Raises
        ------
        BagError
            If the slide is there already, has no tile, or a block has another width or a value that is not finite
            (NaN is allowed where the file was made with ``allow_missing``).
        """
        if "/" in slide_id or slide_id in (".", "..") or f"slides/{slide_id}" in self._file:
            raise BagError(f"Slide {slide_id!r} cannot be added: the name is taken or not allowed.")
        group = self._file.create_group(f"slides/{slide_id}")
        dim = self._origin.dim
        kind, rows = (np.dtype("f4"), 1) if self._allow_missing else (np.dtype("f2"), CHUNK_TILES)
        shape = {"shape": (0, dim), "maxshape": (None, dim), "chunks": (rows, dim)}
        features = group.create_dataset("features", dtype=kind, compression="gzip", shuffle=True, **shape)
        shape = {"shape": (0, 2), "maxshape": (None, 2), "chunks": (rows, 2)}
        coords = group.create_dataset("coords", dtype="i4", compression="gzip", **shape)
        for block, corners in blocks:
            if block.ndim != 2 or block.shape[1] != dim or corners.shape != (len(block), 2):
                raise BagError(f"Slide {slide_id}: a block of shape {block.shape} does not fit width {dim}.")
            with np.errstate(over="ignore"):
                kept = block.astype(kind)
            if np.isinf(kept).any() or (np.isnan(kept).any() and not self._allow_missing):
                raise BagError(f"Slide {slide_id}: a feature is missing or too large for {kind.name}.")
            start = features.shape[0]
            features.resize(start + len(block), axis=0)
            coords.resize(start + len(block), axis=0)
            features[start:], coords[start:] = kept, corners
        if features.shape[0] == 0:
            raise BagError(f"Slide {slide_id} has no tile.")
        group.attrs.update(attributes)
        return int(features.shape[0])


@contextmanager
def new_bag_file(path: Path, origin: BagOrigin, *, allow_missing: bool = False) -> Iterator[BagWriter]:
    """Write a bag file, whole or not at all.

    Parameters
    ----------
    path : Path
    origin : BagOrigin
    allow_missing : bool
        For slide-level tables: float32, NaN where a value is missing. Tile features are float16 and complete.

    Raises
    ------
    BagError
        From ``BagWriter.add_slide``; the file is then not there.
    """
    with new_file(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update(
            origin.to_json(), schema=SCHEMA, software=__version__, allow_missing=allow_missing,
        )
        file.create_group("slides")
        yield BagWriter(file, origin, allow_missing=allow_missing)


class BagFile:
    """A bag file open for reading; a context manager.

    Raises
    ------
    BagError
        If the file is not a bag file of survdash, or of a newer schema.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = h5py.File(path, "r")
            schema = int(self._file.attrs["schema"])
            self.origin = BagOrigin(
                encoder=str(self._file.attrs["encoder"]),
                weights=str(self._file.attrs["weights"]),
                dim=int(self._file.attrs["dim"]),
                stain=str(self._file.attrs.get("stain", "none")),
            )
            if not _is_own(self._file, "slides"):
                raise KeyError("slides")
            self._slides = self._file["slides"]
        except (OSError, KeyError, ValueError) as error:
            raise BagError(f"{path.name} is not a bag file of survdash.", hint="Make it with 'embed'.") from error
        if schema > SCHEMA:
            raise BagError(f"{path.name} has bag schema {schema}; this survdash reads up to {SCHEMA}.", hint="Update.")

    def __enter__(self) -> BagFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def slide_ids(self) -> tuple[str, ...]:
        """Slides of the file, in its order."""
        return tuple(self._slides)

    def tile_count(self, slide_id: str) -> int:
        """Tiles of one slide."""
        return int(self._group(slide_id)["features"].shape[0])

    def attributes(self, slide_id: str) -> dict[str, str | float]:
        """What made the tiles of a slide, as plain values."""
        found = self._group(slide_id).attrs.items()
        return {key: value.item() if hasattr(value, "item") else value for key, value in found}

    def read(self, slide_ids: Sequence[str]) -> Bag:
        """One bag of all tiles of ``slide_ids``, in that order.

        Raises
        ------
        UnknownNameError
            If a slide is not in the file.
        """
        groups = [self._group(slide_id) for slide_id in slide_ids]
        counts = [len(group["features"]) for group in groups]
        return Bag(
            features=np.concatenate([group["features"][:] for group in groups]),
            coords=np.concatenate([group["coords"][:] for group in groups]),
            slide_index=np.repeat(np.arange(len(groups), dtype=np.int32), counts),
            slide_ids=tuple(slide_ids),
            origin=self.origin,
        )

    def _group(self, slide_id: str) -> h5py.Group:
        if slide_id not in self._slides:
            raise UnknownNameError(f"{self.path.name} holds no slide {slide_id!r}.")
        group = self._slides[slide_id]
        if not (_is_own(self._slides, slide_id) and _is_own(group, "features") and _is_own(group, "coords")):
            raise BagError(f"{self.path.name}: slide {slide_id} points to data outside of the file; it is not read.")
        features, coords = group["features"], group["coords"]
        if features.ndim != 2 or features.shape[1] != self.origin.dim or coords.shape != (len(features), 2):
            raise BagError(f"{self.path.name}: slide {slide_id} has tables of shapes {features.shape}, {coords.shape}.")
        return group


def _is_own(group: h5py.Group, name: str) -> bool:
    """Whether an entry is there and lies in the file itself: no link, no virtual or external data."""
    if not isinstance(group, h5py.Group) or not isinstance(group.get(name, getlink=True), h5py.HardLink):
        return False
    entry = group[name]
    return isinstance(entry, h5py.Group) or not (entry.is_virtual or entry.external)
