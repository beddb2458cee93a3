"""The form for many patients: files that come with the table or lie in the inbox folder, faults listed, no start."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from survdash.errors import InputError
from survdash.simulation.sample_case import sample_case
from survdash.slide.header_texts import header_hints
from survdash.ui.batch_form import find_file
from survdash.ui.inbox import inbox_folder
from survdash.ui.upload import Upload, name_part, new_upload, open_upload
from tests.page_drawing import app_of
from tests.slide.test_header_texts import NAMED, write_svs


def script():
    import streamlit as st

    from survdash.ui.batch_form import show_batch_form

    batch = show_batch_form(page="many")
    st.text("nothing" if batch is None else ",".join(one.case_id for one in batch[0]))


@pytest.fixture
def page(demo, data_dir):
    sample_case(inbox_folder() / "day")
    return app_of(script).run()


def give(page, text):
    return page.get("file_uploader")[0].upload("t.csv", text.encode(), "text/csv").run()


def bring(upload: Upload, number: str, path: Path, name: str) -> Upload:
    """As the browser's pieces would leave it."""
    (upload.folder / f"file{number}{path.suffix}").write_bytes(path.read_bytes())
    return name_part(upload, f"file{number}", name)


def test_a_sound_table_is_started_by_its_button(page):
    page = give(page, "case_id,slides,genes\nA,day/slide.tiff,day/genes.csv\nB,,day/genes.csv\n")
    assert not page.exception
    assert "2 patients, 1 with slides, 2 with genes" in page.markdown[-1].value
    assert page.text[0].value == "nothing"
    page.button(key="many.batch").click().run()
    assert page.text[0].value == "A,B"


def test_faults_are_listed_and_nothing_can_be_started(page):
    page = give(page, "case_id,slides,genes,age\nA,,day/genes.csv,old\nB,../secret.svs,,\n")
    assert page.button(key="many.batch").disabled
    faults = next(one.value for one in page.dataframe if "Column" in one.value)
    assert faults["Row"].tolist() == ["2", "3"]
    assert faults["Column"].tolist() == ["age", "slides"]
    assert "not in the inbox folder" in faults["What is wrong"][1]


def test_files_that_came_are_found_by_the_names_they_had_and_the_form_can_be_come_back_to(demo, data_dir, tmp_path):
    slide, genes = sample_case(tmp_path)
    upload = bring(bring(new_upload(), "", slide, "Anna (1).tiff"), "2", genes, "Anna.csv")
    page = app_of(script)
    page.query_params["upload"] = upload.identifier
    page = give(page.run(), "case_id,slides,genes\nA,Anna (1).tiff,Anna.csv\n")
    assert "1 patients, 1 with slides, 1 with genes" in page.markdown[-1].value
    again = app_of(script)
    again.query_params["upload"] = upload.identifier
    again.run().button(key="many.batch").click().run()
    assert again.text[0].value == "A"
    again.button(key="many.remove_files").click().run()
    assert open_upload(upload.identifier).batch == {}


def test_a_fault_of_a_file_that_came_is_told_with_its_owners_name(demo, data_dir, tmp_path):
    (tmp_path / "a.csv").write_text("Dear colleague,\n")
    upload = bring(new_upload(), "7", tmp_path / "a.csv", "letter.csv")
    page = app_of(script)
    page.query_params["upload"] = upload.identifier
    page = give(page.run(), "case_id,genes\nA,letter.csv\n")
    (told,) = next(one.value for one in page.dataframe if "Column" in one.value)["What is wrong"]
    assert "letter.csv" in told
    assert "file7" not in told


@pytest.mark.parametrize("name", ["../x.svs", "/etc/passwd", "nothing.svs", "about.json"])
def test_only_what_came_and_the_inbox_folder_are_read(data_dir, name):
    inbox_folder().mkdir(parents=True)
    with pytest.raises(InputError, match="not in the inbox folder"):
        find_file(new_upload(), name)


def test_a_name_that_came_twice_is_nobodys(data_dir, tmp_path):
    (tmp_path / "a.csv").write_text("gene,value\n")
    upload = bring(bring(new_upload(), "", tmp_path / "a.csv", "a.csv"), "2", tmp_path / "a.csv", "a.csv")
    with pytest.raises(InputError, match="twice"):
        find_file(upload, "a.csv")


def test_a_table_comes_by_the_route_of_large_files_and_is_held_to_a_tables_size(data_dir, monkeypatch):
    from survdash.errors import SlideError
    from survdash.ui import arrival, upload

    case = new_upload()
    text = b"gene,value\nTP53,1.0\n"
    arrival.begin(case.identifier, "file", name="g.csv", size=len(text), mark="m")
    with arrival.taking(case.identifier, "file", offset=0) as taker:
        taker.write(io.BytesIO(text).read())
    assert open_upload(case.identifier).batch["file"].read_bytes() == text
    with pytest.raises(SlideError, match="takes"):
        arrival.begin(case.identifier, "file2", name="g.csv", size=int(upload.largest_bytes("genes")) + 1, mark="m")
    with pytest.raises(SlideError, match="not a kind of file"):
        arrival.begin(case.identifier, "file2", name="g.exe", size=10, mark="m")


def test_headers_that_name_somebody_are_told_and_taken_out_of_what_was_uploaded(page, tmp_path):
    upload = bring(new_upload(), "", write_svs(tmp_path / "named.svs", NAMED), "named.svs")
    write_svs(inbox_folder() / "day" / "inbox.svs", NAMED)
    (inbox_folder() / "day" / "torn.svs").write_text("words " * 500)
    page.query_params["upload"] = upload.identifier
    page = give(page.run(), "case_id,slides\nA,named.svs\nB,day/inbox.svs\nC,day/torn.svs\n")
    assert not page.exception
    told = next(one.value for one in page.dataframe if "Where" in one.value)
    assert told["Slide"].tolist() == ["named.svs", "inbox.svs", "torn.svs"]
    assert told["Where"][0].startswith("label picture, macro picture, ImageDescription: Patient Name")
    assert told["Where"][2] == "the header could not be looked at"
    assert "stay as they are" in page.caption[-1].value
    page.button(key="many.strip").click().run()
    assert header_hints(upload.folder / "file.svs") == ()
    told = next(one.value for one in page.dataframe if "Where" in one.value)
    assert told["Slide"].tolist() == ["inbox.svs", "torn.svs"]
    assert header_hints(inbox_folder() / "day" / "inbox.svs"), "the inbox folder is its owner's"
    assert not [one for one in page.button if one.key == "many.strip"]
    assert page.button(key="many.batch").disabled, "for the torn one alone"
