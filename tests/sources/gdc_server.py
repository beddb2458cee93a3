"""A GDC on this machine that answers as the real one documents, and no more kindly than it.

Ten hits where no size is asked for, another order each time where no sort is, a warning and no error for a field that
it does not know, fields that are empty absent. ``faults`` are answers that come before the right one.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

KNOWN = {
    "file_id", "file_name", "md5sum", "file_size", "access", "state", "data_type", "experimental_strategy",
    "cases.submitter_id", "cases.case_id", "cases.samples.submitter_id", "cases.samples.sample_type",
    "associated_entities.entity_submitter_id", "analysis.workflow_type", "cases.project.project_id", "submitter_id",
    "case_id", "project.project_id",
}  # fmt: skip
EXPANDS = {"demographic", "diagnoses", "follow_ups", "project"}
Answer = Callable[[Request], Response]


@dataclass
class Gdc:
    """What the server holds, what it was asked, and how it misbehaves."""

    url: str
    cases: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    data: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    faults: list[tuple[str, Answer]] = field(default_factory=list)
    ranges: bool = True
    block_delay_s: float = 0.0

    @classmethod
    def at(cls, server: HTTPServer) -> Gdc:
        """Let a running server answer as the GDC."""
        made = cls(url=server.url_for("").rstrip("/"))
        server.expect_request(re.compile("/(?!api/).*")).respond_with_handler(made.answer)
        return made

    def add_case(self, case: str, **record: Any) -> None:
        """Clinical record; ``demographic`` and so on as the GDC nests them."""
        self.cases.append({"submitter_id": case, "case_id": _id(case), "project": {"project_id": "TCGA-BLCA"}} | record)

    def add_genes(self, sample: str, content: bytes, **changes: Any) -> str:
        """STAR-Counts of a sample (16 characters); returns the file's id."""
        name = f"{_id(sample + str(len(self.files)))}.rna_seq.augmented_star_gene_counts.tsv"
        return self._add(name, sample, content, {
            "data_type": "Gene Expression Quantification", "analysis": {"workflow_type": "STAR - Counts"}, **changes,
        })  # fmt: skip

    def add_slide(self, name: str, content: bytes, **changes: Any) -> str:
        """A diagnostic slide; returns the file's id."""
        kind = {"data_type": "Slide Image", "experimental_strategy": "Diagnostic Slide"}
        return self._add(name, name[:16], content, kind | changes)

    def _add(self, name: str, sample: str, content: bytes, record: dict[str, Any]) -> str:
        file_id = _id(name)
        self.data[file_id] = content
        self.files.append({
            "file_id": file_id, "file_name": name, "md5sum": hashlib.md5(content).hexdigest(), "access": "open",
            "file_size": len(content), "state": "released",
            "cases": [{"submitter_id": sample[:12], "project": {"project_id": "TCGA-BLCA"},
                       "samples": [{"submitter_id": sample}]}],
        } | record)  # fmt: skip
        return file_id

    def fail(self, path: str, *answers: Response | Answer) -> None:
        """Give these answers, in turn, to the next requests whose path begins so."""
        self.faults += [(path, answer if callable(answer) and not isinstance(answer, Response) else _always(answer))
                        for answer in answers]  # fmt: skip

    def answer(self, request: Request) -> Response:
        """One request."""
        self.asked.append((request.path, request.get_json(silent=True) or request.headers.get("Range")))
        for place, (path, fault) in enumerate(self.faults):
            if request.path.startswith(path):
                del self.faults[place]
                return fault(request)
        if request.path == "/status":
            return _json({"commit": "0", "status": "OK", "tag": "8.5.0", "version": 1})
        if request.path in ("/files", "/cases"):
            return self._search(request)
        if request.path.startswith("/data/"):
            return self._data(request)
        return _json({"message": f"{request.path} not found"}, 404)

    def _search(self, request: Request) -> Response:
        if request.method != "POST" or request.mimetype != "application/json":
            return _json({"message": "GET is for short queries; POST application/json"}, 400)
        asked = request.get_json()
        fields = [name for name in str(asked.get("fields", "")).split(",") if name]
        expand = [name for name in str(asked.get("expand", "")).split(",") if name]
        records = self.files if request.path == "/files" else self.cases
        filters = asked.get("filters")
        hits = [one for one in records if filters is None or _fits(one, filters)]
        if sort := asked.get("sort"):
            hits = sorted(hits, key=lambda one: str(_values(one, sort.split(":")[0])))
        else:
            random.shuffle(hits)
        start, size = int(asked.get("from", 0)), int(asked.get("size", 10))
        page = [_show(one, fields, expand) for one in hits[start : start + size]]
        unknown = [name for name in fields if name not in KNOWN] + [name for name in expand if name not in EXPANDS]
        warnings = {"fields": f"unrecognized values: {unknown}"} if unknown else {}
        pagination = {"count": len(page), "total": len(hits), "size": size, "from": start, "sort": sort or "",
                      "page": start // size + 1, "pages": -(-len(hits) // size)}  # fmt: skip
        return _json({"data": {"hits": page, "pagination": pagination}, "warnings": warnings})

    def _data(self, request: Request) -> Response:
        content = self.data.get(request.path.removeprefix("/data/"))
        if content is None:
            return _json({"message": "404 Not Found: file not found"}, 404)
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        start = int(wanted[1]) if wanted and self.ranges else 0
        if start >= len(content):
            return Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
        # A name that would lead out of any folder, and quotes: what a client must never take for a path.
        headers = {"Content-Disposition": 'attachment; filename="../../../evil \\" .tsv"',
                   "Content-Length": str(len(content) - start)}  # fmt: skip
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return Response(self._blocks(content[start:]), status=206 if start else 200, headers=headers)

    def _blocks(self, content: bytes) -> Iterator[bytes]:
        for start in range(0, len(content), 16_384):
            if start:
                time.sleep(self.block_delay_s)
            yield content[start : start + 16_384]


def truncated(content: bytes, *, at: int, status: int = 200) -> Response:
    """An answer that breaks off: its length says more than comes."""
    return Response(iter([content[:at]]), status=status, headers={"Content-Length": str(len(content))})


def star_counts(values: dict[str, float], *, more: str = "") -> bytes:
    """A STAR-Counts table of these genes, all of one line and protein coding."""
    lines = ["# gene-model: GENCODE v36",
             "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded\t"
             "fpkm_unstranded\tfpkm_uq_unstranded"]  # fmt: skip
    lines += [f"{name}\t\t\t2164380\t2164380\t2164380\t\t\t"
              for name in ("N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous")]  # fmt: skip
    lines += [f"ENSG{number:011d}.15\t{symbol}\tprotein_coding\t10\t5\t5\t{tpm:.4f}\t1.0\t2.0"
              for number, (symbol, tpm) in enumerate(values.items())]  # fmt: skip
    return ("\n".join(lines) + "\n" + more).encode()


def _id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, content_type="application/json")


