"""What a job takes at most is told from what was asked, and is not less than what it took."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from survdash.features.embed import embed_slide
from survdash.jobs.room import Need
from survdash.simulation.sample_case import sample_case
from survdash.sources.importing import ImportRequest
from survdash.usecases import HANDLERS
from survdash.usecases.case_request import PredictRequest, request_to_json
from survdash.usecases.importing import request_to_json as import_to_json
from survdash.usecases.needs import NEEDS, PROCESS_BYTES, of_import, of_prediction, of_training


def test_every_need_is_of_a_job_that_there_is() -> None:
    assert set(NEEDS) <= set(HANDLERS)


def test_a_slide_needs_no_less_than_its_bag_took(tmp_path: Path) -> None:
    sample_case(tmp_path)
    bag = embed_slide(tmp_path / "slide.tiff").bag_path
    need = of_prediction(request_to_json(PredictRequest(slides=(tmp_path / "slide.tiff",))))
    assert bag.stat().st_size < need.disk < 100 * bag.stat().st_size


def test_a_case_of_genes_alone_needs_no_disk() -> None:
    assert of_prediction(request_to_json(PredictRequest(genes=Path("genes.csv")))) == Need(memory=PROCESS_BYTES)


def test_a_network_that_holds_tiles_many_times_over_needs_more() -> None:
    small, large = (of_training({"cohort": "demo", "models": [name]}).memory for name in ("glg", "transmil"))
    assert PROCESS_BYTES < small < large


def test_bags_that_are_linked_take_no_disk(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("x" * 1000)
    (tmp_path / "bags").mkdir()
    np.save(tmp_path / "bags" / "a.npy", np.zeros((1000, 100)))
    request = ImportRequest(table=tmp_path / "table.csv", name="a", features=tmp_path / "bags")
    copied, linked = (of_import(import_to_json(request) | {"link": link}).disk for link in (False, True))
    assert copied - linked == (tmp_path / "bags" / "a.npy").stat().st_size
