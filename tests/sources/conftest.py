"""Real tables read once, and small made ones."""

from __future__ import annotations

import csv
import random
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from survdash.settings import settings
from survdash.sources.research_csv import ResearchTable, read_research_csv

Rows = Sequence[Mapping[str, object]]
WriteTable = Callable[..., Path]


@pytest.fixture(scope="session")
def tcga(shared: Path) -> Path:
    """The folder of real TCGA tables."""
    return shared / "tcga"


@pytest.fixture(scope="session")
def blca(tcga: Path) -> ResearchTable:
    """The real bladder cohort."""
    return read_research_csv(tcga / "blca_rnaseq_cnv.csv.zip")


@pytest.fixture(scope="session")
def shuffled_blca(tcga: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[list[str]]]:
    """BLCA with its lines in another order, in a file, and its header and lines as the csv module reads them."""
    with zipfile.ZipFile(tcga / "blca_rnaseq_cnv.csv.zip") as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    header, rows = lines[0], lines[1:]
    random.Random(7).shuffle(rows)
    path = tmp_path_factory.mktemp("shuffled") / "blca.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    parsed = list(csv.reader([header, *rows]))
    return path, parsed[0], parsed[1:]


@pytest.fixture
def write_table(tmp_path: Path) -> WriteTable:
    """Write rows (mappings) as CSV; a missing key is an empty cell."""

    def write(rows: Rows, name: str = "table.csv", *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        path = tmp_path / name
        with path.open("w", newline="", encoding=encoding) as file:
            writer = csv.DictWriter(file, columns, delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of more than 0.1 MB are too large."""
    monkeypatch.setenv("SURVDASH_MAX_TABLE_MB", "0.1")
    settings.cache_clear()


@pytest.fixture(scope="session")
def patients() -> Callable[[int], list[dict[str, object]]]:
    """Lines of made patients; every second died, every fourth is a man; two genes."""

    def make(number: int) -> list[dict[str, object]]:
        return [
            {
                "case_id": f"P{i:03d}",
                "slide_id": f"P{i:03d}-1.svs",
                "survival_months": 1.5 + i,
                "censorship": i % 2,
                "is_female": int(i % 4 > 0),
                "age": 50 + i % 30,
                "site": "AA",
                "TP53_rnaseq": 0.25 * i - 1,
                "MYC_cnv": i % 5 - 2,
            }
            for i in range(number)
        ]

    return make
