"""What was downloaded from the GDC, as a folder that can be imported again and again without the network.

``download.json`` (which files, of which release), ``cases.json`` (clinical records as they came), ``genes/<id>.tsv``,
``slides/<name>.svs``. The two lists are written before the first file is fetched, so a download that was stopped knows
what is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from survdash.errors import ClinicalError, DownloadError
from survdash.genes import functional_groups
from survdash.sources.follow_up import MONTH_DAYS
from survdash.sources.gdc import FILE_ID, SLIDE_NAME, GdcFile
from survdash.sources.gdc_cases import read_cases
from survdash.sources.research_csv import ResearchTable
from survdash.sources.star_counts import SCALE, find_renamed, read_star_counts
from survdash.sources.table_file import name_some
from survdash.store import file_sha256, write_json

FORMAT = 1
MANIFEST, CASES, GENES, SLIDES = "download.json", "cases.json", "genes", "slides"


class _Manifest(BaseModel):
    """What stands in download.json."""

    model_config = ConfigDict(extra="forbid")

    format: int
    projects: list[str]
    release: str
    fetched: str
    url: str
    cases: list[str]
    files: list[GdcFile]
    notes: list[str]


def is_gdc_folder(path: Path) -> bool:
    """Whether a folder is a download of ours from the GDC."""
    return (path / MANIFEST).is_file()


def file_path(folder: Path, file: GdcFile) -> Path:
    """Where a file lies in the folder; its name comes from our own list, never from the answer that brings it."""
    return folder / GENES / f"{file.file_id}.tsv" if file.kind == "genes" else folder / SLIDES / file.name


def write_lists(
    folder: Path, *, projects: Sequence[str], release: str, fetched: str, url: str, hits: Sequence[Mapping[str, Any]],
    files: Sequence[GdcFile], cases: Sequence[str], notes: Sequence[str],
) -> None:  # fmt: skip
    """Write what is to be downloaded and the clinical records.

    Parameters
    ----------
    folder : Path
    projects, release, fetched, url
        What was asked, of whom, and when.
    hits : sequence of mapping
        Clinical records.
    files : sequence of GdcFile
    cases : sequence of str
        The cases that were chosen.
    notes : sequence of str
        What the choice left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / CASES, list(hits))
    write_json(folder / MANIFEST, {
        "format": FORMAT, "projects": list(projects), "release": release, "fetched": fetched, "url": url,
        "cases": sorted(cases), "files": [asdict(one) for one in files], "notes": list(notes),
    })  # fmt: skip


def read_gdc_folder(path: Path, *, symbols: Collection[str] | None = None) -> ResearchTable:
    """Read a download from the GDC.

    Parameters
    ----------
    path : Path
    symbols : collection of str, optional
        Genes to keep; those of the functional groups by default.

    Raises
    ------
    DownloadError
        If gene tables are still missing, or the lists are damaged.
    ClinicalError, GeneError
        If the clinical records or a gene table are at fault.
    """
    wanted = frozenset[str]().union(*functional_groups().values()) if symbols is None else symbols
    manifest, hits = _read_lists(path)
    read = read_cases(hits)
    patients = read.patients[read.patients.index.isin(manifest.cases)]
    others = len(read.patients) - len(patients)
    if patients.empty:
        raise ClinicalError(f"{path.name}: no patient has a follow-up above zero and an outcome.")
    here = [one for one in manifest.files if one.case_id in patients.index]
    genes, gene_notes = _read_genes(path, [one for one in here if one.kind == "genes"], wanted)
    slides = {one.name.removesuffix(".svs"): one.case_id for one in here if one.kind == "slides"}
    lacking = 0 if genes is None else len(patients) - len(genes)
    without = [f"{lacking} cases have no gene values."] if lacking else []
    if others:
        without.append(f"{others} other cases of {', '.join(manifest.projects)} with an outcome were not fetched.")
    index = pd.Index(sorted(slides), name="slide_id", dtype="str")
    return ResearchTable(
        patients=patients, genes=genes, dropped=read.dropped, ignored=(), left_out=read.left_out,
        lines=len(hits),
        slides=pd.Series([slides[name] for name in index], index=index, name="case_id", dtype="str"),
        notes=(*read.notes, *manifest.notes, *gene_notes, *without),
        source={
            "file": path.name, "sha256": file_sha256(path / MANIFEST), "server": manifest.url,
            "release": manifest.release, "fetched": manifest.fetched, "projects": manifest.projects,
            "times": f"days, kept in months of {MONTH_DAYS:g} days",
        },
    )  # fmt: skip


def _read_lists(folder: Path) -> tuple[_Manifest, list[dict[str, Any]]]:
    hint = "Start 'fetch-cohort' again: what has arrived is kept."
    try:
        manifest = _Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        hits = json.loads((folder / CASES).read_bytes())
    except (OSError, ValidationError, ValueError) as error:
        raise DownloadError(f"{folder.name}: the lists of the download cannot be read.", hint=hint) from error
    if manifest.format != FORMAT:
        raise DownloadError(f"{folder.name} was downloaded by another version of survdash.", hint=hint)
    odd = [
        one.name for one in manifest.files
        if not FILE_ID.fullmatch(one.file_id) or (one.kind == "slides" and not SLIDE_NAME.fullmatch(one.name))
    ]  # fmt: skip
    if odd or not isinstance(hits, list) or not all(isinstance(hit, dict) for hit in hits):
        raise DownloadError(f"{folder.name}: the lists of the download have been changed.", hint=hint)
    return manifest, hits


def _is_as_listed(path: Path, file: GdcFile) -> bool:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "md5").hexdigest() == file.md5


def _read_genes(
    folder: Path, files: list[GdcFile], symbols: Collection[str]
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    if not files:
        return None, ("The download has no gene expression.",)
    lost = [one.case_id for one in files if not file_path(folder, one).is_file()]
    if lost:
        raise DownloadError(
            f"{folder.name}: {len(lost)} of {len(files)} gene tables have not arrived ({name_some(lost)}).",
            hint="Start 'fetch-cohort' again: it goes on where it was.",
        )
    damaged = [one.case_id for one in files if not _is_as_listed(file_path(folder, one), one)]
    if damaged:
        raise DownloadError(
            f"{folder.name}: {len(damaged)} gene tables are not what the GDC gave ({name_some(damaged)}).",
            hint=f"Delete them from {GENES}/ and start 'fetch-cohort' again.",
        )
    renamed = find_renamed(file_path(folder, files[0]), symbols)
    rows = {one.case_id: read_star_counts(file_path(folder, one), symbols=symbols, renamed=renamed) for one in files}
    genes = pd.DataFrame.from_dict(rows, orient="index").astype(np.float32)
    genes = genes[sorted(map(str, genes))].add_suffix("_rna").sort_index()
    genes.index = pd.Index(genes.index, name="case_id", dtype="str")
    lacking = sorted(set(symbols) - {str(name).removesuffix("_rna") for name in genes})
    notes = [f"Expression: {SCALE} of STAR-Counts, lines of one symbol added up; genes of no group left out."]
    if renamed:
        some = name_some(sorted(renamed.values()))
        notes.append(f"{len(renamed)} genes have other symbols there and were known by their Ensembl ids: {some}.")
    if lacking:
        notes.append(f"{len(lacking)} of {len(symbols)} genes of the groups are not in it: {name_some(lacking)}.")
    return genes, tuple(notes)
