"""What may be asked of a download, and what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from survdash.errors import InputError, UnknownNameError
from survdash.usecases.fetch_request import FetchRequest, fetchable_cohorts


@pytest.mark.parametrize(
    "changes",
    [{"what": ("methylation",)}, {"what": ()}, {"source": "cbioportal", "what": ("slides",)}, {"cases": 0},
     {"name": "Not A Name"}, {"source": "elsewhere"}, {"expression": "rsem"},
     {"source": "cbioportal", "expression": "counts"},
     {"cases": 3, "case_ids": ("TCGA-2F-A9KO",)}],
)  # fmt: skip
def test_what_cannot_be_fetched_is_refused_at_once(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        FetchRequest(**{"cohort": "BLCA"} | changes)


def test_each_source_has_its_place_and_only_genes_make_a_cohort(data_dir: Path) -> None:
    asked = FetchRequest(cohort="TCGA-blca")
    assert (asked.cohort_name, asked.place) == ("blca-gdc", data_dir / "downloads" / "gdc" / "TCGA-BLCA")
    assert asked.import_request is not None
    assert (asked.import_request.table, asked.import_request.name) == (asked.place, "blca-gdc")
    portal = FetchRequest(cohort="BLCA", source="cbioportal", folder=data_dir / "x")
    assert portal.place == data_dir / "x" / "cbioportal" / "blca_tcga_pan_can_atlas_2018"
    assert FetchRequest(cohort="BLCA", what=("clinical", "slides")).import_request is None
    with pytest.raises(UnknownNameError):
        _ = FetchRequest(cohort="COAD", source="cbioportal").place


def test_every_cohort_that_is_offered_can_be_asked_for() -> None:
    for source in ("gdc", "cbioportal"):
        for cohort in fetchable_cohorts(source):  # type: ignore[arg-type]
            assert FetchRequest(cohort=cohort, source=source).place.name  # type: ignore[arg-type]
