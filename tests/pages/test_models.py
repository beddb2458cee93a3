"""The models page tells of every model what it was trained on and which files it is."""

from __future__ import annotations

import pytest

from survdash import usecases


def test_every_card_names_version_purpose_and_checksums(open_page):
    text = str([table.value.to_string() for table in open_page("models").table])
    for card in usecases.list_models():
        assert card["version"] in text
        assert all(checksum[:32] in text for checksum in card["files"].values())
    assert "For research use only" in text


def test_the_formats_promise_no_more_than_the_import_reads(open_page):
    text = "\n".join(block.value for block in open_page("models").markdown)
    for column in ("case_id", "survival_months", "censorship", "time_months", "event", "_rnaseq", "_cnv", "_mut"):
        assert f"`{column}`" in text or f"{column}`" in text
    assert "or any CSV" not in text


@pytest.mark.parametrize("name", ["home", "models"])
def test_what_is_left_out_is_named(open_page, data_dir, name):
    folder = data_dir / "cohorts" / "mine"
    folder.mkdir(parents=True)
    (folder / "cohort.json").write_text("{")
    (warning,) = [box.value for box in open_page(name).warning if "left out" in box.value]
    assert "Cohort mine is left out" in warning
