"""Bars to either side."""

from __future__ import annotations

import pytest

from survdash.errors import InputError
from survdash.figures.explanation import plot_shares


def test_bars_keep_their_order_and_sign() -> None:
    figure = plot_shares(["a", "b", "c"], [0.5, -1.0, 0.0])
    lowers, raises = figure.data
    assert (list(lowers.y), list(lowers.x), list(lowers.text)) == ([1], [-1.0], ["b"])
    assert (list(raises.y), list(raises.x), list(raises.text)) == ([0, 2], [0.5, 0.0], ["a", "c"])
    assert list(figure.layout.yaxis.ticktext) == ["a", "b", "c"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # the first on top


def test_columns_of_two_lengths_are_no_figure() -> None:
    with pytest.raises(InputError, match="not one table"):
        plot_shares(["a"], [1.0, 2.0])


def test_a_gene_named_as_a_link_is_none() -> None:
    figure = plot_shares(['<a href="https://x.example">TP53</a>'], [0.5], told=["<b>x"])
    (drawn,) = [trace for trace in figure.data if trace.text]
    assert drawn.text == ('&lt;a href="https://x.example">TP53&lt;/a>',)
    assert figure.layout.yaxis.ticktext == drawn.text
    assert drawn.customdata[0] == "&lt;b>x"
