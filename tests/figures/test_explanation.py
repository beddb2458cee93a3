"""Bars to either side, and tiles where they lie."""

from __future__ import annotations

import numpy as np
import pytest

from survdash.errors import InputError
from survdash.figures.explanation import plot_shares, plot_tiles


def test_bars_keep_their_order_and_sign() -> None:
    figure = plot_shares(["a", "b", "c"], [0.5, -1.0, 0.0])
    lowers, raises = figure.data
    assert (list(lowers.y), list(lowers.x), list(lowers.text)) == ([1], [-1.0], ["b"])
    assert (list(raises.y), list(raises.x), list(raises.text)) == ([0, 2], [0.5, 0.0], ["a", "c"])
    assert list(figure.layout.yaxis.ticktext) == ["a", "b", "c"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # the first on top


def test_tiles_lie_on_their_grid_in_units_of_an_equal_share() -> None:
    coords = np.array([[512, 256], [1024, 256], [512, 768]])
    (table,) = (plot_tiles(coords, np.array([1.0, 2.0, 3.0]), title="Weight").data[0].z,)
    np.testing.assert_allclose(table, [[0.5, 1.0], [1.5, np.nan]])


def test_one_tile_is_a_map() -> None:
    assert plot_tiles(np.array([[0, 0]]), np.array([0.2]), title="Weight").data[0].z.shape == (1, 1)


def test_columns_of_two_lengths_are_no_figure() -> None:
    with pytest.raises(InputError, match="not one table"):
        plot_shares(["a"], [1.0, 2.0])
    with pytest.raises(InputError, match="no map"):
        plot_tiles(np.zeros((2, 2)), np.zeros(3), title="Weight")
    with pytest.raises(InputError, match="no map"):
        plot_tiles(np.zeros((0, 2)), np.zeros(0), title="Weight")


def test_a_gene_named_as_a_link_is_none() -> None:
    figure = plot_shares(['<a href="https://x.example">TP53</a>'], [0.5], told=["<b>x"])
    (drawn,) = [trace for trace in figure.data if trace.text]
    assert drawn.text == ('&lt;a href="https://x.example">TP53&lt;/a>',)
    assert figure.layout.yaxis.ticktext == drawn.text
    assert drawn.customdata[0] == "&lt;b>x"
