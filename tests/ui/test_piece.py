"""Small pieces: a table of facts keeps its rows, downloads are the export's bytes."""

from __future__ import annotations

from tests.page_drawing import app_of


def script():
    from survdash.export import Export
    from survdash.ui.piece import csv_and_provenance, facts, number_card

    facts({"Risk": "high", "Role": "held out"})
    number_card("Alive at 1 year", "92 of 100", "band 90 % to 95 %")
    csv_and_provenance(Export(csv="a,b\n1,2\n", provenance={"model": "m"}), name="demo_x", page="p")


def test_facts_numbers_and_the_two_downloads_are_drawn():
    page = app_of(script).run()
    assert not page.exception
    assert page.table[0].value.to_numpy().tolist() == [["Risk", "high"], ["Role", "held out"]]
    assert (page.metric[0].value, page.metric[0].delta) == ("92 of 100", "band 90 % to 95 %")
    assert [button.label for button in page.get("download_button")] == ["Download CSV", "Provenance (JSON)"]


def latex_script():
    from survdash.export import Export
    from survdash.ui.piece import csv_and_provenance

    csv_and_provenance(Export(csv="a\n1\n", provenance={}), name="demo_x", page="p", latex="% a table")


def test_a_table_that_has_a_latex_form_gives_that_too():
    page = app_of(latex_script).run()
    assert [button.label for button in page.get("download_button")][1] == "Download LaTeX"
