"""The controls of what-if: bounded, changed values only, the answer beside what is predicted."""

from __future__ import annotations

import numpy as np
import pytest

from survdash import usecases
from survdash.jobs import record
from survdash.ui import what_if_view
from survdash.usecases import WhatIfAnswer, WhatIfRange
from tests.page_drawing import app_of
from tests.ui.test_prediction_view import make

BOUNDS = WhatIfRange(genes={"A_rna": (0.5, -2.0, 2.0), "B_rna": (None, -1.0, 1.0)},
                     clinical={"age": 70.0, "sex": "female", "stage": None}, ages=(40.0, 85.0))  # fmt: skip


def script(prediction, bounds):
    import streamlit as st

    from survdash.ui.what_if_view import show_what_if

    genes = ("A_rna", "GONE") if st.session_state.get("explained", True) else ()
    show_what_if(prediction, run="glg", page="p", bounds=bounds, genes=genes)


@pytest.fixture
def asked(monkeypatch):
    """Questions as they are filed, answered at once as the worker would."""
    questions = []

    def answer(question, *, version):
        questions.append(question)
        return WhatIfAnswer(survival=np.full(49, 0.25), risk=1.0, percentile=90.0, group="high")

    monkeypatch.setattr(what_if_view, "_answer", answer)
    return questions


def open_view(bounds=BOUNDS):
    page = app_of(script, args=(make(), bounds)).run()
    assert not page.exception
    return page


def test_nothing_is_asked_until_something_is_changed(asked):
    page = open_view()
    assert "Hypothetical" in page.warning[0].value
    assert not asked
    assert any("Move a control" in one.value for one in page.caption)


def test_a_changed_gene_and_age_are_asked_and_set_beside_the_prediction(asked):
    page = open_view()
    sliders = {one.label.replace("\\", ""): one for one in page.slider}
    assert (sliders["A_rna"].min, sliders["A_rna"].max, sliders["A_rna"].value) == (-2.0, 2.0, 0.5)
    sliders["A_rna"].set_value(1.5)
    page = sliders["Age in years"].set_value(50.0).run()
    assert not page.exception
    assert dict(asked[-1].genes) == pytest.approx({"A_rna": 1.5})
    assert dict(asked[-1].clinical) == {"age": 50.0}
    assert any("3 years: 55 → **25** of 100" in one.value for one in page.markdown)
    assert any("higher than 90 of 100" in one.value for one in page.markdown)


def test_genes_are_offered_once_it_is_known_which_weigh_most_unless_others_were_chosen(asked):
    page = app_of(script, args=(make(), BOUNDS))
    page.session_state["explained"] = False
    assert page.run().multiselect[0].value == []
    page.session_state["explained"] = True
    assert page.run().multiselect[0].value == ["A_rna"]
    assert page.multiselect[0].set_value([]).run().multiselect[0].value == []
    assert page.run().multiselect[0].value == []
    page = app_of(script, args=(make(), BOUNDS))
    page.session_state["explained"] = False
    page.run().multiselect[0].set_value(["B_rna"]).run()
    page.session_state["explained"] = True
    assert page.run().multiselect[0].value == ["B_rna"]


def test_a_model_that_reads_nothing_of_it_says_so(asked):
    page = open_view(WhatIfRange(genes={}, clinical={}, ages=(0.0, 0.0)))
    assert not page.slider
    assert "neither genes nor clinical facts" in page.caption[0].value


def answered(question, version):
    import streamlit as st

    from survdash.ui.what_if_view import _answer

    first, second = _answer(question, version=version), _answer(question, version=version)
    st.write("none" if first is None else "same" if first is second else "other")


def test_the_worker_is_asked_once_for_each_question(monkeypatch, data_dir):
    filed = []

    def file_it(question):
        job = record.create("what_if", {})
        result = {"survival": [1.0, 0.5], "risk": 0.0, "percentile": 1.0, "group": None}
        record.write_private(record.job_folder(job.id) / "result.json", result)
        record.finish(job, "done")
        filed.append(question)
        return job.id

    monkeypatch.setattr(usecases, "file_what_if", file_it)
    monkeypatch.setattr(what_if_view, "wake_worker", lambda: None)
    question = usecases.WhatIf(cohort="demo", run="glg", case_id="x", genes={"A": 1.0}, clinical={})
    page = app_of(answered, args=(question, "v")).run()
    assert not page.exception
    assert page.markdown[-1].value == "same"
    assert len(filed) == 1


def test_a_worker_that_does_not_come_is_said(monkeypatch, data_dir):
    monkeypatch.setattr(what_if_view, "wake_worker", lambda: None)
    monkeypatch.setattr(what_if_view, "LONGEST_WAIT_S", 0.2)
    question = usecases.WhatIf(cohort="demo", run="glg", case_id="x", genes={"A": 1.0}, clinical={})
    page = app_of(answered, args=(question, "v")).run()
    assert not page.exception
    assert any("still busy" in one.value for one in page.info)
    assert page.markdown[-1].value == "none"
