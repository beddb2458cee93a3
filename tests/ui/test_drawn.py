"""A kept figure is the one that would be drawn; any other content, option or language gives another."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import array_shapes, arrays

from survdash import language
from survdash.figures.survival import plot_groups
from survdash.statistics.kaplan_meier import kaplan_meier
from survdash.ui import drawn as module
from survdash.ui.drawn import content, drawn

CALLS = []


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(module, "_kept", type(module._kept)())
    CALLS.clear()


def plot(x, *, name="a"):
    CALLS.append(name)
    return go.Figure(go.Scatter(x=x, name=name))


def test_equal_content_is_drawn_once_whatever_object_holds_it():
    first = drawn(plot, np.array([1.0, 2.0]), name="a")
    assert drawn(plot, np.array([1.0, 2.0]), name="a") is first
    assert CALLS == ["a"]


@pytest.mark.parametrize("x", [np.array([1.0, 2.5]), np.array([1, 2]), np.array([[1.0, 2.0]]), [1.0, 2.0],
                               np.array([1.0, 2.0], object)])  # fmt: skip
def test_another_content_or_kind_is_drawn_anew(x):
    assert drawn(plot, x) is not drawn(plot, np.array([1.0, 2.0]))


def test_another_language_is_drawn_anew(monkeypatch):
    english = drawn(plot, [1])
    monkeypatch.setattr(module, "language", lambda: "zh")
    assert drawn(plot, [1]) is not english
    assert language.language() == "en"


def test_the_curves_of_a_cohort_are_those_that_would_be_drawn():
    time, event = np.arange(1.0, 41.0), np.arange(40) % 3 > 0
    curves = {"low": kaplan_meier(time[::2], event[::2]), "high": kaplan_meier(time[1::2], event[1::2])}
    options = {"horizon_months": 36, "at_risk_times": range(0, 37, 12)}
    figure = drawn(plot_groups, curves, **options)
    assert figure.to_json() == plot_groups(curves, **options).to_json()
    assert drawn(plot_groups, dict(curves), **options) is figure
    moved = curves | {"high": replace(curves["high"], survival=curves["high"].survival * 0.99)}
    assert drawn(plot_groups, moved, **options) is not figure


def test_the_oldest_goes_when_there_are_many(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)
    for name in "abcab":
        drawn(plot, [1], name=name)
    assert CALLS == ["a", "b", "c", "a", "b"]
    drawn(plot, [1], name="a")
    assert len(CALLS) == 5


def test_what_cannot_be_told_apart_is_refused():
    with pytest.raises(TypeError, match="function"):
        drawn(plot, lambda: 1)


@dataclass(frozen=True)
class Made:
    values: np.ndarray
    names: tuple[str, ...]


@given(arrays(np.float64, array_shapes(max_dims=2, max_side=5), elements=some.floats(allow_nan=False)),
       some.lists(some.text(max_size=3), max_size=3))  # fmt: skip
def test_a_copy_has_the_same_content_and_a_change_another(values, names):
    def made(array):
        return Made(array, tuple(names)), {"t": pd.DataFrame({"v": array.ravel(), "w": array.ravel() > 0})}

    assert content(made(values)) == content(made(values.copy()))
    other = values.copy()
    other.flat[0] = other.flat[0] + 1 if abs(other.flat[0]) < 1e15 else 0.0
    assert content(made(values)) != content(made(other))
