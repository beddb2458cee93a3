"""The bags of a cohort: one of our own files, or the files of other programs, one a slide; copied or linked.

The encoder is recorded as the files or the user state it, never inferred from the width: several encoders share one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from survdash.bag_file import BagFile, BagWriter
from survdash.case import Bag, BagOrigin
from survdash.errors import BagError
from survdash.foreign_bag import ENDINGS, ForeignBag, inspect_bag, read_blocks, slide_name
from survdash.hdf5_probe import find_unwalkable
from survdash.sources.slide_mapping import case_of, match_slides, read_slide_map
from survdash.sources.table_file import list_faults, name_some
from survdash.store import digest, file_sha256

__all__ = ["BAG_ENDINGS", "BagFolder", "case_of", "read_bag_file", "read_bag_folder"]
BAG_ENDINGS, HDF5_ENDINGS = ENDINGS, (".h5", ".hdf5")
ASK_ENCODER = "say which with --encoder, so that no bag of another one is taken for them"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Source:
    """One slide in one file; ``foreign`` is None in our own files."""

    path: Path
    slide_id: str
    origin: BagOrigin
    foreign: ForeignBag | None = None
    allow_missing: bool = False


@dataclass(slots=True, kw_only=True)
class _Found:
    """What the files of a folder hold."""

    sources: list[_Source] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    only_places: list[str] = field(default_factory=list)
    unstated: int = 0


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
        Copies all slides into a bag writer, block by block, or links them.
    notes : tuple of str
        What did not match, slides without a tile, whether the encoder is known.
    source : dict
        Folder name, number of files and a digest of their hashes.
    """

    slides: pd.Series
    origin: BagOrigin
    allow_missing: bool
    fill: Callable[[BagWriter], None]
    notes: tuple[str, ...]
    source: dict[str, object]


def read_bag_folder(
    path: Path, cases: pd.Index, *, slide_map: Path | None = None, encoder: str | None = None, link: bool = False
) -> BagFolder:
    """Find and check the bags below a folder, or in one file; nothing but shapes and names is read yet.

    Parameters
    ----------
    path : Path
        A bag file, or a folder with any of ``.h5``, ``.hdf5``, ``.pt``, ``.pth``, ``.npy`` and ``.npz``.
    cases : Index
        Case ids of the cohort.
    slide_map : Path, optional
        Table of slides and cases; without it a slide's TCGA barcode or name tells.
    encoder : str, optional
        What made the features, where the files do not say.
    link : bool
        Refer to the files in place of copying them.

    Raises
    ------
    BagError
        If there is no bag of a known case, a file is malformed, a slide stands twice, or widths or encoders differ.
    """
    told = None if slide_map is None else read_slide_map(slide_map)
    files = _find_files(path)
    found = _scan_all(files, encoder)
    chosen, notes = _choose(found)
    matched = match_slides(list(chosen), cases, told=told)
    kept = [chosen[slide] for slide in sorted(matched.owners)]
    _check_kinds(kept, found.faults)
    if link and any(source.foreign is None for source in kept):
        found.faults.append("bag files of survdash are copied, not linked")
    if found.faults:
        raise BagError(f"{path.name}: {list_faults(found.faults)}.", hint="Remove these files, or make them anew.")
    if not kept:
        raise BagError(
            f"{path.name}: none of {len(chosen) + len(found.empty)} slides belongs to a case of the cohort "
            f"({name_some([*chosen, *found.empty])}).",
            hint="Name the files by TCGA barcode or by case id, or give a table of slides and cases (--slide-map).",
        )
    notes += [*matched.notes, *_say_empty(found), *_say_encoder(kept[0].origin, found)]
    hashes = {file.relative_to(path.parent).as_posix(): file_sha256(file) for file in files}
    source: dict[str, object] = {"folder": path.name, "files": len(files), "digest": digest(hashes)}
    if told is not None:
        source["slide_map"] = {"file": told.name, "sha256": told.sha256}
    if link:
        source["linked"] = len(kept)
        notes.append(f"{len(kept)} bags are linked, not copied: the files must stay where they are, unchanged.")
    sha256 = {file: hashes[file.relative_to(path.parent).as_posix()] for file in files}
    return BagFolder(
        slides=pd.Series(
            [matched.owners[one.slide_id] for one in kept],
            index=pd.Index([one.slide_id for one in kept], name="slide_id", dtype="str"), name="case_id", dtype="str",
        ),
        origin=kept[0].origin, allow_missing=any(one.allow_missing for one in kept),
        fill=_filler(kept, sha256 if link else None), notes=tuple(notes), source=source,
    )


