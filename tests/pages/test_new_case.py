"""The new case page takes files, checks them, files a job and shows how it stands."""

from __future__ import annotations

import json
import threading

import pytest

from survdash import usecases
from survdash.jobs import record
from survdash.jobs.queue import cancel_job
from survdash.progress import silent
from survdash.session_token import read_grant
from survdash.simulation.sample_case import sample_case
from survdash.ui import arrival
from survdash.ui.upload import uploads_folder
from survdash.ui.upload_route import PURPOSE


@pytest.fixture
def sample(tmp_path):
    return sample_case(tmp_path / "sample")


def words(page):
    return "\n".join(block.value.replace("\\", "") for block in page.markdown)


def give(page, part, path, content=None):
    content = path.read_bytes() if content is None else content
    if part == "genes":
        (uploader,) = [one for one in page.get("file_uploader") if part in one.key]
        return uploader.upload(path.name, content, "text/csv").run()
    # What the browser does: it sends the slide to the app's own address, and the page runs again.
    (element,) = page.get("bidi_component")
    slot = json.loads(element.proto.json)["slots"][0]
    identifier, part, _ = read_grant(slot["grant"], purpose=PURPOSE).split("/")
    arrival.begin(identifier, part, name=path.name, size=len(content), mark="")
    with arrival.taking(identifier, part, offset=0) as taker:
        taker.write(content)
    return page.run()


def files():
    return sorted(path.name for path in uploads_folder().rglob("*") if path.is_file())


def test_the_checks_come_before_the_work_and_the_job_carries_our_files(open_page, sample):
    slide, genes = sample
    page = give(open_page("new_case", cohort="demo"), "slide", slide)
    assert "from the file" in words(page)
    page = give(page, "genes", genes)
    assert "342 of the model's 342 found" in words(page)
    assert not record.job_ids()
    page.button(key="new_case.predict").click().run()
    (job,) = record.job_ids()
    assert page.query_params["job"] == job
    payload = record.read_payload(job)
    assert payload["cohort"] == "demo"
    assert [path.rpartition("/")[2] for path in payload["slides"]] == ["slide.tiff"]
    assert payload["genes"].endswith("/genes.csv")
    assert "Working on this case" in page.header[0].value


def test_several_slides_of_a_patient_are_checked_and_a_repeated_one_is_refused(open_page, tmp_path, sample):
    slide, _ = sample
    other, _ = sample_case(tmp_path / "other", number=1)
    page = give(open_page("new_case", cohort="demo"), "slide", slide)
    page = give(page, "slide", tmp_path / "copy.tiff", slide.read_bytes())
    assert "copy.tiff is the same slide as slide.tiff" in page.error[0].value.replace("\\", "")
    assert files() == ["about.json", "slide.tiff"]
    page = give(page, "slide", tmp_path / "other.tiff", other.read_bytes())
    assert not page.error
    assert words(page).count("from the file") == 2
    page.toggle(key="new_case.rule2_ink").set_value(False).run()
    page.button(key="new_case.predict").click().run()
    (job,) = record.job_ids()
    payload = record.read_payload(job)
    assert [path.rpartition("/")[2] for path in payload["slides"]] == ["slide.tiff", "slide2.tiff"]
    assert (payload["mpp"], payload["areas"]) == ([None, None], [None, None])
    assert [rule["exclude_ink"] for rule in payload["tissue"]] == [True, False]


def test_a_gene_table_alone_is_answered_by_a_model_that_reads_genes_alone(open_page, sample):
    page = give(open_page("new_case", cohort="demo"), "genes", sample[1])
    page.button(key="new_case.predict").click().run()
    (job,) = record.job_ids()
    payload = record.read_payload(job)
    assert payload["slides"] == []
    assert "genes" in payload["run"] or payload["run"] == "snn"


def test_the_sample_case_fills_in_both_parts(open_page):
    page = open_page("new_case", cohort="demo")
    page.button(key="new_case.sample").click().run()
    assert not page.error
    assert files() == ["about.json", "genes.csv", "slide.tiff"]
    assert not page.button(key="new_case.predict").disabled


