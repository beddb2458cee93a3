"""Like patients: their real curve, and links that name them."""

from __future__ import annotations

from survdash.explanation.record import Neighbour
from survdash.ui import like_view
from tests.page_drawing import app_of
from tests.ui.test_prediction_view import make


def script(found, prediction):
    from survdash.ui.like_view import show_like_patients

    show_like_patients(found, prediction, page="p")


def test_a_model_without_like_patients_says_so():
    page = app_of(script, args=((), make())).run()
    assert "cannot tell which patients are alike" in page.caption[0].value


def test_how_many_died_is_said_and_each_link_names_its_patient(monkeypatch):
    links = []
    monkeypatch.setattr(like_view.st, "page_link", lambda *where, **how: links.append(how))
    found = (
        Neighbour(case_id="A_1", fold=0, farness=0.01, risk=1.0, time_months=12.0, died=True),
        Neighbour(case_id="B*2", fold=0, farness=0.02, risk=1.0, time_months=30.0, died=False),
    )
    page = app_of(script, args=(found, make())).run()
    assert not page.exception
    assert any("1 of these 2 patients died, after 12 months" in one.value for one in page.markdown)
    assert [link["query_params"]["case"] for link in links] == ["A_1", "B*2"]
    assert {link["query_params"]["run"] for link in links} == {"glg"}
    assert "B\\*2" in links[1]["label"]
