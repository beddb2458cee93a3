"""Bags of tile features from HDF5 files: our own, and those of CLAM, TRIDENT, STAMP and the like.

A foreign file holds one slide: ``features``, ``feats`` or ``patch_embeddings`` of shape (M, D) or (1, M, D), with or
without ``coords``. The encoder is recorded, never inferred from the width: several encoders share one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from survdash.bag_file import BagFile, BagWriter
from survdash.case import BagOrigin
from survdash.errors import BagError
from survdash.settings import settings
from survdash.sources.table_file import list_faults, name_some
from survdash.store import digest, file_sha256

FEATURES = ("features", "feats", "patch_embeddings")
BARCODE = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}(?![A-Z0-9])")
BLOCK_TILES = 4096
ENCODER_NAMES = ("encoder", "extractor", "encoder_name", "name")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Source:
    """One slide in one file."""

    path: Path
    slide_id: str
    key: str            # dataset of the features; empty in our own files
    origin: BagOrigin
    allow_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BagFolder:
    """The slides of known cases among a folder's bags.

    Parameters
    ----------
    slides : Series
        Index ``slide_id``, sorted; value ``case_id``.
    origin : BagOrigin
        One for all slides.
    allow_missing : bool
        One of our own files holds slide-level vectors: float32, with NaN where a value is missing.
    fill : callable
        Copies all slides into a bag writer, block by block.
    notes : tuple of str
    source : dict
        Folder name, number of files and a digest of their hashes.
    """

    slides: pd.Series
    origin: BagOrigin
    allow_missing: bool
    fill: Callable[[BagWriter], None]
    notes: tuple[str, ...]
    source: dict[str, object]


def case_of(slide_id: str, cases: pd.Index) -> str | None:
    """Case of a slide: the first 12 characters of a TCGA barcode, else the name itself if it is a case.

    Rows of slide-level tables are called ``<case>.<number>``; they are known again.

    Examples
    --------
    >>> case_of("TCGA-2F-A9KO-01Z-00-DX1.195576CF", pd.Index(["TCGA-2F-A9KO"]))
    'TCGA-2F-A9KO'
    """
    match = BARCODE.match(slide_id)
    name = match[0] if match else slide_id
    if name in cases:
        return name
    start, _, number = slide_id.rpartition(".")
    return start if number.isdecimal() and start in cases else None


def read_bag_folder(path: Path, cases: pd.Index) -> BagFolder:
    """Find and check the bags below a folder, or in one file; nothing but shapes and names is read yet.

    Raises
    ------
    BagError
        If there is no bag of a known case, a file is malformed, a slide stands twice, or widths or encoders differ.
    """
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.suffix in (".h5", ".hdf5"))
    if not files:
        foreign = any(path.rglob("*.pt")) if path.is_dir() else False
        raise BagError(
            f"{path.name} holds no bag (.h5).",
            hint="Files of PyTorch (.pt) are not read; export HDF5." if foreign else "Make bags with 'embed'.",
        )
    faults: list[str] = []
    found = [source for file in files for source in _scan(file, faults)]
    chosen: dict[str, _Source] = {}
    owner: dict[str, str] = {}
    strangers = []
    for source in found:
        case = case_of(source.slide_id, cases)
        if case is None:
            strangers.append(source.slide_id)
        elif source.slide_id in chosen:
            first = chosen[source.slide_id].path
            faults.append(f"slide {source.slide_id} stands in {first.name} and in {source.path.name}")
        else:
            chosen[source.slide_id], owner[source.slide_id] = source, case
    origins = {astuple(source.origin): source.origin for source in chosen.values()}
    if len(origins) > 1:
        kinds = name_some(_words(origins[one]) for one in sorted(origins))
        faults.append(f"bags of {len(origins)} kinds cannot stand in one cohort: {kinds}")
    if faults:
        raise BagError(f"{path.name}: {list_faults(faults)}.", hint="Remove these files, or make them anew.")
    if not chosen:
        raise BagError(
            f"{path.name}: none of {len(found)} slides belongs to a case of the cohort ({name_some(strangers)}).",
            hint="Name the files by TCGA barcode or by case id.",
        )
    notes = (f"{len(strangers)} bags belong to no case of the cohort ({name_some(strangers)}).",) if strangers else ()
    order = sorted(chosen)
    index = pd.Index(order, name="slide_id", dtype="str")
    content = digest({file.relative_to(path.parent).as_posix(): file_sha256(file) for file in files})
    return BagFolder(
        slides=pd.Series([owner[slide] for slide in order], index=index, name="case_id", dtype="str"),
        origin=chosen[order[0]].origin, allow_missing=any(one.allow_missing for one in chosen.values()),
        fill=_filler([chosen[slide] for slide in order]), notes=notes,
        source={"folder": path.name, "files": len(files), "digest": content},
    )


def _filler(sources: list[_Source]) -> Callable[[BagWriter], None]:
    def fill(writer: BagWriter) -> None:
        for source in sources:
            if source.key:
                _copy_foreign(writer, source)
            else:
                with BagFile(source.path) as file:
                    bag = file.read([source.slide_id])
                    writer.add_slide(source.slide_id, [(bag.features, bag.coords)], file.attributes(source.slide_id))

    return fill


def _words(origin: BagOrigin) -> str:
    stain = "" if origin.stain == "none" else f" ({origin.stain})"
    return f"{origin.encoder} with {origin.dim} features{stain}"


def _scan(path: Path, faults: list[str]) -> list[_Source]:
    try:
        with h5py.File(path, "r") as file:
            if "schema" not in file.attrs:
                key, dim = _check_foreign(file)
                origin = BagOrigin(encoder=_encoder_name(file, key), weights="", dim=dim)
                return [_Source(path=path, slide_id=path.stem, key=key, origin=origin)]
            gaps = bool(file.attrs.get("allow_missing", False))
        with BagFile(path) as bags:
            return [
                _Source(path=path, slide_id=slide, key="", origin=bags.origin, allow_missing=gaps)
                for slide in bags.slide_ids
            ]
    except BagError as error:
        faults.append(f"{path.name}: {error.message.rstrip('.')}")
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        faults.append(f"{path.name} is damaged or no HDF5 file ({str(error)[:80]})")
    return []


def _check_foreign(file: h5py.File) -> tuple[str, int]:
    """Name of the feature dataset and its width."""
    for name in file:
        # A link may point anywhere on this machine: nothing but what lies in the file is read.
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise BagError(f"{name} is a link, not data")
    key = next((name for name in FEATURES if isinstance(file.get(name), h5py.Dataset)), None)
    if key is None:
        raise BagError(f"no dataset {', '.join(FEATURES)}")
    features = file[key]
    shape = features.shape[1:] if features.ndim == 3 and features.shape[0] == 1 else features.shape
    if len(shape) != 2 or 0 in shape or features.dtype.kind != "f":
        raise BagError(f"{key} must be a table (tiles, features) of floats; found {features.shape} {features.dtype}")
    for name in (key, "coords"):
        if isinstance(data := file.get(name), h5py.Dataset) and (data.external or data.is_virtual):
            raise BagError(f"{name} lies in another file")
    if shape[0] * shape[1] * 4 > settings().max_slide_gb * 1e9:
        raise BagError(f"{key} of {shape[0]} tiles is larger than {settings().max_slide_gb:g} GB")
    if "coords" in file and _coords_shape(file["coords"]) != (shape[0], 2):
        raise BagError(f"coords {file['coords'].shape} do not fit {shape[0]} tiles")
    return key, int(shape[1])


def _coords_shape(coords: h5py.Dataset) -> tuple[int, ...]:
    shape = tuple(coords.shape)
    return shape[1:] if len(shape) == 3 and shape[0] == 1 else shape


def _encoder_name(file: h5py.File, key: str) -> str:
    for attributes in (file.attrs, file[key].attrs):
        for name in ENCODER_NAMES:
            if isinstance(value := attributes.get(name), str) and value:
                return value[:100]
    program = {"feats": "STAMP", "patch_embeddings": "STAMP"}.get(key, "CLAM or TRIDENT")
    return f"unknown ({program})"


def _copy_foreign(writer: BagWriter, source: _Source) -> None:
    with h5py.File(source.path, "r") as file:
        unit = file.attrs.get("unit")
        attributes = {"file": source.path.name, "coords_unit": unit if isinstance(unit, str) else "unknown"}
        if "coords" not in file:
            attributes["coords_unit"] = "none"
        try:
            writer.add_slide(source.slide_id, _blocks(file, source), attributes)
        except (OSError, ValueError, RuntimeError) as error:
            if isinstance(error, BagError):
                raise
            raise BagError(f"{source.path.name} is damaged: {str(error)[:80]}.", hint="Copy it anew.") from error


def _blocks(file: h5py.File, source: _Source) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    features, coords = file[source.key], file.get("coords")
    tiles = features.shape[-2]
    for start in range(0, tiles, BLOCK_TILES):
        part = slice(start, min(start + BLOCK_TILES, tiles))
        block = features[part] if features.ndim == 2 else features[0, part]
        if coords is None:
            corners = np.zeros((len(block), 2), dtype=np.int32)
        else:
            exact = np.asarray(coords[part] if coords.ndim == 2 else coords[0, part], dtype=np.float64).round()
            if not (np.abs(exact) < 2**31).all():
                raise BagError(f"{source.path.name}: a coordinate is missing or too large.")
            corners = exact.astype(np.int32)
        yield block, corners
