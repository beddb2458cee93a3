"""The Genomic Data Commons: which files of open data there are of a TCGA project, and its clinical records.

POST /files and /cases, in pages of a stated order; the GDC answers what it does not understand with a warning, which is
an error here. Nested fields that are empty may be absent. Source: gdc-docs, docs/API/Users_Guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from survdash.errors import DownloadError, UnknownNameError
from survdash.progress import Cancel, Progress, Report, silent
from survdash.settings import settings
from survdash.sources.barcode import CASE, SAMPLE, choose_samples
from survdash.sources.table_file import name_some

if TYPE_CHECKING:
    from survdash.sources.web import JsonServer

Kind = Literal["genes", "slides"]
PAGE = 200
MOST_RESTARTS = 3
MOST_HITS = 200_000  # of one project; TCGA's largest has some ten thousand files of a kind
MOST_BYTES = 1 << 50
COHORTS = (
    "ACC", "BLCA", "BRCA", "CESC", "CHOL", "COAD", "DLBC", "ESCA", "GBM", "HNSC", "KICH", "KIRC", "KIRP", "LAML", "LGG",
    "LIHC", "LUAD", "LUSC", "MESO", "OV", "PAAD", "PCPG", "PRAD", "READ", "SARC", "SKCM", "STAD", "TGCT", "THCA",
    "THYM", "UCEC", "UCS", "UVM",
)  # fmt: skip
JOINED = {"COADREAD": ("COAD", "READ"), "GBMLGG": ("GBM", "LGG")}
FILE_FIELDS = (
    "file_id", "file_name", "md5sum", "file_size", "access", "state", "cases.submitter_id",
    "cases.samples.submitter_id", "cases.samples.sample_type", "associated_entities.entity_submitter_id",
)  # fmt: skip
EXPANDED = ("demographic", "diagnoses", "follow_ups", "project")
FILTERS: Mapping[Kind, Mapping[str, str]] = {
    "genes": {"data_type": "Gene Expression Quantification", "analysis.workflow_type": "STAR - Counts"},
    "slides": {"data_type": "Slide Image", "experimental_strategy": "Diagnostic Slide"},
}
FILE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SLIDE_NAME = re.compile(r"TCGA-[A-Za-z0-9][A-Za-z0-9._-]{0,180}\.svs")
MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GdcFile:
    """One file of open data, and whose it is."""

    kind: Kind
    file_id: str
    name: str
    md5: str
    size: int
    case_id: str
    sample: str

    @property
    def url(self) -> str:
        """Where it is fetched."""
        return f"{settings().gdc_url}/data/{self.file_id}"


def open_gdc(cancel: Cancel | None = None) -> JsonServer:
    """The GDC at the address of the settings."""
    from survdash.sources.web import JsonServer  # httpx is slow to import, and pages start without it

    return JsonServer("The GDC", settings().gdc_url, setting="SURVDASH_GDC_URL", cancel=cancel)


def projects_of(cohort: str) -> tuple[str, ...]:
    """Projects of the GDC that make up a TCGA cohort.

    Raises
    ------
    UnknownNameError
        If TCGA has no such cohort.

    Examples
    --------
    >>> projects_of("BLCA"), projects_of("coadread")
    (('TCGA-BLCA',), ('TCGA-COAD', 'TCGA-READ'))
    """
    name = cohort.upper().removeprefix("TCGA-")
    if name in JOINED:
        return tuple(f"TCGA-{part}" for part in JOINED[name])
    if name not in COHORTS:
        raise UnknownNameError(
            f"TCGA has no cohort {cohort[:40]!r}.", hint=f"There are {', '.join((*COHORTS, *JOINED))}."
        )
    return (f"TCGA-{name}",)


def data_release(server: JsonServer) -> str:
    """Which release of its data the GDC offers, in its own words."""
    status = server.get("/status")
    if not isinstance(status, dict) or status.get("status") != "OK":
        raise DownloadError(f"{server.title} says that it is not well: {str(status)[:100]}.", hint="Try again later.")
    return str(status.get("data_release") or f"version {status.get('version', 'unknown')}")[:100]


def fetch_cases(server: JsonServer, projects: Sequence[str], *, report: Report = silent) -> list[dict[str, Any]]:
    """Clinical records of all cases of some projects, as the GDC gives them, by barcode.

    Raises
    ------
    DownloadError
        If the GDC cannot be reached, warns, or does not come to an end.
    """
    wanted = {"op": "in", "content": {"field": "project.project_id", "value": list(projects)}}
    body = {"filters": wanted, "expand": ",".join(EXPANDED), "sort": "submitter_id:asc"}
    return _all_hits(server, "/cases", body, key="case_id", report=report)


def list_files(
    server: JsonServer, projects: Sequence[str], kind: Kind, *, codes: tuple[str, ...], report: Report = silent
) -> tuple[tuple[GdcFile, ...], tuple[str, ...]]:
    """Files of one kind that anybody may have, by case.

    Parameters
    ----------
    server : JsonServer
    projects : sequence of str
    kind : {"genes", "slides"}
        STAR-Counts, one of each case; or diagnostic slides, all of each case.
    codes : tuple of str
        Kinds of samples to take (``barcode.codes_of``).

    Returns
    -------
    files : tuple of GdcFile
    notes : tuple of str
        What was left out.

    Raises
    ------
    DownloadError
        As ``fetch_cases``, or if a file has no checksum or a name that cannot be.
    """
    wanted = {"cases.project.project_id": list(projects), "access": ["open"]}
    wanted |= {field: [value] for field, value in FILTERS[kind].items()}
    filters = {"op": "and", "content": [
        {"op": "in", "content": {"field": field, "value": values}} for field, values in wanted.items()
    ]}  # fmt: skip
    body = {"filters": filters, "fields": ",".join(FILE_FIELDS), "sort": "file_id:asc"}
    hits = _all_hits(server, "/files", body, key="file_id", report=report)
    parsed = [(hit, parse_file(hit, kind)) for hit in hits]
    strangers = [str(hit.get("file_name") or hit["file_id"]) for hit, found in parsed if found is None]
    notes = []
    if strangers:
        notes.append(
            f"{len(strangers)} files do not say of which one case they are and are left out ({name_some(strangers)})."
        )
    chosen, said = _choose([found for _, found in parsed if found is not None], kind, codes)
    return chosen, (*notes, *said)


def parse_file(hit: Mapping[str, Any], kind: Kind) -> GdcFile | None:
    """A file of an answer; None where it belongs to no case, or to several.

    Raises
    ------
    DownloadError
        If its checksum or size is missing, or its name could be the way to another place.
    """
    file_id, name = str(hit.get("file_id", "")), str(hit.get("file_name", ""))
    md5, size = str(hit.get("md5sum", "")), hit.get("file_size")
    sound = FILE_ID.fullmatch(file_id) and MD5.fullmatch(md5) and type(size) is int and 0 < size < MOST_BYTES
    if not sound or (kind == "slides" and not SLIDE_NAME.fullmatch(name)):
        words = f"{file_id[:40]!r}, {name[:80]!r}, {size!r} bytes"
        raise DownloadError(f"The GDC describes a file that cannot be: {words}.")
    cases = _records(hit, "cases")
    if len(cases) > 1:
        return None
    samples = [str(one.get("submitter_id", "")) for case in cases for one in _records(case, "samples")]
    entities = [str(one.get("entity_submitter_id", "")) for one in _records(hit, "associated_entities")]
    # Some slides hang on a portion, not on a sample: their own names tell as much.
    named = [*samples, *(entity[:16] for entity in entities), *([name] if kind == "slides" else [])]
    sample = next((one for one in named if SAMPLE.match(one)), "")
    case = str(cases[0].get("submitter_id", "")) if cases else sample[:12]
    owners = {match.groups() for one in named if (match := SAMPLE.match(one)) is not None}  # case, kind of sample
    if not CASE.fullmatch(case) or not sample.startswith(case) or len(owners) != 1 or len(set(samples)) > 1:
        return None
    return GdcFile(kind=kind, file_id=file_id, name=name, md5=md5, size=int(size or 0), case_id=case, sample=sample)


def _records(hit: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = hit.get(name)
    found = [] if value is None else value
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise DownloadError(f"The GDC describes {name} of a file in a form that is not known: {str(value)[:60]}.")
    return found


def _choose(
    files: list[GdcFile], kind: Kind, codes: tuple[str, ...]
) -> tuple[tuple[GdcFile, ...], tuple[str, ...]]:
    """Of expression one file a case; of slides every one of a wanted kind of sample."""
    order = sorted(files, key=lambda one: (one.case_id, one.sample, one.name, one.file_id))
    if kind == "slides":
        kept = tuple(one for one in order if (match := SAMPLE.match(one.sample)) is not None and match[2] in codes)
        names = [one.name for one in kept]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DownloadError(f"The GDC offers {len(twice)} slides twice ({name_some(twice)}).")
        left = len(order) - len(kept)
        return kept, ((f"{left} slides are of other kinds of samples and left out.",) if left else ())
    first: dict[str, GdcFile] = {}
    for one in order:
        first.setdefault(one.sample, one)
    chosen, notes = choose_samples({sample: one.case_id for sample, one in first.items()}, codes)
    spare = len(order) - len(first)
    if spare:
        notes = (*notes, f"{spare} further files of a sample that has several are left out, the first by id is taken.")
    return tuple(sorted((first[sample] for sample in chosen), key=lambda one: one.case_id)), notes


def _all_hits(
    server: JsonServer, path: str, body: Mapping[str, object], *, key: str, report: Report
) -> list[dict[str, Any]]:
    """Every page of a query; begun anew when the answer changes on the way."""
    for _ in range(MOST_RESTARTS):
        hits = _one_pass(server, path, body, report=report)
        if hits is not None and len({str(hit.get(key)) for hit in hits}) == len(hits):
            return hits
    raise DownloadError(
        f"{server.title} changes its answer to {path} from page to page.", hint="Its data are being renewed: try later."
    )


def _one_pass(
    server: JsonServer, path: str, body: Mapping[str, object], *, report: Report
) -> list[dict[str, Any]] | None:
    """All pages; None where the total changes on the way, or a page is not as long as it was asked for."""
    hits, total = _page(server, path, body, start=0)
    while True:
        report(Progress(step=f"Asking the GDC for {path.strip('/')}", done=len(hits), total=total))
        if len(hits) >= total:
            return hits if len(hits) == total else None
        page, now = _page(server, path, body, start=len(hits))
        if now != total or len(page) != min(PAGE, total - len(hits)):
            return None
        hits += page


def _page(
    server: JsonServer, path: str, body: Mapping[str, object], *, start: int
) -> tuple[list[dict[str, Any]], int]:
    answer = server.post(path, {**body, "from": start, "size": PAGE, "format": "JSON"})
    if isinstance(answer, dict) and answer.get("warnings"):
        raise DownloadError(
            f"{server.title} does not understand all of what {path} was asked: {str(answer['warnings'])[:300]}.",
            hint="Its interface has changed; nothing was taken. Please report it.",
        )
    data = answer.get("data") if isinstance(answer, dict) else None
    hits = data.get("hits") if isinstance(data, dict) else None
    pagination = data.get("pagination") if isinstance(data, dict) else None
    total = pagination.get("total") if isinstance(pagination, dict) else None
    flat = isinstance(hits, list) and all(isinstance(hit, dict) for hit in hits)
    if type(total) is not int or total > MOST_HITS or not isinstance(hits, list) or not flat:
        raise DownloadError(f"{server.title} answers {path} in a form that is not known: {str(answer)[:100]}.")
    return hits, total
