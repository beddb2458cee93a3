"""A cohort as a folder of plain files, written whole or not at all.

``cohort.json`` (what it is, gene groups, slides, hashes), ``patients.parquet``, ``genes.parquet``, ``bags.h5`` (one bag
file for the cohort), ``folds.csv``, ``import_report.json`` (what the import said). Reading opens no bag.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from shutil import copyfile

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from survdash.bag_file import BagFile, BagWriter, new_bag_file
from survdash.case import BagOrigin
from survdash.cohort import PATIENT_COLUMNS, Cohort
from survdash.errors import BagError, CohortError, SurvdashError, UnknownNameError
from survdash.store import digest, file_sha256, new_folder, write_json

SCHEMA = 1
KINDS = {"time_months": "float64", "event": "bool", "age": "float64", "sex": "str", "stage": "str", "site": "str"}
PATIENTS, GENES, BAGS, FOLDS, MANIFEST = "patients.parquet", "genes.parquet", "bags.h5", "folds.csv", "cohort.json"
REPORT = "import_report.json"
FILES = (MANIFEST, PATIENTS, GENES, FOLDS, BAGS)
FACTS_KEPT = 16  # cohorts; some megabytes each where patients are ten thousand
FillBags = Callable[[BagWriter], None]


class _Origin(BaseModel):
    encoder: str
    weights: str
    dim: int
    stain: str = "none"


class _Manifest(BaseModel):
    """What stands in cohort.json."""

    model_config = ConfigDict(extra="forbid")

    schema_version: int
    name: str
    title: str
    simulated: bool
    endpoint: str
    gene_groups: dict[str, list[str]]
    slides: dict[str, str]
    bag_origin: _Origin | None
    source: dict[str, object]
    sha256: dict[str, str]
    digest: str


def write_cohort(
    folder: Path,
    *,
    name: str,
    title: str,
    simulated: bool,
    endpoint: str,
    patients: pd.DataFrame,
    genes: pd.DataFrame | None,
    gene_groups: Mapping[str, tuple[str, ...]],
    slides: pd.Series | Mapping[str, str],
    folds: pd.Series | None,
    source: Mapping[str, object],
    bags: Path | FillBags | None = None,
    bag_origin: BagOrigin | None = None,
    allow_missing: bool = False,
    report: Mapping[str, object] | None = None,
    place: Callable[[Path], AbstractContextManager[Path]] = new_folder,
) -> None:
    """Write a cohort folder in the place of ``folder``; on any error the old one stays.

    Parameters
    ----------
    folder : Path
    name, title, simulated, endpoint, patients, genes, gene_groups, folds, source
        As in ``Cohort``; rows need not be sorted.
    slides : Series or mapping
        ``slide_id`` to ``case_id`` of every slide in the bags.
    bags : Path, callable or None
        A ready bag file, which is copied, or a function that adds all slides to the writer it is given.
    bag_origin : BagOrigin
        Needed with a callable.
    allow_missing : bool
        With a callable: the bags are slide-level vectors, which may hold NaN.
    report : mapping, optional
        What the import said (``preview``), kept as plain JSON beside the tables and no part of their digest.
    place : callable
        How the new folder takes the old one's place; ``cohort_states.new_state`` keeps the old one.

    Raises
    ------
    CohortError, BagError
        If the tables contradict each other, or a bag cannot be written.
    """
    slides = pd.Series(dict(slides), dtype="str").sort_index()
    with place(folder) as temporary:
        _write_patients(temporary / PATIENTS, patients)
        if genes is not None:
            _write_parquet(temporary / GENES, _sorted_genes(genes))
        if folds is not None:
            folds.rename("fold").rename_axis("case_id").astype("int64").sort_index().to_csv(temporary / FOLDS)
        if bags is not None:
            _write_bags(temporary / BAGS, bags, origin=bag_origin, allow_missing=allow_missing)
        origin = check_bags(temporary / BAGS, slides, name=name)
        parts: dict[str, object] = {
            "schema_version": SCHEMA, "name": name, "title": title, "simulated": simulated, "endpoint": endpoint,
            # Pairs: JSON is written with sorted keys, and groups keep the paper's order.
            "gene_groups": [[group, list(columns)] for group, columns in gene_groups.items()],
            "slides": {str(slide): str(case) for slide, case in slides.items()},
            "bag_origin": None if origin is None else origin.to_json(),
            "sha256": {path.name: file_sha256(path) for path in sorted(temporary.iterdir())},
        }
        # Where and when the tables came from changes nothing in them, so it is no part of the digest.
        write_json(temporary / MANIFEST, {**parts, "source": dict(source), "digest": digest(parts)})
        if report is not None:
            write_json(temporary / REPORT, report)
        # Who has genes, but not the values: they were in memory just now, and may be gigabytes.
        _read_checked(temporary, hint="Import the cohort again.", gene_values=False)


def read_cohort(folder: Path, *, shipped: bool = False) -> Cohort:
    """Read and check a cohort folder; bags stay closed.

    Parameters
    ----------
    folder : Path
    shipped : bool
        The folder came with survdash: a fault is then mended by installing anew, not by importing anew.

    Returns
    -------
    Cohort

    Raises
    ------
    UnknownNameError
        If there is no such folder.
    CohortError
        If a file is missing, changed since it was written, malformed, or of a newer survdash.
    """
    return _read_checked(folder, hint=_hint(shipped=shipped), gene_values=True)


def read_facts(folder: Path, *, shipped: bool = False) -> Cohort:
    """The same without the values of its genes: ``genes`` has its rows and no column; raises as ``read_cohort``.

    Read once for each state of the files, and shared by all who ask in this process: read-only.
    """
    return _facts(folder, _hint(shipped=shipped), tuple(map(_mark, (folder / name for name in FILES))))


@lru_cache(maxsize=FACTS_KEPT)
def _facts(folder: Path, hint: str, _state: tuple[object, ...]) -> Cohort:
    return _read_checked(folder, hint=hint, gene_values=False)


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _hint(*, shipped: bool) -> str:
    return "Install survdash anew." if shipped else "Import the cohort again."


def _read_checked(folder: Path, *, hint: str, gene_values: bool) -> Cohort:
    if not (folder / MANIFEST).is_file():
        raise UnknownNameError(f"There is no cohort {folder.name!r}.", hint="Import it, or choose another.")
    manifest = _read_manifest(folder / MANIFEST, hint=hint)
    lost = [file for file in manifest.sha256 if not (folder / file).is_file()]
    # Bags may be gigabytes; they are checked when they are opened. The small files are hashed each time.
    small = [file for file in manifest.sha256 if file not in (BAGS, *lost)]
    faults = [f"{file} is missing" for file in lost]
    faults += [f"{file} has changed" for file in small if file_sha256(folder / file) != manifest.sha256[file]]
    if faults:
        raise CohortError(f"Cohort {manifest.name}: {'; '.join(faults)}.", hint=hint)
    try:
        patients = pd.read_parquet(folder / PATIENTS)
        wanted: list[str] | None = None if gene_values else []
        genes = pd.read_parquet(folder / GENES, columns=wanted) if GENES in manifest.sha256 else None
        folds = _read_folds(folder / FOLDS) if FOLDS in manifest.sha256 else None
    except (
        KeyError, ValueError, OSError, TypeError, AttributeError, IndexError, OverflowError, pa.ArrowException,
    ) as error:  # fmt: skip
        raise CohortError(f"Cohort {manifest.name}: a table cannot be read: {str(error)[:200]}.", hint=hint) from error
    origin = manifest.bag_origin
    return Cohort(
        name=manifest.name, title=manifest.title, simulated=manifest.simulated, endpoint=manifest.endpoint,
        patients=patients, genes=genes,
        gene_groups={group: tuple(names) for group, names in manifest.gene_groups.items()},
        bag_path=folder / BAGS if BAGS in manifest.sha256 else None,
        slides=pd.Series(
            list(manifest.slides.values()), index=pd.Index(list(manifest.slides), name="slide_id", dtype="str"),
            name="case_id", dtype="str",
        ),
        bag_origin=None if origin is None else BagOrigin(**origin.model_dump()),
        folds=folds, source=manifest.source, digest=manifest.digest,
    )


def check_cohort_files(folder: Path) -> None:
    """Compare every file of a cohort, its bags too, with the hash in its manifest; this reads all bytes.

    Raises
    ------
    CohortError
        If a file is missing or has changed, or the manifest is malformed or of a newer survdash.
    """
    manifest = _read_manifest(folder / MANIFEST, hint="Import the cohort again.")
    torn = [name for name, sha256 in manifest.sha256.items() if not _is(folder / name, sha256)]
    if torn:
        raise CohortError(f"{', '.join(sorted(torn))} is missing or has changed.", hint="Import the cohort again.")


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and file_sha256(path) == sha256


def read_digest(folder: Path) -> str:
    """Digest of a cohort folder, without reading its tables.

    Raises
    ------
    CohortError
        If cohort.json is malformed, or of a newer survdash.
    """
    return _read_manifest(folder / MANIFEST, hint="Import the cohort again.").digest


def _read_folds(path: Path) -> pd.Series:
    return pd.read_csv(path, dtype={"case_id": "str", "fold": "int64"}).set_index("case_id")["fold"]


def _write_patients(path: Path, patients: pd.DataFrame) -> None:
    lacking = [column for column in PATIENT_COLUMNS if column not in patients]
    if lacking:
        raise CohortError(f"The patient table lacks {', '.join(lacking)}.")
    first = [*PATIENT_COLUMNS, *(column for column in patients if column not in PATIENT_COLUMNS)]
    table = patients[first].sort_index()
    _write_parquet(path, table.astype(KINDS))


def _sorted_genes(genes: pd.DataFrame) -> pd.DataFrame:
    """Rows in order, float32; a large table that is so already is not copied."""
    in_order = genes if genes.index.is_monotonic_increasing else genes.sort_index()
    narrow = all(kind == np.float32 for kind in in_order.dtypes.unique())
    return in_order if narrow else in_order.astype(np.float32)


def _write_parquet(path: Path, table: pd.DataFrame) -> None:
    table = table.set_axis(pd.Index(table.index, name="case_id", dtype="str"))
    try:
        # Thousands of gene columns: what parquet keeps beside each one costs more than it saves.
        table.to_parquet(path, compression="zstd", use_dictionary=False, write_statistics=False)
    except (ValueError, TypeError, pa.ArrowException) as error:
        raise CohortError(f"{path.stem} cannot be stored: {error}.") from error


def _write_bags(path: Path, bags: Path | FillBags, *, origin: BagOrigin | None, allow_missing: bool) -> None:
    if isinstance(bags, Path):
        copyfile(bags, path)
        return
    if origin is None:
        raise CohortError("Bags were given without a statement of what made them.")
    with new_bag_file(path, origin, allow_missing=allow_missing) as writer:
        bags(writer)


def check_bags(path: Path, slides: pd.Series, *, name: str) -> BagOrigin | None:
    """What made the bags of a cohort's file; None where it has none.

    Raises
    ------
    CohortError, BagError
        If the bags and the list of slides do not name the same slides.
    """
    if not path.exists():
        if len(slides):
            raise CohortError(f"Cohort {name} names {len(slides)} slides but has no bags.")
        return None
    with BagFile(path) as bags:
        there, wanted = set(bags.slide_ids), set(slides.index)
        if there != wanted:
            raise BagError(
                f"Cohort {name}: {len(wanted - there)} slides have no bag, {len(there - wanted)} bags have no case.",
                hint="The bag file and the list of slides must name the same slides.",
            )
        return bags.origin


def _read_manifest(path: Path, *, hint: str) -> _Manifest:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["schema_version"]
        if isinstance(version, int) and version > SCHEMA:
            raise CohortError(
                f"Cohort {path.parent.name} has schema {version}; this survdash reads up to {SCHEMA}.",
                hint="Update survdash.",
            )
        content["gene_groups"] = dict(content["gene_groups"])
        return _Manifest.model_validate(content)
    except SurvdashError:
        raise
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise CohortError(f"{path.parent.name}/{path.name} is malformed: {faults}.", hint=hint) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CohortError(f"{path.parent.name}/{path.name} is malformed: {error}.", hint=hint) from error

