"""Is every file of the data folder whole? What ``doctor --verify`` looks at, file by file.

Everything that is written at run time is written under another name and renamed, so a kill at any moment leaves the
old file or the new one. This reads all of it and says where that does not hold. Half-written files under their
temporary names are no fault: no reader looks at them, and they are named apart, for they take room.
"""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from survdash.artefact import check_arrays, read_artefact
from survdash.bag_file import BagFile
from survdash.errors import SurvdashError
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.settings import settings
from survdash.sources.cohort_folder import MANIFEST, check_cohort_files
from survdash.sources.cohort_states import settle_all
from survdash.store import walk

# What lies there belongs to the users, whatever is in it; of uploads only our own notes are read.
FOREIGN = ("inbox", "downloads", "uploads")
HALF_WRITTEN = (".part", ".old", ".removed", ".aside")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was read, what is not whole, and what writers that ended too early left under temporary names."""

    files: int
    bytes: int
    faults: tuple[str, ...]
    leftovers: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return {"files": self.files, "bytes": self.bytes, "faults": list(self.faults),
                "leftovers": list(self.leftovers)}  # fmt: skip


def verify(*, report: Report = silent, cancel: Cancel | None = None) -> Verified:
    """Read every file of the data folder that survdash wrote.

    Returns
    -------
    Verified
        Paths in it are relative to the data folder.

    Raises
    ------
    Cancelled
        If ``cancel`` is set.
    """
    root = settings().data_dir
    settle_all(root / "cohorts")
    whole, leftovers = _files(root)
    size, faults = 0, []
    for number, path in enumerate(whole):
        check_cancel(cancel, step="Reading the data folder")
        report(Progress(step="Reading the data folder", done=number, total=len(whole)))
        try:
            size += path.stat().st_size
            told = _fault(path)
        except FileNotFoundError:  # removed meanwhile: absent is as good as whole
            continue
        if told:
            faults.append(f"{path.relative_to(root).as_posix()}: {told}")
    faults += [f"{folder.relative_to(root).as_posix()}: {told}" for folder in _folders(root) for told in _torn(folder)]
    report(Progress(step="Reading the data folder", done=len(whole), total=len(whole)))
    return Verified(files=len(whole), bytes=size, faults=tuple(faults), leftovers=tuple(leftovers))


def _files(root: Path) -> tuple[list[Path], list[str]]:
    """Files that must be whole, and names of half-written ones."""
    whole, leftovers = [], []
    for path in sorted(walk(root)):
        inside = path.relative_to(root)
        if any(_is_half(part) for part in inside.parts):
            if _is_half(path.name):
                leftovers.append(inside.as_posix())
        elif path.is_file() and (inside.parts[0] not in FOREIGN or path.name == "about.json"):
            whole.append(path)
    return whole, leftovers


def _is_half(name: str) -> bool:
    return name.endswith(HALF_WRITTEN)


def _folders(root: Path) -> Iterator[Path]:
    """Folders whose files must fit each other: cohorts, kept earlier states of them, and models."""
    for manifest in sorted((root / "cohorts").glob(f"*/{MANIFEST}")):
        yield manifest.parent
    for card in sorted((root / "cohorts").glob("*/runs/[!.]*/card.json")):
        yield card.parent


def _torn(folder: Path) -> Iterator[str]:
    """What does not fit in a cohort or a model."""
    try:
        if (folder / MANIFEST).is_file():
            check_cohort_files(folder)
        else:
            artefact = read_artefact(folder)
            for name in artefact.card.files:
                artefact.file(name)
    except SurvdashError as error:
        yield error.message


def _fault(path: Path) -> str:
    """Why a file is not whole; "" where it is, or where its kind has no inner mark of being whole."""
    check = CHECKS.get(path.suffix)
    if check is None:
        return ""
    try:
        check(path)
    except FileNotFoundError:
        raise
    except (SurvdashError, OSError, ValueError, KeyError, EOFError, sqlite3.Error, zipfile.BadZipFile,
            pa.ArrowException) as error:  # fmt: skip
        return f"not whole ({type(error).__name__})"
    return ""


def _check_json(path: Path) -> None:
    json.loads(path.read_text(encoding="utf-8"))


def _check_lines(path: Path) -> None:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            json.loads(line)


def _check_parquet(path: Path) -> None:
    with pq.ParquetFile(path) as table:
        for _ in table.iter_batches():
            pass


def _check_bags(path: Path) -> None:
    with BagFile(path) as bags:
        for slide_id in bags.slide_ids:
            for _ in bags.blocks(slide_id):
                pass


def _check_npz(path: Path) -> None:
    with np.load(path, allow_pickle=False) as arrays:
        for name in arrays.files:
            arrays[name]


def _check_sqlite(path: Path) -> None:
    connection = sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)
    try:
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    finally:
        connection.close()
    if answer != "ok":
        raise ValueError(answer)


CHECKS: Mapping[str, Callable[[Path], None]] = MappingProxyType({
    ".json": _check_json, ".jsonl": _check_lines, ".parquet": _check_parquet, ".h5": _check_bags, ".npz": _check_npz,
    ".safetensors": check_arrays, ".sqlite": _check_sqlite,
})  # fmt: skip
