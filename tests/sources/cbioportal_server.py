"""A cBioPortal on this machine that answers as the real one documents, and no more kindly than it.

Plain arrays; clinical values always text, one row each, of samples unless patients are asked for; META has an empty
body and a count in a header; empty lists are refused; only deep copy-number changes unless all are asked for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from survdash.genes import split_column

STUDY = "blca_tcga_pan_can_atlas_2018"
Answer = Callable[[Request], Response]


@dataclass
class CBioPortal:
    """One study."""

    url: str
    patients: dict[str, dict[str, str]] = field(default_factory=dict)
    genes: dict[str, int] = field(default_factory=dict)
    rna: dict[tuple[str, int], float] = field(default_factory=dict)
    zscores: dict[tuple[str, int], float] = field(default_factory=dict)
    cnv: dict[tuple[str, int], int] = field(default_factory=dict)
    mutations: list[tuple[str, int, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    faults: list[tuple[str, Answer]] = field(default_factory=list)
    count_off: int = 0
    lacks: tuple[str, ...] = ()  # profiles that the study does not have
    studies: dict[str, list[str]] = field(default_factory=dict)  # study to its patients; one with all by default

    @classmethod
    def at(cls, server: HTTPServer) -> CBioPortal:
        """Let a running server answer below /api as cBioPortal."""
        made = cls(url=server.url_for("/api"))
        server.expect_request(re.compile("/api/.*")).respond_with_handler(made.answer)
        return made

    def add_patient(self, case: str, *, status: str, months: float) -> None:
        """One patient and one sample of the primary tumour."""
        self.patients[case] = {"OS_STATUS": status, "OS_MONTHS": f"{months:.6f}", "AGE": "61", "SEX": "Male"}

    def change(self, case: str, attribute: str, value: str) -> None:
        """Another value."""
        self.patients[case][attribute] = value

    def fill(
        self, symbols: Sequence[str], *, rna: Callable[[int, int], float], cnv: Callable[[int, int], int]
    ) -> None:
        """Values from the numbers of case and gene."""
        self.genes |= {symbol: 1000 + place for place, symbol in enumerate(symbols)}
        for number, case in enumerate(self.patients):
            for place, symbol in enumerate(symbols):
                self.rna[f"{case}-01", self.genes[symbol]] = rna(number, place)
                self.cnv[f"{case}-01", self.genes[symbol]] = cnv(number, place)

    def mutate(self, case: str, symbol: str, kind: str) -> None:
        """One mutation."""
        self.mutations.append((f"{case}-01", self.genes[symbol], kind))

    def serve(self, patients: pd.DataFrame, genes: pd.DataFrame, *, study: str) -> None:
        """Real patients as a study of the PanCancer Atlas: months of 30.417 days, GISTIC, mutations, z-scores."""
        self.studies[study] = [str(case) for case in patients.index]
        for row in patients.itertuples():
            months = row.time_months * 30.4375 / 30.417  # type: ignore[operator]
            self.add_patient(str(row.Index), status="1:DECEASED" if row.event else "0:LIVING", months=months)
            facts = {"AGE": row.age, "SEX": row.sex, "AJCC_PATHOLOGIC_TUMOR_STAGE": row.stage}
            for name, value in facts.items():
                self.change(str(row.Index), name, "" if pd.isna(value) else str(value))
        symbols = sorted({split_column(column)[0] for column in genes})
        self.genes |= {symbol: 1000 + place for place, symbol in enumerate(symbols)}
        samples = [f"{case}-01" for case in genes.index]
        for column in genes:
            (symbol, kind), cells = split_column(column), zip(samples, genes[column].tolist(), strict=True)
            given = [((sample, self.genes[symbol]), value) for sample, value in cells if not math.isnan(value)]
            if kind == "rna":
                self.zscores |= dict(given)
            elif kind == "cnv":
                self.cnv |= {key: int(value) for key, value in given}
            else:
                self.mutations += [(*key, "Missense_Mutation") for key, value in given if value]

    def fail(self, path: str, *answers: Response) -> None:
        """Give these answers, in turn, to the next requests whose path begins so."""
        self.faults += [(path, lambda _, answer=answer: answer) for answer in answers]  # type: ignore[misc]

    def count(self, word: str) -> int:
        """How often something was asked for."""
        return sum(word in path for path in self.asked)

    def answer(self, request: Request) -> Response:
        """One request."""
        path = request.path.removeprefix("/api")
        self.asked.append(path)
        for place, (start, fault) in enumerate(self.faults):
            if path.startswith(start):
                del self.faults[place]
                return fault(request)
        studies = self.studies or {STUDY: list(self.patients)}
        study = next((name for name in studies if f"/{name}" in path), STUDY)
        if path == f"/studies/{study}" and study in studies:
            return _json({"studyId": study, "importDate": "2024-05-01 10:00:00"})
        if path == f"/studies/{study}/molecular-profiles":
            names = ("rna_seq_v2_mrna", "gistic", "mutations", "rna_seq_v2_mrna_median_Zscores")
            return _json([{"molecularProfileId": f"{study}_{name}", "studyId": study} for name in names
                          if name not in self.lacks])  # fmt: skip
        if path == f"/studies/{study}/clinical-data":
            return self._clinical(request, studies[study])
        if path == f"/sample-lists/{study}_sequenced/sample-ids":
            return _json([f"{case}-01" for case in studies[study][:-1]])
        if path == "/genes/fetch":
            return self._genes(request)
        if match := re.fullmatch(rf"/molecular-profiles/{study}_(\w+)/([\w-]+)/fetch", path):
            return self._values(request, match[1], match[2])
        return _json({"message": f"Study not found: {path.split('/')[2] if path.count('/') > 1 else path}"}, 404)

    def _clinical(self, request: Request, cases: Sequence[str]) -> Response:
        rows: list[dict[str, str]] = []
        for case, known in ((case, self.patients[case]) for case in cases):
            if request.args.get("clinicalDataType", "SAMPLE") == "PATIENT":
                rows += [{"patientId": case, "studyId": STUDY, "clinicalAttributeId": name, "value": value}
                         for name, value in known.items()]  # fmt: skip
            else:
                rows.append({"patientId": case, "sampleId": f"{case}-01", "studyId": STUDY,
                             "clinicalAttributeId": "SAMPLE_TYPE", "value": "Primary"})  # fmt: skip
        if request.args.get("projection") == "META":
            return Response(b"", headers={"total-count": str(len(rows) + self.count_off)})
        size, page = int(request.args.get("pageSize", 10_000_000)), int(request.args.get("pageNumber", 0))
        return _json(rows[page * size : (page + 1) * size])

    def _genes(self, request: Request) -> Response:
        names = request.get_json()
        if not names:
            return _json({"message": "size must be between 1 and 2147483647"}, 400)
        return _json([{"entrezGeneId": self.genes[name], "hugoGeneSymbol": name, "type": "protein-coding"}
                      for name in names if name in self.genes])  # fmt: skip

    def _values(self, request: Request, profile: str, kind: str) -> Response:
        asked = request.get_json()
        samples, genes = asked.get("sampleIds"), asked.get("entrezGeneIds")
        wanted = set(samples or ())
        if not samples or not genes:
            return _json({"message": "size must be between 1 and 2147483647"}, 400)
        rows: list[dict[str, Any]] = []
        levels = {"rna_seq_v2_mrna": self.rna, "rna_seq_v2_mrna_median_Zscores": self.zscores}
        if profile in levels and kind == "molecular-data":
            values = levels[profile]
            rows = [_row(sample, gene, value=values[sample, gene]) for sample in samples for gene in genes
                    if (sample, gene) in values]  # fmt: skip
        elif (profile, kind) == ("gistic", "discrete-copy-number"):
            everything = request.args.get("discreteCopyNumberEventType", "HOMDEL_AND_AMP") == "ALL"
            rows = [_row(sample, gene, alteration=value) for (sample, gene), value in self.cnv.items()
                    if sample in wanted and gene in genes and (everything or abs(value) == 2)]  # fmt: skip
        elif (profile, kind) == ("mutations", "mutations"):
            rows = [_row(sample, gene, mutationType=word) for sample, gene, word in self.mutations
                    if sample in wanted and gene in genes]  # fmt: skip
        else:
            return _json({"message": f"Molecular profile not found: {profile}"}, 404)
        return _json(rows)


def _row(sample: str, gene: int, **value: object) -> dict[str, Any]:
    return {"sampleId": sample, "patientId": sample[:12], "studyId": STUDY, "entrezGeneId": gene, **value}


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, content_type="application/json")