def read_bag_file(path: Path, *, encoder: str | None = None) -> Bag:
    """Read the bag of one slide, as float16, from one of our own files or from another program's.

    Parameters
    ----------
    path : Path
    encoder : str, optional
        What made the features, where the file does not say.

    Raises
    ------
    BagError
        If it cannot be read, holds no tile or several slides, or says that another encoder made it.
    """
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        raise BagError(f"There is no bag file {path.name!r} ({', '.join(ENDINGS)}).", hint="Check the path.")
    found = _scan_all([path], encoder)
    if found.faults:
        raise BagError(f"{list_faults(found.faults)}.", hint="Make the bag anew.")
    if len(found.sources) != 1:
        raise BagError(f"{path.name} holds {len(found.sources)} slides with tiles; one is expected.")
    (source,) = found.sources
    try:
        if source.foreign is None:
            with BagFile(path) as file:
                return file.read([source.slide_id])
        blocks = list(read_blocks(source.foreign))
    except BagError as error:
        raise BagError(f"{path.name}: {error.message.rstrip('.')}.", hint="Make the bag anew.") from error
    tables = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
    return Bag(
        features=tables[0].astype(np.float16), coords=tables[1], slide_index=np.zeros(len(tables[0]), np.int32),
        slide_ids=(source.slide_id,), origin=source.origin,
    )


def _find_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(
        file for file in path.rglob("*")
        if file.suffix.lower() in ENDINGS and not file.name.startswith(".") and file.is_file()
    )
    odd = [ascii(file.name) for file in files if any("\ud800" <= sign <= "\udfff" for sign in file.name)]
    if odd:  # bytes that are no UTF-8: no table of slides can hold such a name
        raise BagError(f"{path.name}: {len(odd)} file names cannot be read as text: {name_some(odd)}.",
                       hint="Rename these files.")
    if not files:
        raise BagError(
            f"{path.name} holds no bag ({', '.join(ENDINGS)}).",
            hint="Make bags with 'embed', or give the folder of another program's features.",
        )
    return files


def _scan_all(files: list[Path], encoder: str | None) -> _Found:
    found = _Found()
    unwalkable = find_unwalkable([file for file in files if file.suffix.lower() in HDF5_ENDINGS])
    found.faults += [f"{file.name}: {why}" for file, why in unwalkable.items()]
    for file in (file for file in files if file not in unwalkable):
        try:
            _scan(file, encoder, found)
        except BagError as error:
            found.faults.append(f"{file.name}: {error.message.rstrip('.')}")
    return found


def _scan(file: Path, encoder: str | None, found: _Found) -> None:
    if _is_ours(file):
        with BagFile(file) as bags:
            if bags.links:
                raise BagError("it refers to other files; import those")
            if encoder and encoder != bags.origin.encoder:
                raise BagError(f"it was made by {bags.origin.encoder}, not by {encoder}")
            found.sources.extend(
                _Source(path=file, slide_id=slide, origin=bags.origin, allow_missing=bags.allow_missing)
                for slide in bags.slide_ids
            )
        return
    try:
        bag = inspect_bag(file)
    except BagError as error:
        if error.message.startswith("only coords"):  # CLAM and TRIDENT keep the places of tiles beside the features
            found.only_places.append(file.name)
            return
        raise
    if encoder and bag.encoder and bag.encoder.casefold() != encoder.casefold():
        raise BagError(f"it says that it was made by {bag.encoder}, not by {encoder}")
    if bag.tiles == 0:
        found.empty.append(slide_name(file))
        return
    name = encoder or bag.encoder
    found.unstated += not name
    origin = BagOrigin(encoder=name or f"unknown encoder, {bag.dim} wide", weights="", dim=bag.dim)
    found.sources.append(_Source(path=file, slide_id=slide_name(file), origin=origin, foreign=bag))


