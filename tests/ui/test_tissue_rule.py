"""The controls of how tissue is found: what they say, what they change, and the way back."""

from __future__ import annotations

import json
import shutil

import pytest

from survdash.ui.upload import name_part, new_upload
from tests.page_drawing import app_of


def script(identifier):
    import streamlit as st

    from survdash.slide.rules import rule_changes
    from survdash.ui.case_checks import check_slide
    from survdash.ui.checklist import show_list
    from survdash.ui.upload import open_upload

    upload = open_upload(identifier)
    for part in upload.slides:
        said = check_slide(upload, part)
        st.text(f"{rule_changes(said.tissue, said.tiles)} {said.ready} {said.areas and said.areas.name}")
        show_list(said.checks, page="new_case")


@pytest.fixture
def page(shared):
    upload = new_upload()
    shutil.copy(shared / "slides" / "CMU-1-Small-Region.svs", upload.folder / "slide.svs")
    name_part(upload, "slide", "a.svs")
    return app_of(script, args=(upload.identifier,)).run()


def words(page):
    return "\n".join(block.value.replace("\\", "") for block in page.markdown)


def test_each_control_changes_the_rule_the_counts_follow_and_one_button_goes_back(page):
    assert page.text[0].value == "{} True None"
    assert "33 tiles" in words(page)
    assert not page.warning
    page.slider(key="new_case.rule_least").set_value(10)
    page.toggle(key="new_case.rule_folds").set_value(False)
    page.slider(key="new_case.rule_otsu").set_value(0.4).run()
    assert page.text[0].value == "{'otsu_share': 0.4, 'exclude_folds': False, 'min_tissue': 0.1} True None"
    assert "33 tiles" not in words(page)
    assert "excluded." in words(page)
    assert "otsu_share 0.4 (default 0.6)" in page.warning[0].value
    page.button(key="new_case.rule_reset").click().run()
    assert page.text[0].value == "{} True None"
    assert "33 tiles" in words(page)


def test_a_rule_that_finds_nothing_keeps_the_slide_and_is_not_ready(page):
    page.slider(key="new_case.rule_limits").set_value((100.0, 100.0))
    page.slider(key="new_case.rule_least").set_value(100).run()
    assert "no tissue found" in words(page)
    assert page.text[0].value.startswith("{'lowest': 100.0, 'highest': 100.0, 'min_tissue': 1.0} False")
    assert not page.error


def test_a_mask_corrects_the_tissue_and_a_bad_one_is_told_and_deleted(page):
    def give(name, content):
        (uploader,) = [one for one in page.get("file_uploader") if "areas" in one.key]
        uploader.upload(name, content, "application/json").run()

    give("m.geojson", b"[3]")
    assert "m.geojson is no GeoJSON" in page.error[0].value.replace("\\", "")
    assert page.text[0].value == "{} True None"
    ring = [[0, 0], [1024, 0], [1024, 1024], [0, 1024]]
    area = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {"classification": {"name": "Tissue"}}}  # fmt: skip
    give("m.geojson", json.dumps(area).encode())
    assert page.text[0].value == "{} True areas.geojson"
    assert "drawn by hand" in words(page)
