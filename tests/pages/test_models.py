"""The models page tells of every model what it was trained on and which files it is."""

from __future__ import annotations

import pytest

from survdash import usecases
from survdash.jobs import record


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


def test_every_method_is_listed_and_can_be_trained_from_here(open_page):
    page = open_page("models", cohort="demo")
    (methods,) = [table.value for table in page.dataframe if "title" in table.value]
    assert methods["title"].tolist() == [one["title"] for one in usecases.describe_methods()]
    page.multiselect[0].select("rsf").run()
    page.button(key="models.train").click().run()
    (job,) = record.job_ids()
    assert record.read_payload(job) == {"cohort": "demo", "models": ["rsf"]}
    assert not page.exception
    page.switch_page("home.py").run()
    assert any(job in str(link.proto) and "Training" in str(link.proto) for link in page.get("page_link"))
