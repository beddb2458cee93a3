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


def open_tab(page, number):
    """Open one tab of the closer look; returns its words."""
    page.session_state["cohort.closer"] = page.tabs[number].label
    page.run()
    assert not page.exception
    tab = page.tabs[number]
    return "\n".join(block.value.replace("\\", "") for block in [*tab.markdown, *tab.caption, *tab.info])


def test_the_closer_look_computes_the_open_tab(open_page):
    page = open_page("cohort", cohort="demo")
    assert not page.exception
    assert len(page.tabs) == 8
    assert not page.tabs[1].markdown  # nothing in a tab that nobody opened
    adjusted, groups, calibrated = (open_tab(page, number) for number in range(3))
    look = usecases.look_closer(usecases.analyse_cohort("demo", "default"))
    high = look.adjusted.rows[1]
    assert f"{high.ratio:.2f} (95 % CI {high.low:.2f}–{high.high:.2f})" in adjusted
    assert "Complete cases: 200 patients" in adjusted
    assert "somewhat too large" in adjusted
    assert "percentage points" in calibrated
    assert "Of many groups some differ by chance" in groups
    assert f"expects {100 * look.calibration.mean_predicted:.0f} %" in calibrated
    page.button_group(key="cohort.cut").set_value("median").run()
    assert "somewhat too large" not in open_tab(page, 0)


def test_the_other_tabs_answer_or_say_why_not(open_page):
    page = open_page("cohort", cohort="demo")
    words = [open_tab(page, number) for number in range(3, 8)]
    assert "Net benefit" in words[0]
    assert "patients were followed beyond" in words[1]
    assert "does not say what patients died of" in words[2]
    assert "close call" in words[3]
    assert "C-index of this model less that of the other, on the same 200 patients" in words[4]


def test_every_cut_rule_has_groups_a_table_and_no_error(open_page):
    page = open_page("cohort", cohort="demo")
    for cut, groups in (("tertiles", {"low", "medium", "high"}), ("value", {"low", "high"})):
        page.button_group(key="cohort.cut").set_value(cut).run()
        assert not page.exception
        assert not page.error
        assert set(page.dataframe[0].value["group"]) == groups
    page.number_input(key="cohort.value").set_value(1000.0).run()
    assert any("No patient lies above this cut" in box.value.replace("\\", "") for box in page.info)
    assert "does not part the cohort" in " ".join(one.value for one in page.header)
    page.button_group(key="cohort.unit").set_value("years").run()
    assert not page.exception


def test_the_methods_paragraph_stands_with_its_sources(open_page):
    page = open_page("cohort", cohort="demo")
    assert not page.code, "what shows it is large, and loaded when it is asked for"
    page.session_state["cohort.paragraph"] = True
    (text,) = [block.value for block in page.run().code]
    assert text == usecases.methods_text(usecases.analyse_cohort("demo", "default")).strip()