@pytest.mark.parametrize(
    ("part", "name", "content", "message"),
    [("slide", "letter.svs", b"II*\0This is a letter.\n", "letter.svs"),
     ("genes", "empty.csv", b"", "empty.csv is empty"),
     ("genes", "letter.csv", b"Dear colleague,\nplease find enclosed\n", "")],
)
def test_a_file_that_cannot_be_used_is_told_and_not_kept(open_page, tmp_path, part, name, content, message):
    page = give(open_page("new_case", cohort="demo"), part, tmp_path / name, content)
    assert not page.exception
    assert len(page.error) == 1
    assert message in page.error[0].value.replace("\\", "")
    assert files() == []
    assert "upload" not in page.query_params


def test_forty_percent_of_the_genes_missing_is_refused_with_the_numbers(open_page, sample):
    lines = sample[1].read_text().splitlines()
    kept = "\n".join([lines[0], *(line for row, line in enumerate(lines[1:]) if row % 5 > 1)])
    page = give(open_page("new_case", cohort="demo"), "genes", sample[1], kept.encode())
    assert len(page.error) == 1
    assert any(figure.isdigit() for figure in page.error[0].value)
    assert files() == []


def test_a_cancelled_case_can_be_changed_and_its_files_deleted(open_page, sample):
    page = give(open_page("new_case", cohort="demo"), "genes", sample[1])
    page.button(key="new_case.predict").click().run()
    cancel_job(page.query_params["job"])
    page.run()
    assert "cancelled" in page.info[0].value
    page.button(key="new_case.again").click().run()
    assert "genes.csv" in words(page)
    page.button(key="new_case.remove_genes").click().run()
    assert files() == []


def test_the_files_of_a_case_are_deleted_on_a_click(open_page, sample):
    page = give(open_page("new_case", cohort="demo"), "genes", sample[1])
    page.button(key="new_case.predict").click().run()
    cancel_job(page.query_params["job"])
    page.run()
    page.button(key="new_case.delete").click().run()
    assert files() == []
    assert not page.error


@pytest.mark.parametrize(
    ("address", "message"),
    [({"job": "0" * 32}, "There is no job"), ({"job": "../../etc"}, "There is no job"),
     ({"upload": "0" * 32}, "not here any more"), ({"upload": "../jobs"}, "not here any more")],
)
def test_an_address_that_leads_nowhere_is_told(open_page, address, message):
    page = open_page("new_case", **address)
    assert message in page.error[0].value.replace("\\", "")
    assert not page.exception


def test_the_stage_is_asked_for_and_handed_on_only_where_the_model_reads_it(open_page, sample, data_dir):
    cohort = usecases.open_cohort("demo")
    usecases.crossval(cohort, usecases.make_recipe(cohort, model="cox_ridge", modalities=("genes", "clinical")))
    page = give(open_page("new_case", cohort="demo"), "genes", sample[1])
    assert not [box for box in page.selectbox if box.key == "new_case.stage"]
    page.selectbox(key="new_case.run_genes").select("cox_ridge-genes-clinical").run()
    page.selectbox(key="new_case.stage").select("III").run()
    page.button(key="new_case.predict").click().run()
    (job,) = record.job_ids()
    assert record.read_payload(job)["stage"] == "III"
    assert not page.exception


def test_a_finished_batch_shows_answers_failures_and_each_patient_by_link(open_page, sample, tmp_path):
    letter = tmp_path / "letter.csv"
    letter.write_text("Dear colleague,\n")
    files = {"=A": sample[1], "B": letter}
    requests = [usecases.PredictRequest(genes=path, case_id=name) for name, path in files.items()]
    job_id = usecases.file_batch(requests)
    state = record.read(job_id)
    result = usecases.HANDLERS[state.kind](record.read_payload(job_id), silent, threading.Event())
    record.write_private(record.job_folder(job_id) / "result.json", result)
    record.finish(state, "done")
    page = open_page("new_case", job=job_id)
    assert not page.exception
    assert not page.error
    assert page.header[0].value == "1 of 2 patients have an answer"
    answers, failures = (table.value for table in page.dataframe)
    assert answers["case"].tolist() == ["=A"]
    assert 0 <= answers["alive"][0] <= 100
    assert failures.iloc[0, 0] == "B"
    page = open_page("new_case", job=job_id, case="=A")
    assert not page.error
    assert "Of 100 patients with a profile like this" in " ".join(one.value for one in page.header)
    page = open_page("new_case", job=job_id, case="B")
    assert page.error
    assert "No patient of this table" in open_page("new_case", job=job_id, case="Z").error[0].value
