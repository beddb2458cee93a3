"""The home page names what is ready and what happened."""

from __future__ import annotations

from survdash import usecases
from survdash.jobs.queue import file_job


def test_the_demo_cohort_is_ready_with_its_numbers(open_page):
    (demo,) = [entry for entry in usecases.list_cohorts() if entry.name == "demo"]
    text = "\n".join(block.value for block in open_page("home").markdown)
    assert f"{demo.cases:,} patients, {demo.events:,} deaths" in text


def test_a_filed_job_is_listed_without_what_it_is_about(open_page):
    job = file_job("predict_case", {"slides": ["/secret/Jane Doe.svs"]})
    page = open_page("home")
    assert any("waiting" in block.value for block in page.markdown)
    assert any(job[:8] in str(link.proto) for link in page.get("page_link"))
    assert "Jane" not in str(page)
