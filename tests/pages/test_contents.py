"""What is in a cohort: its report, and the buttons that take back, carry and delete."""

from __future__ import annotations

from pathlib import Path

import pytest

from survdash import usecases
from survdash.jobs.queue import read_job


def table(tmp_path: Path, patients: int) -> Path:
    path = tmp_path / f"t{patients}.csv"
    rows = [f"P{i:02d},S{i},{2 + i},{i % 2},{50 + i},{i / 7},BLCA" for i in range(patients)] + ["P99,S99,0,1,60,0,BLCA"]
    path.write_text("\n".join(["case_id,slide_id,survival_months,censorship,age,TP53_rnaseq,oncotree_code", *rows]))
    return path


def words(page) -> str:
    return "\n".join(block.value for kind in ("markdown", "caption") for block in getattr(page, kind))


@pytest.fixture
def mine(tmp_path: Path, data_dir: Path) -> str:
    usecases.import_cohort(table(tmp_path, 40), name="mine")
    usecases.import_cohort(table(tmp_path, 50), name="mine")
    return "mine"


def test_the_stored_report_is_shown_with_files_folds_and_who_was_left_out(open_page, mine):
    page = open_page("contents", cohort=mine)
    assert not page.exception
    assert not page.error
    assert page.title[0].value == "What is in a cohort"
    assert page.metric[0].value == "50"
    frames = [frame.value for frame in page.dataframe]
    (left_out,) = [frame for frame in frames if "Why" in frame]
    assert left_out.to_dict("records") == [{"Line": 52, "Patient": "P99", "Why": "follow-up not above zero"}]
    (folds,) = [frame for frame in frames if "Held out" in frame]
    assert folds["Died"].tolist() == [5] * 5
    assert usecases.cohort_report(mine).sources["table"]["sha256"][:20] in str([one.value for one in page.table])
    assert "For BLCA" in words(page)


def test_a_shipped_cohort_shows_what_its_tables_say_and_cannot_be_deleted(open_page):
    page = open_page("contents", cohort="demo")
    assert not page.exception
    assert "came with survdash" in words(page)
    assert "contents.undo" not in [button.key for button in page.button]


def test_the_last_import_is_taken_back_and_forgotten(open_page, mine):
    page = open_page("contents", cohort=mine)
    page.button(key="contents.undo").click().run()
    assert not page.exception
    assert page.metric[0].value == "40"
    assert len(usecases.open_cohort(mine).patients) == 40
    page.button(key="contents.forget").click().run()
    assert usecases.previous_facts(mine) is None
    assert "Nothing to take back" in words(page)


def test_deleting_needs_the_name(open_page, mine, data_dir):
    page = open_page("contents", cohort=mine)
    assert page.button(key="contents.delete").disabled
    page.text_input(key="contents.delete_name_mine").set_value("mine").run()
    page.button(key="contents.delete").click().run()
    assert not page.exception
    assert not (data_dir / "cohorts" / "mine").exists()
    assert page.title[0].value == "Models & data"


def test_a_cohort_in_use_is_deleted_only_with_the_work_on_it(open_page, mine, data_dir):
    job = usecases.file_training(mine, ["cox_ridge"])
    page = open_page("contents", cohort=mine)
    assert not page.exception
    assert all(f"training {job[:8]} (waits)" in warning.value.replace("\\", "") for warning in page.warning)
    assert len(page.warning) == 2  # beside taking back, and beside deleting
    page.text_input(key=f"contents.delete_name_{mine}").set_value(mine).run()
    page.button(key="contents.delete").click().run()
    assert "in use" in page.error[0].value
    assert (data_dir / "cohorts" / mine).is_dir()
    page.checkbox(key=f"contents.stop_{mine}").check().run()
    page.button(key="contents.delete").click().run()
    assert read_job(job).state == "cancelled"
    assert not (data_dir / "cohorts" / mine).exists()
