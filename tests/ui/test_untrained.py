"""Where a cohort has no model, the page ends with the ways on; where it has one, it goes on."""

from __future__ import annotations

import pandas as pd

from survdash import usecases
from tests.page_drawing import app_of


def script(name):
    import streamlit as st

    from survdash.ui import caching
    from survdash.ui.untrained import need_model

    need_model(next(one for one in caching.cohorts() if one.name == name))
    st.text("it goes on")


def test_the_page_ends_only_where_there_is_no_model(demo, data_dir, tmp_path):
    names = [f"P{number}" for number in range(20)]
    pd.DataFrame({"case_id": names, "slide_id": names, "survival_months": range(1, 21), "censorship": [0, 1] * 10,
                  "TP53_rnaseq": [0.5, -0.25] * 10}).to_csv(tmp_path / "bare.csv", index=False)  # fmt: skip
    usecases.import_cohort(tmp_path / "bare.csv", name="bare")
    assert app_of(script, args=(demo,)).run().text[0].value == "it goes on"
    page = app_of(script, args=("bare",)).run()
    assert not page.text
    assert "No model has been trained on" in page.info[0].value
