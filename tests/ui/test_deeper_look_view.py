"""The five further tabs over the demo."""

from __future__ import annotations

import pytest

from survdash import usecases
from tests.page_drawing import app_of

SHOWS = ("show_decision", "show_landmark", "show_steadiness")


def script(analysis, show):
    from survdash.ui import deeper_look_view

    if show == "show_landmark":
        deeper_look_view.show_landmark(analysis, name="x", stamp="survdash", unit="years")
    else:
        getattr(deeper_look_view, show)(analysis, name="x", stamp="survdash")


@pytest.mark.parametrize("show", SHOWS)
def test_each_draws_one_figure_with_its_words(show):
    page = app_of(script, args=(usecases.analyse_cohort("demo", "glg"), show)).run()
    assert not page.exception
    assert len(page.get("plotly_chart")) == 1
    text = "\n".join(block.value for block in [*page.markdown, *page.caption])
    assert "nan" not in text
    assert {button.proto.label for button in page.get("download_button")} == {"SVG", "PNG", "HTML"}


def test_another_model_is_chosen_by_name():
    def pair(analysis, runs):
        from survdash.ui.deeper_look_view import show_pair

        show_pair(analysis, runs, name="x", stamp="survdash")

    runs = usecases.list_runs("demo")
    page = app_of(pair, args=(usecases.analyse_cohort("demo", "glg"), runs)).run()
    assert not page.exception
    assert len(page.selectbox(key="cohort.other_run").options) == len(runs) - 1
    words = page.markdown[0].value.replace("\\", "")
    page.selectbox(key="cohort.other_run").set_value("snn").run()
    assert page.markdown[0].value.replace("\\", "") != words
