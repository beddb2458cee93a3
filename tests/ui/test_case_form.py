"""The form of a new case, one part at a time: what is refused leaves no file and says why under the user's own name."""

from __future__ import annotations

from survdash.ui import upload_address
from survdash.ui.upload import delete_upload, find_upload, make_folder, name_part, note_job, uploads_folder
from tests.page_drawing import app_of


def script(wanted):
    import streamlit as st

    from survdash.errors import GeneError
    from survdash.ui.case_form import current_upload, refuse, show_part

    upload = current_upload()
    path = show_part(upload, "genes", wanted=wanted)
    st.text("none" if path is None else path.name)
    if upload is not None and st.checkbox("refuse"):
        refuse(upload, "genes", GeneError("genes.csv cannot be read.", hint="Copy it again."))


def test_a_file_takes_the_place_of_its_uploader_and_can_be_removed():
    page = app_of(script, args=(True,)).run()
    page.get("file_uploader")[0].upload("A_1.csv", b"bytes", "text/csv").run()
    assert page.text[0].value == "genes.csv"
    assert not page.get("file_uploader")
    assert "A\\_1\\.csv" in page.markdown[0].value
    page.button(key="new_case.remove_genes").click().run()
    assert page.get("file_uploader")
    assert "upload" not in page.query_params
    assert list(uploads_folder().iterdir()) == []


def test_a_refused_file_is_gone_and_named_as_the_user_named_it():
    page = app_of(script, args=(True,)).run()
    page.get("file_uploader")[0].upload("A_1.csv", b"bytes", "text/csv").run()
    page.checkbox[0].check().run()
    assert page.error[0].value.replace("\\", "") == "A_1.csv cannot be read.\n\nCopy it again."
    assert list(uploads_folder().iterdir()) == []


def test_a_part_that_no_model_reads_is_not_asked_for():
    page = app_of(script, args=(False,)).run()
    assert not page.get("file_uploader")
    assert "No model of this cohort looks at this: gene table" in page.caption[0].value


def coming():
    import streamlit as st

    from survdash.ui.case_form import current_upload
    from survdash.ui.uploader import coming_identifier

    upload = current_upload()
    st.text(coming_identifier() if upload is None else f"case {upload.identifier}")


def test_an_upload_that_was_refused_as_it_came_leaves_the_form_as_it_was():
    page = app_of(coming).run()
    number = page.text[0].value
    make_folder(number)  # its first piece
    assert page.run().text[0].value == f"case {number}"
    (uploads_folder() / number).rmdir()  # and its refusal, which leaves nothing
    page.run()
    assert not page.exception
    assert page.text[0].value == number  # the browser's side keeps its number, and what it says of the file
    assert "upload" not in page.query_params


def test_an_upload_of_which_a_file_had_come_is_missed():
    page = app_of(coming).run()
    number = page.text[0].value
    folder = make_folder(number)
    name_part(find_upload(number), "genes", "A.csv")
    (folder / "genes.csv").write_text("x")
    page.run()
    delete_upload(find_upload(number))
    assert page.run().exception  # by error_box on the page: the files of this address are not here any more


def on_its_way(page, number):
    """Whether the page names an upload after an event of a browser that did not know yet that it does."""
    page.query_params.pop("upload")
    return page.run().query_params.get("upload", "") == number


def test_what_the_browser_sends_before_it_knows_the_new_address_loses_no_file():
    page = app_of(coming).run()
    number = page.text[0].value
    make_folder(number)
    assert page.run().text[0].value == f"case {number}"
    assert on_its_way(page, number)
    assert on_its_way(page, number)
    note_job(find_upload(number), "of-another-day")  # handed in: an empty form is another case's
    assert on_its_way(page, "")
    assert page.text[0].value not in (number, f"case {number}")


def test_a_refusal_that_the_browser_tells_before_it_knows_the_new_address_stays():
    page = app_of(coming).run()
    number = page.text[0].value
    make_folder(number)
    page.run()
    (uploads_folder() / number).rmdir()
    assert on_its_way(page, "")
    assert page.text[0].value == number


def test_an_address_without_number_is_an_empty_form_once_the_browser_must_know(monkeypatch):
    page = app_of(script, args=(True,)).run()
    page.get("file_uploader")[0].upload("A_1.csv", b"bytes", "text/csv").run()
    number = page.query_params["upload"]
    assert on_its_way(page, number)
    monkeypatch.setattr(upload_address, "SETTLE_SECONDS", 0.0)
    assert on_its_way(page, "")
    assert page.text[0].value == "none"


def test_a_table_that_was_removed_does_not_come_back():
    page = app_of(script, args=(True,)).run()
    page.get("file_uploader")[0].upload("A_1.csv", b"bytes", "text/csv").run()
    page.button(key="new_case.remove_genes").click().run()
    assert page.run().text[0].value == "none"
    assert not page.exception


def both():
    import streamlit as st

    from survdash.ui.case_form import current_upload, show_part
    from survdash.ui.uploader import coming_identifier

    upload = current_upload()
    st.text(coming_identifier() if upload is None else upload.identifier)
    show_part(upload, "genes", wanted=True)


def test_a_table_goes_where_a_slide_that_begins_at_the_same_moment_goes():
    page = app_of(both).run()
    number = page.text[0].value
    page.get("file_uploader")[0].upload("A_1.csv", b"bytes", "text/csv").run()
    assert page.text[0].value == number
    assert [folder.name for folder in uploads_folder().iterdir()] == [number]
