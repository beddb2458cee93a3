"""The three tabs, with and without their answers."""

from __future__ import annotations

import math

from survdash.statistics.subgroups import SubgroupRow
from survdash.ui.closer_look_view import subgroup_rows
from tests.page_drawing import app_of


def test_a_group_that_is_too_small_has_words_and_no_numbers():
    nan = math.nan
    small = SubgroupRow(
        factor="stage", level="IV", patients=9, events=4, c=nan, c_low=nan, c_high=nan, predicted=nan, observed=nan,
        observed_low=nan, observed_high=nan, note="too small: 9 patients, 4 deaths",
    )  # fmt: skip
    whole = SubgroupRow(
        factor="all", level="", patients=90, events=40, c=0.7, c_low=0.6, c_high=0.8, predicted=0.4, observed=0.5,
        observed_low=0.4, observed_high=0.6, note="",
    )  # fmt: skip
    table = subgroup_rows((whole, small))
    assert table["Group"].tolist() == ["all patients", "stage: IV"]
    assert table["C-index"].tolist() == ["0.70 (95 % CI 0.60–0.80)", "not available"]
    assert table["Seen"].tolist() == ["50 % (40 % to 60 %)", "not available"]
    assert table["Note"][1] == "too small: 9 patients, 4 deaths"


def draw_nothing():
    from survdash.ui.closer_look_view import show_look
    from survdash.usecases.closer_look import CloserLook

    look = CloserLook(
        adjusted=None, adjusted_notes=("Age, sex and stage are not known.",), subgroups=(), calibration=None,
        smooth=None, spread=None, calibration_notes=("The model says nothing of 36 months.",),
    )
    for what in ("adjusted", "calibration"):
        show_look(look, what, name="x", stamp="survdash", searched=True)


def test_what_cannot_be_had_is_told():
    page = app_of(draw_nothing).run()
    assert not page.exception
    told = [info.value.replace("\\", "") for info in page.info]
    assert told == ["Age, sex and stage are not known.", "The model says nothing of 36 months."]
    assert not page.get("plotly_chart")
