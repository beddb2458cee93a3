"""The table's key is its rows: another search, filter or refresh is another table, in which nothing is ticked."""

from __future__ import annotations

import pandas as pd

from tests.page_drawing import app_of


def script():
    import pandas as pd

    from survdash.ui.patient_table import show_patients
    from survdash.usecases import CohortEntry, RunEntry

    table = pd.DataFrame({
        "case_id": ["A1", "A2", "B1", "B2"], "risk": [1.0, 2.0, 3.0, 4.0], "percentile": [12.5, 37.5, 62.5, 87.5],
        "group": ["low", "low", "high", "high"], "time_months": [9.0, 8.0, 7.0, 6.0],
        "event": [True, False, True, False], "age": [float("nan")] * 4, "sex": ["male"] * 4, "stage": [None] * 4,
        "fold": [1, 2, 1, 2],
    })
    entry = CohortEntry(name="c", title="C", simulated=False, cases=4, events=2, modalities=("genes",))
    run = RunEntry(name="r", model="m", title="M", modalities=("genes",), cindex_mean=0.6, cindex_sd=0.0,
                   judged_on=(), card={})
    show_patients(entry, run, table, outcome="OS")


def test_search_and_filters_leave_whom_they_say_and_each_has_a_table_of_its_own():
    page = app_of(script).run()
    keys = set()

    def cases():
        assert not page.exception
        keys.add(page.dataframe[0].proto.id)
        return page.dataframe[0].value["case_id"].tolist()

    assert cases() == ["A1", "A2", "B1", "B2"]
    assert "age" not in page.dataframe[0].value  # a fact of nobody
    page.text_input(key="cohort.search").set_value("a").run()
    assert cases() == ["A1", "A2"]
    page.button_group(key="cohort.only_event").set_value(True).run()
    assert cases() == ["A1"]
    page.text_input(key="cohort.search").set_value("").run()
    assert cases() == ["A1", "B1"]
    page.button_group(key="cohort.only_group").set_value("high").run()
    assert cases() == ["B1"]
    assert len(keys) == 5
    assert isinstance(page.dataframe[0].value, pd.DataFrame)
