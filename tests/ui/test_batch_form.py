"""The form for many patients: files by their name in the inbox folder, faults in a table, no start with one."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from survdash.errors import InputError
from survdash.simulation.sample_case import sample_case
from survdash.ui.batch_form import inbox_file
from survdash.ui.inbox import inbox_folder
from survdash.ui.upload import uploads_folder


def script():
    import streamlit as st

    from survdash.ui.batch_form import show_batch_form

    st.text(",".join(one.case_id for one in show_batch_form(page="many")) or "nothing")


@pytest.fixture
def page(demo, data_dir):
    sample_case(inbox_folder() / "day")
    return AppTest.from_function(script, default_timeout=60).run()


def give(page, text):
    return page.get("file_uploader")[0].upload("t.csv", text.encode(), "text/csv").run()


def test_a_sound_table_is_started_by_its_button(page):
    page = give(page, "case_id,slides,genes\nA,day/slide.tiff,day/genes.csv\nB,,day/genes.csv\n")
    assert not page.exception
    assert "2 patients, 1 with slides, 2 with genes" in page.markdown[-1].value
    assert page.text[0].value == "nothing"
    page.button(key="many.batch").click().run()
    assert page.text[0].value == "A,B"
    assert list(uploads_folder().iterdir()) == []


def test_faults_are_listed_and_nothing_can_be_started(page):
    page = give(page, "case_id,slides,genes,age\nA,,day/genes.csv,old\nB,../secret.svs,,\n")
    assert page.button(key="many.batch").disabled
    faults = next(one.value for one in page.dataframe if "Column" in one.value)
    assert faults["Row"].tolist() == ["2", "3"]
    assert faults["Column"].tolist() == ["age", "slides"]
    assert "not in the inbox folder" in faults["What is wrong"][1]


@pytest.mark.parametrize("name", ["../x.svs", "/etc/passwd", "nothing.svs"])
def test_only_the_inbox_folder_is_read(data_dir, name):
    inbox_folder().mkdir(parents=True)
    with pytest.raises(InputError, match="not in the inbox folder"):
        inbox_file(name)