def _always(answer: Response) -> Answer:
    return lambda _: answer


def _values(record: Any, path: str) -> list[Any]:
    """Everything at a dotted path, through lists."""
    if isinstance(record, list):
        return [value for one in record for value in _values(one, path)]
    head, _, rest = path.partition(".")
    if not isinstance(record, dict) or record.get(head) is None:
        return []
    return _values(record[head], rest) if rest else [record[head]]


def _fits(record: dict[str, Any], filters: dict[str, Any]) -> bool:
    if filters["op"] == "and":
        return all(_fits(record, part) for part in filters["content"])
    wanted = filters["content"]["value"]
    name = filters["content"]["field"].removeprefix("files.")
    return any(value in (wanted if isinstance(wanted, list) else [wanted]) for value in _values(record, name))


def _show(record: dict[str, Any], fields: list[str], expand: list[str]) -> dict[str, Any]:
    """What was asked of a record; what is null is absent."""
    shown: dict[str, Any] = {"id": record.get("file_id", record.get("case_id"))}
    for name in fields or [key for key in record if not isinstance(record[key], (dict, list))]:
        _copy(record, shown, name.split("."))
    return shown | {name: record[name] for name in expand if record.get(name) is not None}


def _copy(record: dict[str, Any], shown: dict[str, Any], path: list[str]) -> None:
    value = record.get(path[0])
    if value is None:
        return
    if len(path) == 1:
        shown[path[0]] = value
    elif isinstance(value, list):
        kept = shown.setdefault(path[0], [{} for _ in value])
        for one, copy in zip(value, kept, strict=True):
            _copy(one, copy, path[1:])
    else:
        _copy(value, shown.setdefault(path[0], {}), path[1:])
