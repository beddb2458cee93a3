import numpy as np
import pandas as pd
import pytest

from survdash.errors import InputError
from survdash.figures.comparison import plot_forest


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "title": ["Ours", "SNN", "AttnMIL", "not run"],
            "modalities": [("genes", "slide"), "genes", None, "slide"],
            "mean": [0.71, 0.68, 0.55, np.nan],
            "low": [0.66, 0.63, np.nan, 0.1],
            "high": [0.76, 0.73, np.nan, 0.9],
            "best": [True, False, None, False],
        }
    )


def test_models_stand_in_the_table_s_order_from_the_top(table):
    figure = plot_forest(table)
    assert figure.layout.yaxis.ticktext == ("Ours", "SNN", "AttnMIL")
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    points = figure.data[-1]
    np.testing.assert_array_equal(points.x, [0.71, 0.68, 0.55])
    assert points.marker.symbol == ("diamond", "circle-open", "circle-open")
    assert list(points.customdata) == ["genes, slide", "genes", ""]


def test_intervals_are_drawn_where_they_are_known(table):
    intervals = [t for t in plot_forest(table).data if t.mode == "lines"]
    assert [t.x for t in intervals] == [(0.66, 0.76), (0.63, 0.73)]
    assert [t.y for t in intervals] == [(0, 0), (1, 1)]


def test_chance_is_always_in_sight(table):
    figure = plot_forest(table)
    assert figure.layout.shapes[0].x0 == 0.5
    low, high = figure.layout.xaxis.range
    assert low < 0.5
    assert high > 0.76


def test_two_models_of_one_title_keep_their_own_lines(table):
    table["title"] = "same"
    assert set(plot_forest(table).data[-1].y) == {0, 1, 2}


def test_extra_columns_are_optional_and_needed_ones_are_named(table):
    assert len(plot_forest(table[["title", "mean", "low", "high"]]).data) == 3
    assert len(plot_forest(table.iloc[3:]).data[-1].x) == 0
    with pytest.raises(InputError, match="high"):
        plot_forest(table.drop(columns="high"))


def test_what_sets_a_run_apart_stands_on_a_line_of_its_own(table):
    figure = plot_forest(table.assign(title=["Ours, genes only, 3 seeds", *table["title"].iloc[1:]]))
    assert figure.layout.yaxis.ticktext[0] == "Ours,<br>genes only,<br>3 seeds"
    assert figure.data[-1].text[0] == "Ours, genes only, 3 seeds"
