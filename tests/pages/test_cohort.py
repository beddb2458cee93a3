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


def test_the_closer_look_has_its_three_tabs(open_page):
    page = open_page("cohort", cohort="demo")
    assert not page.exception
    assert [tab.label for tab in page.tabs] == ["Other facts held equal", "Groups of patients", "Predicted and seen"]
    adjusted, groups, calibrated = (
        "\n".join(block.value.replace("\\", "") for block in [*tab.markdown, *tab.caption]) for tab in page.tabs
    )
    look = usecases.look_closer(usecases.analyse_cohort("demo", "default"))
    high = look.adjusted.rows[1]
    assert f"{high.ratio:.2f} (95 % CI {high.low:.2f}–{high.high:.2f})" in adjusted
    assert "Complete cases: 200 patients" in adjusted
    assert "somewhat too large" in adjusted
    assert "Of many groups some differ by chance" in groups
    assert len(page.tabs[1].dataframe[0].value) == len(look.subgroups)
    assert f"expects {100 * look.calibration.mean_predicted:.0f} %" in calibrated
    page.button_group(key="cohort.cut").set_value("median").run()
    assert "somewhat too large" not in "\n".join(block.value for block in page.tabs[0].markdown)