def _is_ours(file: Path) -> bool:
    if file.suffix.lower() not in HDF5_ENDINGS:
        return False
    try:
        with h5py.File(file, "r") as opened:
            return "schema" in opened.attrs
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise BagError(f"the file is damaged or no HDF5 file ({str(error)[:80]})") from error


def _choose(found: _Found) -> tuple[dict[str, _Source], list[str]]:
    """One file a slide. CLAM writes each slide twice, as .pt and as .h5: the latter has the coordinates."""
    chosen: dict[str, _Source] = {}
    twins = 0
    for source in found.sources:
        first = chosen.setdefault(source.slide_id, source)
        if first is source:
            continue
        both = {one.path.parent.name: one for one in (first, source)}
        if both.keys() == {"h5_files", "pt_files"} and _same_shape(first, source):
            chosen[source.slide_id] = both["h5_files"]
            twins += 1
        else:
            found.faults.append(
                f"slide {source.slide_id} stands in {_where(first.path)} and in {_where(source.path)}"
            )
    return chosen, [f"{twins} slides stand in h5_files and in pt_files; those of h5_files are taken."] if twins else []


def _where(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _same_shape(one: _Source, other: _Source) -> bool:
    if one.foreign is None or other.foreign is None:
        return False
    return (one.foreign.tiles, one.foreign.dim) == (other.foreign.tiles, other.foreign.dim)


def _check_kinds(kept: list[_Source], faults: list[str]) -> None:
    kinds: dict[str, list[str]] = {}
    for source in kept:
        kinds.setdefault(_words(source.origin), []).append(source.path.name)
    if len(kinds) > 1:
        said = name_some(f"{words} ({len(files)} slides, as {files[0]})" for words, files in sorted(kinds.items()))
        faults.append(f"bags of {len(kinds)} kinds cannot stand in one cohort: {said}")
    levels = Counter(source.foreign.slide_level for source in kept if source.foreign is not None)
    if len(levels) > 1:
        faults.append(f"{levels[True]} files hold one vector a slide, {levels[False]} one a tile; import one kind")


def _words(origin: BagOrigin) -> str:
    stain = "" if origin.stain == "none" else f" ({origin.stain})"
    weights = f" (weights {origin.weights[:12]})" if origin.weights else ""
    return f"{origin.encoder} with {origin.dim} features{stain}{weights}"


def _say_empty(found: _Found) -> list[str]:
    said = []
    if found.empty:
        said.append(f"{len(found.empty)} bags hold no tile and were left out ({name_some(found.empty)}).")
    if found.only_places:
        said.append(
            f"{len(found.only_places)} files hold coordinates alone and were left out ({name_some(found.only_places)})."
        )
    return said


def _say_encoder(origin: BagOrigin, found: _Found) -> list[str]:
    if found.unstated:
        return [f"The files do not say which encoder made them, {origin.dim} features a tile: {ASK_ENCODER}."]
    return []


def _filler(sources: list[_Source], hashes: dict[Path, str] | None) -> Callable[[BagWriter], None]:
    """Copies, or with ``hashes`` links; faulty files are all named at once, at the end."""

    def fill(writer: BagWriter) -> None:
        faults: list[str] = []
        for source in sources:
            try:
                _add(writer, source, hashes)
            except BagError as error:
                faults.append(f"{source.path.name}: {error.message.rstrip('.')}")
        if faults:
            raise BagError(f"{list_faults(faults)}.", hint="Make these bags anew, or remove them.")

    return fill


def _add(writer: BagWriter, source: _Source, hashes: dict[Path, str] | None) -> None:
    bag = source.foreign
    if bag is None:
        with BagFile(source.path) as file:
            writer.add_slide(source.slide_id, file.blocks(source.slide_id), file.attributes(source.slide_id))
        return
    attributes: dict[str, str | float] = {"file": bag.path.name, **bag.attributes}
    if bag.slide_level:
        attributes["level"] = "slide"
    if hashes is None:
        writer.add_slide(source.slide_id, read_blocks(bag), attributes)
    else:
        writer.link_slide(source.slide_id, bag, sha256=hashes[source.path], attributes=attributes)
