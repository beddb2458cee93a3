"""Bags that other programs wrote: CLAM, TRIDENT, STAMP, slide2vec and plain arrays; checked, then read in blocks.

One file holds one slide: HDF5 with ``features``, ``feats`` or ``patch_embeddings``; a PyTorch tensor; a NumPy array or
archive. Shapes are (M, D), (1, M, D), or (D,) for one vector a slide. What a file declares is not believed: links,
pickles, foreign filters and sizes beyond the limit are refused before anything is allocated.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from survdash.errors import BagError
from survdash.numpy_stream import ARCHIVE_FAULTS, open_member, read_header, read_rows
from survdash.settings import settings

if TYPE_CHECKING:
    from torch import Tensor

ENDINGS = (".h5", ".hdf5", ".pt", ".pth", ".npy", ".npz")
SLIDE_ENDINGS = (".svs", ".tif", ".tiff", ".ndpi", ".mrxs", ".scn", ".bif", ".vms", ".svslide", ".dcm")
FEATURES = ("features", "feats", "patch_embeddings", "embeddings")
ENCODER_NAMES = ("encoder", "extractor", "encoder_name")
# What TRIDENT and STAMP say of the tiles; kept with the slide under these names.
TOLD = (
    "patch_size", "patch_size_level0", "level0_magnification", "target_magnification", "overlap", "tile_size_um",
    "tile_size_px", "stamp_version", "feat_type",
)
BLOCK_TILES = 4096
MOST_DIM = 65_536  # no encoder is nearly so wide; a block of tiles must fit into memory
MOST_CHUNK_BYTES = 512_000_000
MOST_JSON_BYTES = 1_000_000
# Filters that HDF5 itself brings; any other is a library that HDF5 would load from a folder and run.
OWN_FILTERS = frozenset({
    h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_SCALEOFFSET,
    h5py.h5z.FILTER_NBIT, h5py.h5z.FILTER_SZIP, h5py.h5z.FILTER_LZF,
})  # fmt: skip
H5_FAULTS = (OSError, KeyError, ValueError, RuntimeError, TypeError, UnicodeError, OverflowError, MemoryError)
Block = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForeignBag:
    """What one file declares, before its numbers are read.

    Parameters
    ----------
    path : Path
    key : str
        Name of the features within the file; empty where the file is one array.
    tiles, dim : int
        M and D; no tile where a program found no tissue on a slide.
    slide_level : bool
        One vector for the whole slide in place of one a tile.
    encoder : str
        As the file states it; empty where it does not.
    attributes : dict
        Other facts of the tiles, as the file states them.
    """

    path: Path
    key: str
    tiles: int
    dim: int
    slide_level: bool
    encoder: str = ""
    attributes: dict[str, str | float] = field(default_factory=dict)


def slide_name(path: Path) -> str:
    """The slide that a file is named after: without its ending, and without that of the slide file before it.

    Examples
    --------
    >>> slide_name(Path("TCGA-2F-A9KO-01Z-00-DX1.195576CF.svs.h5"))
    'TCGA-2F-A9KO-01Z-00-DX1.195576CF'
    """
    name = path.stem
    return next((name.removesuffix(ending) for ending in SLIDE_ENDINGS if name.lower().endswith(ending)), name)


def inspect_bag(path: Path) -> ForeignBag:
    """Check a file and say what it holds; reads shapes and names, no features.

    Raises
    ------
    BagError
        If it is damaged, of another form, larger than the limit, or points outside of itself. The message does not
        name the file.
    """
    ending = path.suffix.lower()
    try:
        if ending in (".h5", ".hdf5"):
            bag = _inspect_hdf5(path)
        elif ending == ".npy":
            with path.open("rb") as file:
                bag = _shaped(path, "", read_header(file).shape)
        elif ending == ".npz":
            bag = _inspect_npz(path)
        else:
            bag = _inspect_tensor(path)
    except BagError:
        raise
    except (*H5_FAULTS, *ARCHIVE_FAULTS) as error:
        raise BagError(f"the file is damaged or no {ending[1:].upper()} file ({str(error)[:80]})") from error
    return _add_meta(bag)


def read_blocks(bag: ForeignBag) -> Iterator[Block]:
    """Features (m, D) and coordinates (m, 2) of a bag, block by block; coordinates are 0 where there are none.

    Raises
    ------
    BagError
        If the file is damaged, or a number of it is missing or no number; the message names the tile.
    """
    ending, start = bag.path.suffix.lower(), 0
    try:
        if ending in (".h5", ".hdf5"):
            blocks = _hdf5_blocks(bag)
        elif ending == ".npy":
            blocks = _npy_blocks(bag)
        elif ending == ".npz":
            blocks = _npz_blocks(bag)
        else:
            blocks = _tensor_blocks(bag)
        for features, corners in blocks:
            _check_block(features, start)
            yield features, _check_corners(corners, start)
            start += len(features)
    except BagError:
        raise
    except (*H5_FAULTS, *ARCHIVE_FAULTS) as error:
        raise BagError(f"the file is damaged ({str(error)[:80]})") from error
    if start != bag.tiles:
        raise BagError(f"{start} of {bag.tiles} tiles could be read")


def _shaped(path: Path, key: str, shape: tuple[int, ...]) -> ForeignBag:
    """The bag of an array; its size is checked before anything is read."""
    if len(shape) not in (1, 2, 3) or (len(shape) == 3 and shape[0] != 1):
        raise BagError(f"{key or 'the array'} must be (tiles, features), (1, tiles, features) or one vector; "
                       f"found {tuple(shape)}")  # fmt: skip
    slide_level = len(shape) == 1
    tiles, dim = (int(shape[0] > 0), int(shape[0])) if slide_level else (int(shape[-2]), int(shape[-1]))
    if (dim == 0 and not slide_level) or dim > MOST_DIM:
        raise BagError(f"{key or 'the array'} has {dim} features a tile: {tuple(shape)}")
    if tiles * dim * 4 > settings().max_slide_gb * 1e9:
        raise BagError(f"{key or 'the array'} of {tiles} tiles is larger than {settings().max_slide_gb:g} GB")
    return ForeignBag(path=path, key=key, tiles=tiles, dim=dim, slide_level=slide_level)


def _check_block(features: np.ndarray, start: int) -> None:
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(features.astype(np.float16))
    if bad.any():
        row, column = (int(place) for place in np.argwhere(bad)[0])
        value = float(features[row, column])
        why = "is too large for float16" if np.isfinite(value) else "is no number"
        rows = int(bad.any(axis=1).sum())
        more = f"; {rows} tiles here have such features" if rows > 1 else ""
        raise BagError(f"feature {column + 1} of tile {start + row + 1} {why} ({value:g}){more}")


def _check_corners(corners: np.ndarray, start: int) -> np.ndarray:
    exact = np.asarray(corners, dtype=np.float64).round()
    bad = ~(np.abs(exact) < 2**31).all(axis=1)
    if bad.any():
        raise BagError(f"a coordinate of tile {start + int(np.flatnonzero(bad)[0]) + 1} is missing or too large")
    return exact.astype(np.int32)


def _nowhere(count: int) -> np.ndarray:
    return np.zeros((count, 2), np.int32)


# HDF5


def _inspect_hdf5(path: Path) -> ForeignBag:
    with h5py.File(path, "r") as file:
        key = _find_features(file)
        data = file[key]
        bag = _shaped(path, key, data.shape)
        check_dataset(data, key)
        if data.dtype.kind != "f":
            raise BagError(f"{key} must hold floats; found {data.dtype}")
        attributes: dict[str, str | float] = {"coords_unit": "none"}
        if "coords" in file:
            check_dataset(file["coords"], "coords")
            shape = _plain(file["coords"].shape)
            if not bag.slide_level and shape != (bag.tiles, 2):
                raise BagError(f"coords {file['coords'].shape} do not fit {bag.tiles} tiles")
            if file["coords"].dtype.kind not in "iuf":
                raise BagError(f"coords must be numbers; found {file['coords'].dtype}")
            unit = file.attrs.get("unit")
            attributes["coords_unit"] = unit[:20] if isinstance(unit, str) else "unknown"
        sources = [file.attrs, data.attrs, *([file["coords"].attrs] if "coords" in file else [])]
        told = {name: value for name in TOLD for attrs in sources if (value := _told(attrs, name)) is not None}
        encoder = next((words for attrs in sources[:2] for name in ENCODER_NAMES
                        if isinstance(words := attrs.get(name), str) and words.strip()), "")  # fmt: skip
    return ForeignBag(path=path, key=key, tiles=bag.tiles, dim=bag.dim, slide_level=bag.slide_level,
                      encoder=encoder.strip()[:100], attributes=attributes | told)  # fmt: skip


def _find_features(file: h5py.File) -> str:
    for name in file:
        # A link may point anywhere on this machine: nothing but what lies in the file is read.
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise BagError(f"{name} is a link, not data")
    found = [name for name in FEATURES if isinstance(file.get(name), h5py.Dataset)]
    if not found:
        only = "only coords, " if list(file) == ["coords"] else ""
        raise BagError(f"{only}no dataset {', '.join(FEATURES)}")
    return found[0]


def check_dataset(data: h5py.Dataset, name: str) -> None:
    """Refuse numbers that lie elsewhere, would be unpacked by foreign code, or are more than memory can hold.

    Raises
    ------
    BagError
        The message names the dataset, not the file.
    """
    if not isinstance(data, h5py.Dataset):
        raise BagError(f"{name} is no dataset")
    if data.external or data.is_virtual:
        raise BagError(f"{name} lies in another file")
    plist = data.id.get_create_plist()
    for number in range(plist.get_nfilters()):
        code, _, _, words = plist.get_filter(number)
        if code not in OWN_FILTERS:
            raise BagError(f"{name} is packed by filter {code} ({words.decode(errors='replace')[:40]}), which is not "
                           "part of HDF5: write the file anew without it, or with gzip")  # fmt: skip
    if data.chunks is not None and np.prod([float(side) for side in data.chunks]) * data.dtype.itemsize > (
        MOST_CHUNK_BYTES
    ):
        raise BagError(f"{name} is stored in chunks of {data.chunks}, more than {MOST_CHUNK_BYTES / 1e6:g} MB each")
    if float(np.prod([float(side) for side in data.shape])) * 4 > settings().max_slide_gb * 1e9:
        raise BagError(f"{name} of {data.shape} is larger than {settings().max_slide_gb:g} GB")
    if data.size and data.id.get_storage_size() == 0:
        raise BagError(f"{name} declares {data.shape} but holds no data")


def _plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(shape[1:]) if len(shape) == 3 and shape[0] == 1 else tuple(shape)


def _told(attributes: h5py.AttributeManager, name: str) -> str | float | None:
    value = attributes.get(name)
    if isinstance(value, str):
        return value[:100]
    return float(value) if isinstance(value, (int, float, np.integer, np.floating)) and np.isfinite(value) else None


def _hdf5_blocks(bag: ForeignBag) -> Iterator[Block]:
    with h5py.File(bag.path, "r") as file:
        features, coords = file[bag.key], file.get("coords")
        if bag.slide_level:
            yield features[:][None], _nowhere(1)
            return
        for start in range(0, bag.tiles, BLOCK_TILES):
            part = slice(start, min(start + BLOCK_TILES, bag.tiles))
            block = features[part] if features.ndim == 2 else features[0, part]
            if coords is None:
                yield block, _nowhere(len(block))
            else:
                yield block, coords[part] if coords.ndim == 2 else coords[0, part]


# NumPy


def _inspect_npz(path: Path) -> ForeignBag:
    with zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        key = next((name for name in FEATURES if name in names), names[0] if len(names) == 1 else "")
        if not key:
            raise BagError(f"none of its {len(names)} arrays is called {', '.join(FEATURES)}")
        with open_member(archive, f"{key}.npy") as file:
            bag = _shaped(path, key, read_header(file).shape)
        if "coords" in names:
            with open_member(archive, "coords.npy") as file:
                shape = read_header(file, kinds="iuf").shape
            if not bag.slide_level and _plain(shape) != (bag.tiles, 2):
                raise BagError(f"coords {shape} do not fit {bag.tiles} tiles")
    return bag


def _npy_blocks(bag: ForeignBag) -> Iterator[Block]:
    with bag.path.open("rb") as file:
        for block in read_rows(file, rows=BLOCK_TILES):
            yield block, _nowhere(len(block))


def _npz_blocks(bag: ForeignBag) -> Iterator[Block]:
    with zipfile.ZipFile(bag.path) as archive, open_member(archive, f"{bag.key}.npy") as file:
        if bag.slide_level or "coords.npy" not in archive.namelist():
            for block in read_rows(file, rows=BLOCK_TILES):
                yield block, _nowhere(len(block))
            return
        with open_member(archive, "coords.npy") as places:
            pairs = read_rows(places, rows=BLOCK_TILES, kinds="iuf")
            yield from zip(read_rows(file, rows=BLOCK_TILES), pairs, strict=True)


# PyTorch


def _inspect_tensor(path: Path) -> ForeignBag:
    features, coords, key, encoder = _load_tensors(path)
    bag = _shaped(path, key, tuple(features.shape))
    if coords is not None and not bag.slide_level and _plain(tuple(coords.shape)) != (bag.tiles, 2):
        raise BagError(f"coords {tuple(coords.shape)} do not fit {bag.tiles} tiles")
    unit = "none" if coords is None else "unknown"
    return ForeignBag(path=path, key=key, tiles=bag.tiles, dim=bag.dim, slide_level=bag.slide_level, encoder=encoder,
                      attributes={"coords_unit": unit})  # fmt: skip


def _load_tensors(path: Path) -> tuple[Tensor, Tensor | None, str, str]:
    """Features, coordinates, the features' key and the encoder of a file; the tensors stay on disk until they are read.

    Pickles other than plain tensors are refused by ``weights_only``. The archive is checked first: a member that is
    packed, or larger than the file, would be believed.
    """
    import torch

    if not zipfile.is_zipfile(path):
        raise BagError("it is no file of PyTorch 1.6 or later; load it there and save it anew with torch.save")
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED or member.file_size > path.stat().st_size:
                raise BagError(f"its part {member.filename[-40:]!r} is packed; PyTorch does not write such files")
    refused = torch.serialization.pickle.UnpicklingError  # type: ignore[attr-defined]
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (refused, AttributeError, IndexError, AssertionError, EOFError) as error:
        raise BagError("it holds more than tensors, or is damaged; it is not run. Save the features alone, "
                       "torch.save(features, path)") from error  # fmt: skip
    values = found if isinstance(found, dict) else {"": found}
    key = next((name for name in (*FEATURES, "") if isinstance(values.get(name), torch.Tensor)), None)
    if key is None:
        raise BagError(f"it holds no tensor, and none called {', '.join(FEATURES)}")
    coords = values.get("coords")
    coords = coords if isinstance(coords, torch.Tensor) else None
    for name, tensor in ((key or "the tensor", values[key]), ("coords", coords)):
        if tensor is not None and (tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex()):
            raise BagError(f"{name} must be a plain tensor of real numbers")
    if not values[key].is_floating_point():
        raise BagError(f"{key or 'the tensor'} must hold floats; found {values[key].dtype}")
    encoder = next((words.strip()[:100] for name in ENCODER_NAMES if isinstance(words := values.get(name), str)), "")
    return values[key], coords, key, encoder


def _tensor_blocks(bag: ForeignBag) -> Iterator[Block]:
    with zipfile.ZipFile(bag.path) as archive:
        if (broken := archive.testzip()) is not None:  # PyTorch does not compare checksums
            raise BagError(f"the file is damaged: its part {broken[-40:]!r} does not fit its checksum")
    features, coords, _, _ = _load_tensors(bag.path)
    if bag.slide_level:
        yield features.detach().float().numpy()[None], _nowhere(1)
        return
    rows = features[0] if features.ndim == 3 else features
    places = coords[0] if coords is not None and coords.ndim == 3 else coords
    for start in range(0, bag.tiles, BLOCK_TILES):
        block = rows[start : start + BLOCK_TILES].detach().float().numpy()
        yield block, _nowhere(len(block)) if places is None else places[start : start + BLOCK_TILES].numpy()


def _add_meta(bag: ForeignBag) -> ForeignBag:
    """What slide2vec says of a bag in a file beside it, <slide>.meta.json."""
    path = bag.path.with_suffix(".meta.json")
    if not path.is_file():
        return bag
    try:
        if path.stat().st_size > MOST_JSON_BYTES:
            raise BagError(f"{path.name} is too large")
        told = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(told, dict):
            raise BagError(f"{path.name} is no list of facts")
    except (OSError, ValueError, RecursionError) as error:
        raise BagError(f"{path.name} cannot be read: {str(error)[:80]}") from error
    for name, found in (("feature_dim", bag.dim), ("num_tiles", bag.tiles)):
        if isinstance(said := told.get(name), int) and said != found and not (bag.slide_level and name == "num_tiles"):
            raise BagError(f"{path.name} says {name} {said}, the file holds {found}")
    names = [words.strip()[:100] for name in ENCODER_NAMES if isinstance(words := told.get(name), str)]
    return ForeignBag(path=bag.path, key=bag.key, tiles=bag.tiles, dim=bag.dim, slide_level=bag.slide_level,
                      encoder=bag.encoder or next(iter(names), ""), attributes=bag.attributes)  # fmt: skip
