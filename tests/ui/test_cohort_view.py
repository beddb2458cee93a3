"""The upper half of the cohort page in its states: no cut, a small group, three groups."""

from __future__ import annotations

from dataclasses import replace

import pytest

from survdash import usecases
from survdash.ui.cohort_view import time_axis
from tests.page_drawing import app_of


def script(analysis):
    from survdash.ui.cohort_view import show_answer, show_curves

    show_answer(analysis)
    show_curves(analysis, name="x", unit="months", stamp="survdash")


@pytest.fixture(scope="module")
def analysis():
    return usecases.analyse_cohort("demo", "glg")


def words(page):
    assert not page.exception
    blocks = [*page.header, *page.markdown, *page.caption, *page.info]
    return "\n".join(block.value.replace("\\", "") for block in blocks)


def test_a_flat_risk_is_told_and_drawn_as_one_group(analysis):
    import numpy as np

    flat = replace(analysis, cutpoints=(), group=np.full(len(analysis.risk), "all", object), naive=None, maxstat=None,
                   held_out_p=None, hazard_ratio=None, curves={"all": analysis.curves["low"]},
                   notes=("The risks of 200 patients are all the same, so there is no cutpoint.",))  # fmt: skip
    page = app_of(script, args=(flat,)).run()
    text = words(page)
    assert "does not part the cohort" in text
    assert "are all the same" in text
    assert text.count("no p-value") == 3
    assert [metric.label for metric in page.metric] == ["Patients", "C-index"]


def test_a_group_that_is_too_small_has_curves_and_no_p_value(analysis):
    small = replace(analysis, naive=None, held_out_p=None, hazard_ratio=None,
                    notes=("A group has fewer than 10 patients: no p-value is given.",))  # fmt: skip
    page = app_of(script, args=(small,)).run()
    assert "fewer than 10 patients" in words(page)
    assert words(page).count("no p-value") == 3  # held out, not corrected, and the note
    assert len(page.get("plotly_chart")) == 3


def test_three_groups_have_three_sizes():
    page = app_of(script, args=(usecases.analyse_cohort("demo", "glg", cut="tertiles"),)).run()
    words(page)
    values = {metric.label: metric.value for metric in page.metric}
    assert values["Low / medium / high risk"] == "67 / 67 / 66"
    assert len(page.get("plotly_chart")) == 2  # nothing was searched


def test_an_axis_ends_with_the_follow_up_or_after_ten_years():
    assert time_axis(31) == (36, range(0, 37, 12))
    assert time_axis(250) == (120, range(0, 121, 24))
    assert time_axis(0.2) == (12, range(0, 13, 12))
