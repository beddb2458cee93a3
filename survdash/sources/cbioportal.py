"""cBioPortal's interface: the tables of one TCGA study, written as a study folder that ``study_folder`` reads.

Answers are plain JSON arrays, one row a value. A request for values names samples and genes by Entrez id, so it is cut
into pieces; each piece that has arrived is kept beside the folder until all have, and the folder then appears whole.
Source: cBioPortal's OpenAPI document (``/api/v3/api-docs``).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from survdash.errors import DownloadError, UnknownNameError
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.settings import settings
from survdash.sources.gdc import COHORTS, JOINED
from survdash.sources.study_files import StudyTables, write_study
from survdash.store import digest, write_json

if TYPE_CHECKING:
    from survdash.sources.web import JsonServer

Kind = Literal["rna", "zscores", "cnv", "mut"]
PROFILES: Mapping[str, Kind] = {
    "rna_seq_v2_mrna": "rna", "rna_seq_v2_mrna_median_Zscores": "zscores", "gistic": "cnv", "mutations": "mut",
}  # fmt: skip
ENDPOINTS: Mapping[Kind, str] = {
    "rna": "molecular-data/fetch", "zscores": "molecular-data/fetch", "cnv": "discrete-copy-number/fetch",
    "mut": "mutations/fetch",
}  # fmt: skip
PAGE = 100_000
MOST_VALUES = 40_000  # of one request: about 8 MB of JSON
MOST_GENES = 1_000
BYTES_A_VALUE = 200   # of JSON, roughly
STUDY = "_tcga_pan_can_atlas_2018"
STUDIES = tuple(sorted({name for name in COHORTS if name not in ("COAD", "READ")} | {"COADREAD"}))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """What a study holds, before any gene value is fetched.

    Parameters
    ----------
    study : str
    imported : str
        When cBioPortal took it in: what tells one state of it from another.
    profiles : mapping
        Kind to the profile's id, of those that it has.
    patients, samples : tuple of dict
        Clinical rows: ``patientId`` (and ``sampleId``), ``clinicalAttributeId``, ``value``.
    sequenced : frozenset of str
        Samples in which a mutation would have been seen.
    """

    study: str
    imported: str
    profiles: Mapping[Kind, str]
    patients: tuple[dict[str, Any], ...]
    samples: tuple[dict[str, Any], ...]
    sequenced: frozenset[str]


def open_cbioportal(cancel: Cancel | None = None) -> JsonServer:
    """The cBioPortal at the address of the settings."""
    from survdash.sources.web import JsonServer  # httpx is slow to import, and pages start without it

    return JsonServer("cBioPortal", settings().cbioportal_url, setting="SURVDASH_CBIOPORTAL_URL", cancel=cancel)


def study_of(cohort: str) -> str:
    """The PanCancer Atlas study of a TCGA cohort; colon and rectum are one there.

    Raises
    ------
    UnknownNameError
        If there is none.

    Examples
    --------
    >>> study_of("BLCA")
    'blca_tcga_pan_can_atlas_2018'
    """
    name = cohort.upper().removeprefix("TCGA-")
    if name not in STUDIES:
        raise UnknownNameError(f"cBioPortal has no study of cohort {cohort[:40]!r}.", hint=f"Of: {', '.join(STUDIES)}.")
    return f"{name.lower()}{STUDY}"


def studies_of(cohort: str) -> tuple[str, ...]:
    """All studies that hold patients of a TCGA cohort, which may hold others too; one that is joined has two.

    Raises
    ------
    UnknownNameError
        If there is none.

    Examples
    --------
    >>> studies_of("READ"), len(studies_of("GBMLGG"))
    (('coadread_tcga_pan_can_atlas_2018',), 2)
    """
    name = cohort.upper().removeprefix("TCGA-")
    parts = ("COADREAD",) if name in ("COAD", "READ", "COADREAD") else JOINED.get(name, (name,))
    return tuple(study_of(part) for part in parts)


def describe_study(server: JsonServer, study: str, *, report: Report = silent) -> Study:
    """Ask for everything but gene values.

    Raises
    ------
    DownloadError
        If the server cannot be reached, has no such study, or leaves some rows out.
    """
    report(Progress(step="Asking cBioPortal for the study", done=0, total=4))
    about = server.get(f"/studies/{study}")
    found = _rows(server, f"/studies/{study}/molecular-profiles")
    ids = {str(one.get("molecularProfileId", "")) for one in found}
    profiles = {kind: f"{study}_{name}" for name, kind in PROFILES.items() if f"{study}_{name}" in ids}
    report(Progress(step="Asking cBioPortal for the study", done=1, total=4))
    patients = _clinical(server, study, "PATIENT")
    report(Progress(step="Asking cBioPortal for the study", done=2, total=4))
    samples = _clinical(server, study, "SAMPLE")
    report(Progress(step="Asking cBioPortal for the study", done=3, total=4))
    sequenced = server.get(f"/sample-lists/{study}_sequenced/sample-ids") if "mut" in profiles else []
    if not isinstance(sequenced, list) or not isinstance(about, dict):
        raise _odd(server, f"study {study}", about)
    return Study(
        study=study, imported=str(about.get("importDate", ""))[:40], profiles=profiles, patients=patients,
        samples=samples, sequenced=frozenset(map(str, sequenced)),
    )  # fmt: skip


def fetch_entrez(server: JsonServer, symbols: Collection[str]) -> dict[int, str]:
    """Entrez ids of gene symbols: values are asked for by these alone. Symbols that are not known are absent."""
    names, known = sorted(symbols), dict[int, str]()
    for start in range(0, len(names), MOST_GENES):
        part = names[start : start + MOST_GENES]
        for row in _posted(server, "/genes/fetch", part, params={"geneIdType": "HUGO_GENE_SYMBOL"}):
            if type(row.get("entrezGeneId")) is int and row.get("hugoGeneSymbol") in symbols:
                known[row["entrezGeneId"]] = str(row["hugoGeneSymbol"])
    return known


def fetch_study(
    server: JsonServer, study: Study, folder: Path, *, samples: Sequence[str], genes: Mapping[int, str],
    fetched: str, report: Report = silent,
) -> None:  # fmt: skip
    """Fetch the gene values of some samples and write the study folder, whole or not at all.

    Parameters
    ----------
    server : JsonServer
    study : Study
    folder : Path
        Replaced when everything has arrived; what has arrived so far waits in ``.<name>.answers`` beside it.
    samples : sequence of str
    genes : mapping
        Entrez id to symbol.
    fetched : str
        Today, for the folder's own description.
    report : Report

    Raises
    ------
    DownloadError
        If an answer does not fit what was asked.
    Cancelled
        If the server's cancel flag is set; what has arrived is kept.
    """
    kept = folder.with_name(f".{folder.name}.answers")
    tasks = [
        (kind, profile, named, ids)
        for kind, profile in study.profiles.items()
        if (named := sorted(set(samples) & study.sequenced if kind == "mut" else samples))  # an empty list is refused
        for ids in _chunks(sorted(genes), max(1, MOST_VALUES // len(named)))
    ]
    values: dict[Kind, list[dict[str, Any]]] = {kind: [] for kind in study.profiles}
    for number, (kind, profile, named, ids) in enumerate(tasks):
        check_cancel(server.cancel, step="Asking cBioPortal for gene values")
        report(Progress(step="Asking cBioPortal for gene values", done=number, total=len(tasks), message=profile))
        values[kind] += _piece(server, kept, study, kind=kind, profile=profile, samples=named, genes=ids)
    write_study(folder, StudyTables(
        study=study.study, description=f"Fetched from {server.url} on {fetched}; taken in there on {study.imported}.",
        patients=study.patients, samples=study.samples, sequenced=study.sequenced, values=values, genes=genes,
    ), chosen=samples)  # fmt: skip
    shutil.rmtree(kept, ignore_errors=True)
    report(Progress(step="Asking cBioPortal for gene values", done=len(tasks), total=len(tasks)))


def _chunks(ids: Sequence[int], size: int) -> list[Sequence[int]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _piece(
    server: JsonServer, kept: Path, study: Study, *, kind: Kind, profile: str, samples: Sequence[str],
    genes: Sequence[int],
) -> list[dict[str, Any]]:  # fmt: skip
    """The values of some genes: from an earlier try, or asked for and kept."""
    # By default only amplifications and deep deletions come: a 0 would look like a value that is missing.
    params = {"discreteCopyNumberEventType": "ALL"} if kind == "cnv" else {}
    path, body = f"/molecular-profiles/{profile}/{ENDPOINTS[kind]}", {"sampleIds": samples, "entrezGeneIds": genes}
    request = {"url": server.url, "path": path, "body": body, "params": params, "imported": study.imported}
    file = kept / f"{digest(request)}.json"
    if file.is_file():
        rows: list[dict[str, Any]] = json.loads(file.read_bytes())
        return rows
    asked, wanted = set(samples), set(genes)
    value = {"rna": "value", "zscores": "value", "cnv": "alteration", "mut": "mutationType"}[kind]
    rows = []
    for row in _posted(server, path, body, params=params):
        if row.get("sampleId") not in asked or row.get("entrezGeneId") not in wanted:
            raise _odd(server, path, row)
        rows.append({"sample": row["sampleId"], "gene": row["entrezGeneId"], "value": row.get(value)})
    write_json(file, rows)
    return rows


def _clinical(server: JsonServer, study: str, kind: str) -> tuple[dict[str, Any], ...]:
    """All clinical rows of a kind, counted against what the server says that there are."""
    path = f"/studies/{study}/clinical-data"
    counted = server.header(path, "total-count", params={"clinicalDataType": kind, "projection": "META"})
    if not counted.isdecimal():
        raise DownloadError(f"{server.title} does not say how many clinical rows {study} has.", hint="Try again later.")
    rows: list[dict[str, Any]] = []
    while len(rows) <= int(counted):  # a server that gives the same page again and again comes to an end too
        page = _rows(server, path, {
            "clinicalDataType": kind, "projection": "SUMMARY", "pageSize": PAGE, "pageNumber": len(rows) // PAGE,
        })  # fmt: skip
        rows += page
        if len(page) < PAGE:
            break
    if int(counted) != len(rows):
        raise DownloadError(
            f"{server.title} gave {len(rows)} of {counted} clinical rows of {study}.", hint="Try again later."
        )
    return tuple(rows)


def _rows(server: JsonServer, path: str, params: Mapping[str, str | int] | None = None) -> list[dict[str, Any]]:
    return _checked(server, path, server.get(path, params))


def _posted(server: JsonServer, path: str, body: object, *, params: Mapping[str, str | int]) -> list[dict[str, Any]]:
    return _checked(server, path, server.post(path, body, params=params))


def _checked(server: JsonServer, path: str, answer: Any) -> list[dict[str, Any]]:
    if not isinstance(answer, list) or not all(isinstance(row, dict) and _is_flat(row) for row in answer):
        raise _odd(server, path, answer)
    return answer


def _is_flat(row: Mapping[str, Any]) -> bool:
    """Whether what is looked up among names and ids can be."""
    return not any(isinstance(row.get(name), (list, dict)) for name in ("sampleId", "entrezGeneId", "hugoGeneSymbol"))


def _odd(server: JsonServer, path: str, answer: Any) -> DownloadError:
    return DownloadError(f"{server.title} answers {path} in a form that is not known: {str(answer)[:100]}.")
