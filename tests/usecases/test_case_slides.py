"""Where a patient's slides lie, and what is said where they do not."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pandas as pd
import pytest

from survdash.bag_file import BagFile
from survdash.file_hash import kept_sha256
from survdash.jobs.queue import file_job
from survdash.settings import SHIPPED_MODELS
from survdash.usecases import case_slides
from survdash.usecases.case_request import PredictRequest, request_to_json
from survdash.usecases.case_slides import BY_NAME, DELETED, OTHER, measure_slide, slides_of_job, slides_of_patient
from survdash.usecases.library import open_cohort

SAMPLE = SHIPPED_MODELS / "demo" / "sample_1" / "slide.tiff"


@pytest.fixture
def demo():
    if not SAMPLE.is_file():
        pytest.skip("the demo cohort is not here; make it: python -m survdash make-demo")
    return open_cohort("demo")


def test_a_drawn_slide_is_drawn_again_to_the_byte(demo, data_dir):
    (slide,) = slides_of_patient("demo", "SIM-0003")
    with BagFile(demo.bag_path) as file:
        facts = file.attributes("SIM-0003-slide")
    assert slide.path is not None
    assert kept_sha256(slide.path) == slide.sha256 == facts["slide_sha256"]
    assert slide.path.is_relative_to(data_dir)
    assert (slide.tile_px, slide.mpp, slide.note) == (256, 0.5, "")
    size = measure_slide(slide.path)
    assert (size.left, size.top, size.width, size.height) == (0, 0, facts["width"], facts["height"])
    assert slides_of_patient("demo", "SIM-0003") == (slide,)


def test_other_bytes_are_not_shown_as_the_slide(demo, monkeypatch):
    monkeypatch.setattr(case_slides, "file_sha256", lambda _: "0" * 64)
    (slide,) = slides_of_patient("demo", "SIM-0004")
    assert slide.path is None
    assert "drawn again" in slide.note


@pytest.fixture
def real(demo, monkeypatch):
    """The demo's bags as if of real patients, whose slides nobody can draw."""
    made = replace(demo, source={})
    monkeypatch.setattr(case_slides, "open_cohort", lambda _: made)
    return made


def test_a_slide_that_is_not_here_says_where_to_put_it(real):
    (slide,) = slides_of_patient("demo", "SIM-0003")
    assert slide.path is None
    assert slide.sha256
    assert "SIM-0003-slide" in slide.note.format(name=slide.name)
    assert "inbox" in slide.note


def test_the_inbox_is_looked_at_and_the_content_decides(demo, real, data_dir, tmp_path, monkeypatch):
    inbox = data_dir / "inbox"
    (inbox / "scans").mkdir(parents=True)
    place = inbox / "scans" / "SIM-0003-slide.tiff"
    shutil.copy(SAMPLE, place)
    (slide,) = slides_of_patient("demo", "SIM-0003")
    assert (slide.path, slide.note) == (None, OTHER)
    monkeypatch.setattr(case_slides, "open_cohort", lambda _: demo)
    (drawn,) = slides_of_patient("demo", "SIM-0003")
    monkeypatch.setattr(case_slides, "open_cohort", lambda _: real)
    shutil.copy(drawn.path, place)
    (slide,) = slides_of_patient("demo", "SIM-0003")
    assert (slide.path, slide.note) == (place, "")
    outside = tmp_path / "elsewhere.tiff"
    shutil.move(place, outside)
    place.symlink_to(outside)
    assert slides_of_patient("demo", "SIM-0003")[0].path is None  # no link leads out of the inbox


def test_features_that_do_not_say_their_file_go_by_its_name(real, data_dir, monkeypatch):
    monkeypatch.setattr(BagFile, "attributes", lambda *_: {})
    (data_dir / "inbox").mkdir()
    place = data_dir / "inbox" / "SIM-0003-slide.tiff"
    shutil.copy(SAMPLE, place)
    (slide,) = slides_of_patient("demo", "SIM-0003")
    assert (slide.path, slide.note) == (place, BY_NAME)
    assert slide.sha256 == kept_sha256(place)
    assert (slide.tile_px, slide.mpp) == (None, None)


def test_a_patient_without_a_slide_has_none(demo, real, monkeypatch):
    bare = replace(real, slides=pd.Series(dtype=object))
    monkeypatch.setattr(case_slides, "open_cohort", lambda _: bare)
    assert slides_of_patient("demo", "SIM-0003") == ()


def test_the_slides_of_a_new_case_are_those_it_was_given_while_they_are_here(demo, tmp_path):
    path = tmp_path / "slide.tiff"
    shutil.copy(SAMPLE, path)
    job = file_job("predict_case", request_to_json(PredictRequest(slides=(path,))))
    facts = [{"sha256": kept_sha256(path), "mpp": 0.5}]
    (slide,) = slides_of_job(job, facts)
    assert (slide.number, slide.path, slide.note, slide.mpp) == (0, path, "", 0.5)
    assert slides_of_job(job, None) == ()
    path.write_bytes(b"another file of that name")
    assert slides_of_job(job, facts)[0].path is None
    path.unlink()
    (gone,) = slides_of_job(job, facts)
    assert (gone.path, gone.note) == (None, DELETED)
