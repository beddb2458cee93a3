"""What a page costs, where it can be told without a clock: figures drawn, bytes sent, figures put together anew."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from survdash import usecases

FIGURES = {"cohort": 4, "patient": 4, "compare": 2}  # of tabs that of the one which is open
MOST_BYTES = 150_000  # of all figures of a page of the demo; half as much today


def address(name: str) -> dict[str, str]:
    if name != "patient":
        return {}
    return {"run": "cox_ridge", "case": str(usecases.analyse_cohort("demo", "cox_ridge").case_ids[3])}


@pytest.mark.parametrize("name", FIGURES)
def test_only_what_is_seen_is_drawn_and_little_is_sent(open_page, name):
    page = open_page(name, cohort="demo", **address(name))
    assert not page.exception
    figures = page.get("plotly_chart")
    assert len(figures) == FIGURES[name]
    assert sum(len(one.proto.spec) for one in figures) < MOST_BYTES


@pytest.mark.parametrize("name", FIGURES)
def test_a_page_that_is_drawn_again_puts_no_figure_together(open_page, name, monkeypatch):
    open_page(name, cohort="demo", **address(name))
    made = []
    begin = go.Figure.__init__

    def count(self, *given, **options):
        made.append(1)
        begin(self, *given, **options)

    monkeypatch.setattr(go.Figure, "__init__", count)
    page = open_page(name, cohort="demo", **address(name))
    assert page.get("plotly_chart")
    assert made == []
