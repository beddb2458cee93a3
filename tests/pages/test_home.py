"""The home page names what is ready and what happened."""

from __future__ import annotations

from survdash import usecases
from survdash.jobs.queue import cancel_job, file_job, read_job, remove_jobs
from survdash.ui import job_memory


def test_the_demo_cohort_is_ready_with_its_numbers(open_page):
    (demo,) = [entry for entry in usecases.list_cohorts() if entry.name == "demo"]
    text = "\n".join(block.value for block in open_page("home").markdown)
    assert f"{demo.cases:,} patients, {demo.events:,} deaths" in text


def links(page):
    return [str(link.proto) for link in page.get("page_link")]


def test_a_job_of_somebody_else_is_not_listed_where_others_can_come(open_page, monkeypatch):
    monkeypatch.setattr(job_memory, "is_alone", lambda: False)
    job = file_job("predict_case", {"slides": ["/secret/Jane Doe.svs"]})
    page = open_page("home")
    assert not any(job[:8] in link for link in links(page))
    assert "Jane" not in str(page)


def test_a_server_for_this_machine_alone_lists_every_job_in_a_new_window(open_page, monkeypatch):
    monkeypatch.setattr(job_memory, "is_alone", lambda: True)
    job = file_job("predict_case", {"slides": ["/secret/Jane Doe.svs"]})
    inner = file_job("explain_patient", {"case_id": "Jane"})  # asked for by a page, not by a person
    page = open_page("home")
    assert any(job in link for link in links(page))
    assert not any(inner[:8] in link for link in links(page))
    assert "Jane" not in str(page)


def test_a_waiting_job_is_stopped_from_the_list(open_page, monkeypatch):
    monkeypatch.setattr(job_memory, "is_alone", lambda: True)
    job = file_job("predict_case", {"slides": []})
    page = open_page("home")
    page.button(key=f"home.cancel_{job}").click().run()
    assert read_job(job).state == "cancelled"
    assert any("cancelled" in block.value for block in page.run().markdown)


def test_a_job_of_this_session_is_listed_until_it_is_removed(open_page, monkeypatch):
    monkeypatch.setattr(job_memory, "is_alone", lambda: False)
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
