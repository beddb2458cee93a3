"""Bags on disk: one HDF5 file for one slide or for a whole cohort.

Layout (schema 1): root attributes ``schema``, ``encoder``, ``weights``, ``dim``, ``software``, and ``stain`` where
colours were normalised; one group
``slides/<slide_id>`` per slide with ``features`` (M, D) float16 and ``coords`` (M, 2) int32 at level 0, and what made
them as attributes (slide hash, mpp, tile size, tissue rule). All slides of a file come from one encoder. Tables with
one vector a slide are kept as float32 with NaN where a value is missing (root attribute ``allow_missing``): their areas
and counts exceed float16, and what stands in for a gap is learnt from the training fold.

A slide may also be a link: the group holds no tables but says which foreign file (``survdash.foreign_bag``) has them,
and that file's SHA-256. Size and date of the file are compared at each reading, its hash where these have changed.
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
from survdash.foreign_bag import BLOCK_TILES, H5_FAULTS, Block, ForeignBag, check_dataset, inspect_bag, read_blocks
from survdash.store import file_sha256, new_file

SCHEMA = 1
CHUNK_TILES = 64
GZIP = 1  # of features; level 4 makes them 3 % smaller and takes half as long again
LINK = "link_"  # begins the attributes of a linked slide
LINK_HINT = "Put the file back, or import the cohort again."


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
        group = self._new_group(slide_id)
        dim = self._origin.dim
        kind, rows = (np.dtype("f4"), 1) if self._allow_missing else (np.dtype("f2"), CHUNK_TILES)
        shape = {"shape": (0, dim), "maxshape": (None, dim), "chunks": (rows, dim)}
        features = group.create_dataset("features", dtype=kind, compression=GZIP, shuffle=True, **shape)
        shape = {"shape": (0, 2), "maxshape": (None, 2), "chunks": (rows, 2)}
        coords = group.create_dataset("coords", dtype="i4", compression="gzip", **shape)
        for block, corners in blocks:
            if block.ndim != 2 or block.shape[1] != dim or corners.shape != (len(block), 2):
                raise BagError(f"Slide {slide_id}: a block of shape {block.shape} does not fit width {dim}.")
            with np.errstate(over="ignore"):
                kept = block.astype(kind)
            start = features.shape[0]
            bad = np.isinf(kept) if self._allow_missing else ~np.isfinite(kept)
            if bad.any():
                tile, column = (int(place) for place in np.argwhere(bad)[0])
                raise BagError(
                    f"Slide {slide_id}: a feature is missing or too large for {kind.name}: feature {column + 1} of "
                    f"tile {start + tile + 1} is {float(block[tile, column]):g}."
                )
            features.resize(start + len(block), axis=0)
            coords.resize(start + len(block), axis=0)
            features[start:], coords[start:] = kept, corners
        if features.shape[0] == 0:
            raise BagError(f"Slide {slide_id} has no tile.")
        group.attrs.update(attributes)
        return int(features.shape[0])

    def link_slide(self, slide_id: str, bag: ForeignBag, *, sha256: str, attributes: Mapping[str, str | float]) -> int:
        """Refer to a foreign file in place of a copy of its tiles; all of it is read once, so that it is known sound.

        Returns
        -------
        int
            Tiles of the file.

        Raises
        ------
        BagError
            If the slide is there already, or the file cannot be read whole.
        """
        group = self._new_group(slide_id)
        state = bag.path.stat()
        tiles = sum(len(features) for features, _ in read_blocks(bag))
        group.attrs.update(attributes)
        # A path is no text that HDF5 must understand: bytes that are no UTF-8 travel by surrogateescape.
        group.attrs.update({
            f"{LINK}path": str(bag.path.resolve()).encode(errors="surrogateescape").hex(), f"{LINK}sha256": sha256,
            f"{LINK}bytes": state.st_size, f"{LINK}changed_ns": state.st_mtime_ns, f"{LINK}tiles": tiles,
        })  # fmt: skip
        return tiles

    def _new_group(self, slide_id: str) -> h5py.Group:
        forbidden = not slide_id or "/" in slide_id or "\0" in slide_id or slide_id in (".", "..")
        if forbidden or f"slides/{slide_id}" in self._file:
            raise BagError(f"Slide {slide_id!r} cannot be added: the name is taken or not allowed.")
        return self._file.create_group(f"slides/{slide_id}")


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


def copy_bag_file(source: Path, target: Path) -> None:
    """Write all tiles of a bag file into another one, those of linked slides too.

    Raises
    ------
    BagError
        If a linked file was moved or changed.
    """
    with BagFile(source) as old, new_bag_file(target, old.origin, allow_missing=old.allow_missing) as writer:
        for slide_id in old.slide_ids:
            writer.add_slide(slide_id, old.blocks(slide_id), old.attributes(slide_id))


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
            self.allow_missing = bool(self._file.attrs.get("allow_missing", False))
            if not _is_own(self._file, "slides"):
                raise KeyError("slides")
            self._slides = self._file["slides"]
        except H5_FAULTS as error:
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
        with self._guarded():
            return tuple(self._slides)

    @property
    def links(self) -> dict[str, Path]:
        """The slides that are links, and the files they refer to; such a bag file must not travel as it is."""
        return {slide_id: path for slide_id in self.slide_ids if (path := self._link_path(slide_id)) is not None}

    def tile_count(self, slide_id: str) -> int:
        """Tiles of one slide."""
        with self._guarded():
            if self._link_path(slide_id) is not None:
                return int(self._slides[slide_id].attrs[f"{LINK}tiles"])
            return int(self._group(slide_id)["features"].shape[0])

    def attributes(self, slide_id: str) -> dict[str, str | float]:
        """What made the tiles of a slide, as plain values."""
        with self._guarded():
            group = self._slides[slide_id] if self._link_path(slide_id) is not None else self._group(slide_id)
            found = {key: value for key, value in group.attrs.items() if not key.startswith(LINK)}
            plain = {key: value.item() if hasattr(value, "item") else value for key, value in found.items()}
            odd = [key for key, value in plain.items() if not isinstance(value, (str, int, float))]
            if odd:
                raise BagError(f"{self.path.name}: attribute {odd[0]} of slide {slide_id} is no text and no number.")
            return plain

    def read(self, slide_ids: Sequence[str]) -> Bag:
        """One bag of all tiles of ``slide_ids``, in that order.

        Raises
        ------
        UnknownNameError
            If a slide is not in the file.
        BagError
            If a slide is a link and its file was moved, changed or cannot be read.
        """
        with self._guarded():
            tables = [self._tables(slide_id) for slide_id in slide_ids]
        return Bag(
            features=np.concatenate([features for features, _ in tables]),
            coords=np.concatenate([coords for _, coords in tables]),
            slide_index=np.repeat(np.arange(len(tables), dtype=np.int32), [len(features) for features, _ in tables]),
            slide_ids=tuple(slide_ids),
            origin=self.origin,
        )

    def blocks(self, slide_id: str) -> Iterator[Block]:
        """Features and coordinates of one slide, block by block."""
        if self._link_path(slide_id) is not None:
            for features, corners in self._linked(slide_id):
                yield features.astype(np.float16), corners
            return
        with self._guarded():
            group = self._group(slide_id)
            for start in range(0, len(group["features"]), BLOCK_TILES):
                part = slice(start, start + BLOCK_TILES)
                yield group["features"][part], group["coords"][part]

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Say of a file that HDF5 stumbles over that it is damaged, whichever of its errors comes out."""
        try:
            yield
        except (BagError, UnknownNameError):
            raise
        except H5_FAULTS as error:
            raise BagError(f"{self.path.name} is damaged ({str(error)[:80]}).", hint="Copy or make it anew.") from error

    def _tables(self, slide_id: str) -> Block:
        if self._link_path(slide_id) is None:
            group = self._group(slide_id)
            return group["features"][:], group["coords"][:]
        parts = list(self.blocks(slide_id))
        return np.concatenate([features for features, _ in parts]), np.concatenate([coords for _, coords in parts])

    def _link_path(self, slide_id: str) -> Path | None:
        """The file of a linked slide; None for a slide whose tiles are here."""
        with self._guarded():
            if slide_id not in self._slides or not _is_own(self._slides, slide_id):
                return None
            told = self._slides[slide_id].attrs.get(f"{LINK}path")
        if not isinstance(told, str):
            return None
        try:
            return Path(bytes.fromhex(told).decode(errors="surrogateescape"))
        except ValueError as error:
            raise BagError(f"{self.path.name}: the link of slide {slide_id} is damaged.", hint=LINK_HINT) from error

    def _linked(self, slide_id: str) -> Iterator[Block]:
        """Tiles of a linked slide, out of the very file that was imported."""
        path, attributes = self._link_path(slide_id), self._slides[slide_id].attrs
        if path is None or not path.is_file():
            name = "its file" if path is None else path.name
            raise BagError(
                f"Slide {slide_id}: {name} is no longer where it was when the cohort was imported.", hint=LINK_HINT
            )
        state = path.stat()
        same = (state.st_size, state.st_mtime_ns) == (attributes[f"{LINK}bytes"], attributes[f"{LINK}changed_ns"])
        if not same and file_sha256(path) != attributes[f"{LINK}sha256"]:
            raise BagError(f"Slide {slide_id}: {path.name} has changed since the cohort was imported.", hint=LINK_HINT)
        try:
            bag = inspect_bag(path)
            if bag.dim != self.origin.dim:
                raise BagError(f"it is {bag.dim} wide, the cohort {self.origin.dim}")
            yield from read_blocks(bag)
        except BagError as error:
            raise BagError(f"Slide {slide_id}: {path.name}: {error.message}.", hint=LINK_HINT) from error

    def _group(self, slide_id: str) -> h5py.Group:
        if slide_id not in self._slides:
            raise UnknownNameError(f"{self.path.name} holds no slide {slide_id!r}.")
        group = self._slides[slide_id]
        if not (_is_own(self._slides, slide_id) and _is_own(group, "features") and _is_own(group, "coords")):
            raise BagError(f"{self.path.name}: slide {slide_id} points to data outside of the file; it is not read.")
        features, coords = group["features"], group["coords"]
        for name in ("features", "coords"):
            try:
                check_dataset(group[name], name)
            except BagError as error:
                raise BagError(f"{self.path.name}: slide {slide_id}: {error.message}.") from error
        if features.dtype.kind != "f" or coords.dtype.kind not in "iu":
            raise BagError(f"{self.path.name}: slide {slide_id} has tables of {features.dtype} and {coords.dtype}.")
        if features.ndim != 2 or features.shape[1] != self.origin.dim or coords.shape != (len(features), 2):
            raise BagError(f"{self.path.name}: slide {slide_id} has tables of shapes {features.shape}, {coords.shape}.")
        return group


def _is_own(group: h5py.Group, name: str) -> bool:
    """Whether an entry is there and lies in the file itself: no link, no virtual or external data."""
    if not isinstance(group, h5py.Group) or not isinstance(group.get(name, getlink=True), h5py.HardLink):
        return False
    entry = group[name]
    if isinstance(entry, h5py.Dataset):
        return not (entry.is_virtual or entry.external)
    return isinstance(entry, h5py.Group)
