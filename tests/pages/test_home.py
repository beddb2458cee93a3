"""The home page names what is ready and what happened."""

from __future__ import annotations

from survdash import usecases
from survdash.jobs.queue import cancel_job, file_job, remove_jobs


def test_the_demo_cohort_is_ready_with_its_numbers(open_page):
    (demo,) = [entry for entry in usecases.list_cohorts() if entry.name == "demo"]
    text = "\n".join(block.value for block in open_page("home").markdown)
    assert f"{demo.cases:,} patients, {demo.events:,} deaths" in text


def links(page):
    return [str(link.proto) for link in page.get("page_link")]


def test_a_job_of_somebody_else_is_not_listed(open_page):
    job = file_job("predict_case", {"slides": ["/secret/Jane Doe.svs"]})
    page = open_page("home")
    assert not any(job[:8] in link for link in links(page))
    assert "Jane" not in str(page)


def test_a_job_of_this_session_is_listed_until_it_is_removed(open_page):
    job = file_job("predict_case", {"slides": ["/secret/Jane Doe.svs"]})
    page = open_page("new_case", job=job)
    page.switch_page("home.py").run()
    assert any("waiting" in block.value for block in page.markdown)
    assert any(job in link for link in links(page))
    assert "Jane" not in str(page)
    cancel_job(job)
    remove_jobs(older_than_hours=0)
    page.run()
    assert not page.exception
    assert not any(job[:8] in link for link in links(page))


def test_the_recommended_model_is_not_called_the_best_where_another_leads(open_page):
    first, *others = usecases.list_runs("demo")
    best = max([first, *others], key=lambda run: run.cindex_mean)
    text = "\n".join(block.value for block in open_page("home").markdown)
    assert f"C-index **{first.cindex_mean:.2f}**" in text
    assert ("not necessarily the best" in text) == (best.name != first.name)
    assert f"**{best.cindex_mean:.2f}**" in text
