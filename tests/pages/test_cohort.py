"""The cohort page says what the analysis says."""

from __future__ import annotations

import pytest

from survdash import usecases


def words(page):
    return "\n".join(block.value.replace("\\", "") for block in [*page.markdown, *page.caption])


def test_the_three_p_values_stand_each_with_its_sentence(open_page):
    text = words(open_page("cohort", cohort="demo"))
    for name in ("Held out: **p", "Corrected: **p", "Not corrected: **p"):
        assert name in text
    assert "too small" in text


def test_the_table_has_every_patient_and_the_search_finds_one(open_page):
    analysis = usecases.analyse_cohort("demo", "default")
    page = open_page("cohort", cohort="demo")
    assert len(page.dataframe[0].value) == len(analysis.case_ids)
    page.text_input(key="cohort.search").set_value(analysis.case_ids[3]).run()
    assert page.dataframe[0].value["case_id"].tolist() == [analysis.case_ids[3]]
    page.text_input(key="cohort.search").set_value("high").run()
    assert page.dataframe[0].value["group"].eq("high").all()
    assert len(page.dataframe[0].value) == analysis.high.sum()


def test_the_median_cut_parts_the_cohort_in_halves(open_page):
    page = open_page("cohort", cohort="demo")
    page.button_group(key="cohort.cut").set_value("median").run()
    sizes = next(metric.value for metric in page.metric if metric.label == "Low / high risk")
    low, high = (int(part) for part in sizes.split(" / "))
    assert abs(low - high) <= 1


@pytest.mark.parametrize("address", [{"cohort": "gone"}, {"cohort": "demo", "run": "gone"}])
def test_an_unknown_name_is_told(open_page, address):
    page = open_page("cohort", **address)
    assert "called 'gone' here" in page.error[0].value.replace("\\", "")
    assert not page.exception
