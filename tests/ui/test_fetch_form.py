"""The form of a download on its page: nothing comes before what there is was seen; then the worker fetches."""

from __future__ import annotations

import threading

import pytest
from streamlit.testing.v1 import AppTest

from survdash import usecases
from survdash.jobs import record
from survdash.jobs.queue import read_job
from survdash.progress import silent
from survdash.ui.fetch_form import FETCH, SERVERS, WORDS
from tests.conftest import REPOSITORY
from tests.page_drawing import app_in
from tests.sources.gdc_server import Gdc, star_counts


@pytest.fixture
def page(gdc: Gdc, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The import page with the download chosen; the queue has no worker."""
    for number in range(20):
        case = f"TCGA-2F-{number:04d}"
        gdc.add_case(case, demographic={"vital_status": "Dead", "days_to_death": 100 + number})
        gdc.add_genes(f"{case}-01A", star_counts({"TP53": number, "MYC": 1.0}))
    monkeypatch.setenv("SURVDASH_START_WORKER", "false")
    monkeypatch.chdir(REPOSITORY)
    made = app_in(REPOSITORY / "pages" / "_main.py")
    made.switch_page("import_cohort.py").run()
    made.radio(key="import.kind").set_value(FETCH).run()
    return made


def words(page: AppTest) -> str:
    kinds = ("markdown", "caption", "success", "error")
    return "\n".join(block.value for kind in kinds for block in getattr(page, kind))


def work_off(job: str) -> None:
    """Do what the worker would."""
    result = usecases.HANDLERS[record.read(job).kind](record.read_payload(job), silent, threading.Event())
    record.write_private(record.job_folder(job) / "result.json", result)
    with record.held(job):
        record.finish(record.read(job), "done")


def test_a_cohort_is_seen_then_fetched_by_the_worker(page: AppTest, gdc: Gdc) -> None:
    assert not page.exception
    page.selectbox(key="import.tcga_gdc").select("BLCA").run()
    assert not [button for button in page.button if button.key == "import.start"]
    assert not gdc.asked  # choosing asks nobody
    page.button(key="import.look").click().run()
    assert not page.exception
    assert not [path for path, _ in gdc.asked if path.startswith("/data")]
    shown = page.table[0].value.to_string()
    assert "20" in shown
    assert WORDS["genes"] in shown
    page.button(key="import.start").click().run()
    (job,) = record.job_ids()
    assert read_job(job).kind == usecases.FETCHING
    work_off(job)
    page.run()
    assert not page.exception
    # What has come is looked at like every import, and nothing is stored before the second button.
    assert [card.value for card in page.metric][:2] == ["20", "20"]
    assert "100% of the patients died" in page.warning[0].value
    assert page.button(key="import.start").disabled
    assert "blca-gdc" not in [one.name for one in usecases.list_cohorts() if one.patients_here]
    page.checkbox(key="import.looked").check().run()
    page.button(key="import.start").click().run()
    (imported,) = set(record.job_ids()) - {job}
    assert read_job(imported).kind == usecases.IMPORT
    work_off(imported)
    page.run()
    assert r"Cohort blca\-gdc is here." in words(page)
    assert usecases.cohort_report("blca-gdc").cases == 20  # the report is stored with it


def test_another_choice_must_be_looked_at_again(page: AppTest) -> None:
    page.selectbox(key="import.tcga_gdc").select("BLCA").run()
    page.button(key="import.look").click().run()
    page.number_input(key="import.cases").set_value(5).run()
    assert not [button for button in page.button if button.key == "import.start"]
    page.button(key="import.look").click().run()
    assert [button for button in page.button if button.key == "import.start"]


def test_a_server_that_cannot_be_reached_is_a_message(page: AppTest, gdc: Gdc) -> None:
    gdc.cases.clear()
    page.selectbox(key="import.tcga_gdc").select("BLCA").run()
    page.button(key="import.look").click().run()
    assert not page.exception
    assert "no clinical record" in page.error[0].value


def test_each_server_offers_its_own_cohorts(page: AppTest) -> None:
    assert "COAD" in page.selectbox(key="import.tcga_gdc").options
    page.radio(key="import.server").set_value("cbioportal").run()
    assert "COAD" not in page.selectbox(key="import.tcga_cbioportal").options
    assert set(SERVERS) == {"gdc", "cbioportal"}
