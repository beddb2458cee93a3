"""The import page, as a session sees it: form, preview, job; nothing stored before the button."""

from __future__ import annotations

import threading

import pytest
from streamlit.testing.v1 import AppTest

from survdash import usecases
from survdash.jobs import record
from survdash.jobs.queue import read_job
from survdash.progress import silent
from survdash.ui.inbox import inbox_folder


def table_of(rows: list[str], header: str = "case_id,slide_id,survival_months,censorship,age,TP53_rnaseq") -> bytes:
    return "\n".join([header, *rows]).encode()


def plain(patients: int = 40, *, days: float = 1.0) -> bytes:
    return table_of([f"P{i:02d},S{i},{days * (2 + i)},{i % 2},{50 + i},{i / 7}" for i in range(patients)])


def give(page: AppTest, part: str, name: str, content: bytes) -> AppTest:
    return page.file_uploader(key=f"import.{part}_0").upload(name, content, "text/csv").run()


def words(page: AppTest) -> str:
    return "\n".join(block.value for kind in ("markdown", "caption", "warning", "info", "error", "success")
                     for block in getattr(page, kind))  # fmt: skip


def work_off(job: str) -> None:
    """Do what the worker would."""
    payload, state = record.read_payload(job), record.read(job)
    result = usecases.HANDLERS[state.kind](payload, silent, threading.Event())
    record.write_private(record.job_folder(job) / "result.json", result)
    with record.held(job):
        record.finish(state, "done")


def test_a_table_is_shown_before_anything_is_stored_and_then_imported_by_the_worker(open_page, data_dir):
    page = give(open_page("import_cohort"), "table", "My patients.csv", plain())
    assert not page.exception
    assert [card.value for card in page.metric][:2] == ["40", "20"]
    assert page.text_input[0].value == "my_patients"
    assert not (data_dir / "cohorts").exists()
    page.button(key="import.start").click().run()
    (job,) = record.job_ids()
    assert read_job(job).kind == usecases.IMPORT
    work_off(job)
    page.run()
    assert "Cohort my\\_patients is here." in words(page)
    assert usecases.open_cohort("my_patients").source["table"]["file"] == "My_patients.csv"
    assert not list((data_dir / "uploads").iterdir())  # what was uploaded is gone once it is stored


def test_a_doubt_must_be_looked_at_before_the_import(open_page):
    page = give(open_page("import_cohort"), "table", "days.csv", plain(days=30.4))
    assert "are these days" in words(page)
    assert page.button(key="import.start").disabled
    page.checkbox(key="import.looked").check().run()
    assert not page.button(key="import.start").disabled


def test_a_faulty_table_is_a_message_with_line_and_column_and_no_button(open_page):
    page = give(open_page("import_cohort"), "table", "bad.csv", plain().replace(b",53,", b",530,"))
    assert "age in line 5 is not between 0 and 120 years" in page.error[0].value.replace("\\", "")
    assert "import.start" not in [button.key for button in page.button]
    page.button(key="import.remove_table").click().run()
    assert not page.error


def test_a_name_that_cannot_be_and_one_that_is_taken(open_page):
    page = give(open_page("import_cohort"), "table", "mine.csv", plain())
    page.text_input[0].set_value("Mine!").run()
    assert "cannot name a cohort" in page.error[0].value
    page.text_input[0].set_value("mine").run()
    assert "is here already" not in words(page)


def test_the_inbox_folder_offers_files_and_folders_by_their_kind(open_page, data_dir):
    inbox = inbox_folder()
    (inbox / "bags").mkdir(parents=True)
    (inbox / "t.csv").write_bytes(plain())
    (inbox / "notes.pdf").write_bytes(b"x")
    page = open_page("import_cohort")
    assert page.selectbox(key="import.inbox_table").options == ["t.csv"]
    assert page.selectbox(key="import.inbox_features").options == ["bags", "t.csv"]
    page.selectbox(key="import.inbox_table").select("t.csv").run()
    assert page.metric[0].value == "40"


HOSPITAL = "Patient;Follow-up;Vital status;Alter;Geschlecht\n" + "\n".join(
    f"H{i:03d};{400 + 11 * i};{('deceased', 'alive', 'lost')[i % 3]};{50 + i % 30};{'mw'[i % 2]}" for i in range(60)
)


def test_the_wizard_asks_for_the_unit_and_every_word_and_keeps_the_answers(open_page, data_dir):
    page = open_page("import_cohort")
    page.radio(key="import.kind").set_value("hospital").run()
    give(page, "table", "klinik.csv", HOSPITAL.encode())
    (unit,) = [box for box in page.selectbox if box.label == "It counts"]
    assert unit.value is None
    assert "unit is missing" in words(page)
    unit.select("days").run()
    open_words = [box for box in page.selectbox if box.label.endswith("lines)")]
    assert {box.label: box.value for box in open_words} == {
        "deceased (20 lines)": "dead", "alive (20 lines)": "alive", "lost (20 lines)": None,
    }  # fmt: skip
    open_words[-1].select("ignore")
    features = "case_id,slide_id,area_HE\n" + "\n".join(f"H{i:03d},s{i},{i}" for i in range(60))
    give(page, "features", "f.csv", features.encode())
    assert not page.exception
    assert page.metric[0].value == "40", words(page)
    assert page.metric[1].value == "20"
    (saved,) = (data_dir / "uploads").glob("*/answers/mapping.yaml")
    assert "days" in saved.read_text()


def test_an_archive_says_what_it_holds_and_a_broken_one_why_not(open_page, tmp_path, data_dir):
    source = tmp_path / "t.csv"
    source.write_bytes(plain())
    usecases.import_cohort(source, name="made")
    out = tmp_path / "made.zip"
    usecases.export_archive("made", out)
    page = open_page("import_cohort")
    page.radio(key="import.kind").set_value("archive").run()
    page.file_uploader(key="import.archive_0").upload("made.zip", out.read_bytes(), "application/zip").run()
    assert "is here already" in words(page)
    assert [card.value for card in page.metric][:2] == ["40", "20"]  # looked at like every import
    page.button(key="import.start").click().run()
    (job,) = record.job_ids()
    work_off(job)
    assert not page.run().exception
    assert "is here" in words(page)
    page = open_page("import_cohort")
    page.radio(key="import.kind").set_value("archive").run()
    page.file_uploader(key="import.archive_0").upload("x.zip", b"PK no zip", "application/zip").run()
    assert "is no archive of a cohort" in page.error[0].value


@pytest.mark.parametrize("job", ["0" * 32, "../x"])
def test_an_unknown_job_is_a_message(open_page, job):
    page = open_page("import_cohort", job=job)
    assert not page.exception
    assert "There is no job" in page.error[0].value


def test_a_table_without_genes_and_slides_shows_its_outcome_and_cannot_be_stored_yet(open_page):
    bare = table_of([f"P{i:02d},S{i},{2 + i},{i % 2},{50 + i}" for i in range(40)],
                    header="case_id,slide_id,survival_months,censorship,age")  # fmt: skip
    page = give(open_page("import_cohort"), "table", "bare.csv", bare)
    assert page.metric[0].value == "40"
    assert "cannot be stored yet" in words(page)
    page.checkbox(key="import.looked").check().run()
    assert page.button(key="import.start").disabled
