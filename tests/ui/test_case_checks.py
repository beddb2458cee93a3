"""The checks before the work: real slides, with and without a stated resolution."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tifffile
from PIL import Image

from survdash.ui.upload import name_part, new_upload
from tests.page_drawing import app_of


def script(identifier):
    import streamlit as st

    from survdash.ui.case_checks import check_slide
    from survdash.ui.checklist import show_list
    from survdash.ui.upload import open_upload

    upload = open_upload(identifier)
    for part in upload.slides:
        said = check_slide(upload, part)
        show_list(said.checks, page="new_case")
        st.text(f"{said.mpp} {said.ready}" + " ink kept" * (not said.tissue.exclude_ink))


@pytest.fixture
def given(shared):
    def give(name):
        upload = new_upload()
        shutil.copy(shared / "slides" / name, upload.folder / "slide.svs")
        return name_part(upload, "slide", name)

    return give


def words(page):
    return "\n".join(block.value.replace("\\", "") for block in page.markdown)


def test_a_slide_that_says_its_resolution_is_ready(given):
    page = app_of(script, args=(given("CMU-1-Small-Region.svs").identifier,)).run()
    assert "2,220 × 2,967 pixels" in words(page)
    assert "0.499 µm per pixel, from the file" in words(page)
    assert page.text[0].value == "None True"


def test_a_slide_that_does_not_say_it_is_ready_once_the_user_does(given):
    upload = given("TCGA-CR-7395-01A-01-TS1.svs")
    page = app_of(script, args=(upload.identifier,)).run()
    assert page.text[0].value == "None False"
    page.number_input(key="new_case.mpp").set_value(0.5).run()
    assert page.text[0].value == "0.5 True"
    assert "0.5 µm per pixel, as you say" in words(page)
    page.number_input(key="new_case.mpp").set_value(19.0).run()  # no tile of this slide would be left
    assert len(page.error) == 1
    assert page.text[0].value == "None False"
    assert upload.slides["slide"].exists(), "the number is wrong, not the file"


def test_a_resolution_no_scanner_has_is_asked_for_with_its_value(tmp_path):
    upload = new_upload()
    pixels = np.random.default_rng(0).integers(0, 60, (1024, 1024, 3)) + np.array([190, 90, 150])
    pixels = pixels.astype(np.uint8)
    tifffile.imwrite(
        upload.folder / "slide.svs", pixels, tile=(256, 256), photometric="rgb", compression="jpeg", metadata=None,
        description="Aperio Image Library v11\r\n1024x1024 (256x256) JPEG/RGB Q=90|MPP = 5.0",
    )  # fmt: skip
    upload = name_part(upload, "slide", "a.svs")
    page = app_of(script, args=(upload.identifier,)).run()
    assert "this file states 5 um per pixel, and slide scanners have 0.08 to 1.1" in words(page)
    assert page.text[0].value == "None False"
    page.number_input(key="new_case.mpp").set_value(0.5).run()
    assert page.text[0].value == "0.5 True"


def test_possible_ink_can_be_kept(given, shared):
    upload = given("histoprep_slide.jpeg")
    pixels = np.asarray(Image.open(upload.slides["slide"])).copy()
    pixels[1000:1800] = (0, 130, 70)
    Image.fromarray(pixels).save(upload.slides["slide"], format="PNG")
    page = app_of(script, args=(upload.identifier,)).run()
    page.number_input(key="new_case.mpp").set_value(0.5).run()
    assert "tiles excluded" in words(page)
    assert page.text[0].value == "0.5 True"
    page.toggle(key="new_case.rule_ink").set_value(False).run()
    assert "tiles kept" in words(page)
    assert page.text[0].value == "0.5 True ink kept"
