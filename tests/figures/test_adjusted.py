import math

import numpy as np
import pytest

from survdash.figures.adjusted import plot_adjusted
from survdash.statistics import adjusted_hazard_ratios


@pytest.fixture
def model():
    generator = np.random.default_rng(3)
    n = 150
    factors = {
        "risk group": np.where(generator.random(n) < 0.5, "high", "low").astype(object),
        "age in years": generator.normal(60, 10, size=n).round().astype(object),
        "stage": generator.choice(["I", "II", "III"], size=n).astype(object),
    }
    factors["stage"][:7] = None
    time = generator.exponential(20, size=n)
    return adjusted_hazard_ratios(time, generator.random(n) < 0.7, factors, units={"age in years": 10})


def test_every_row_has_its_name_count_and_numbers(model):
    labels = plot_adjusted(model).layout.yaxis.ticktext
    assert [label.split(" (n")[0] for label in labels] == [
        "Risk group: low", "Risk group: high", "Age in years: per 10", "Stage: I", "Stage: II", "Stage: III",
    ]  # fmt: skip
    for row, label in zip(model.rows, labels, strict=True):
        assert f"(n = {row.patients})<br>" in label
        numbers = label.split("<br>")[1]
        wanted = "reference" if row.is_reference else f"{row.ratio:.2f} (95 % CI {row.low:.2f}–{row.high:.2f})"
        assert numbers == wanted


def test_ratios_and_intervals_are_the_model_s_on_a_log_axis(model):
    figure = plot_adjusted(model)
    drawn, references = figure.data
    rows = [row for row in model.rows if not row.is_reference]
    np.testing.assert_allclose(drawn.x, [row.ratio for row in rows])
    np.testing.assert_allclose(drawn.x + np.array(drawn.error_x.array), [row.high for row in rows])
    np.testing.assert_allclose(drawn.x - np.array(drawn.error_x.arrayminus), [row.low for row in rows])
    assert list(drawn.y) == [1, 2, 4, 5]
    assert (list(references.x), list(references.y)) == ([1, 1], [0, 3])
    low, high = figure.layout.xaxis.range
    assert figure.layout.xaxis.type == "log"
    assert low < math.log10(min(row.low for row in rows)) < 0 < math.log10(max(row.high for row in rows)) < high


def test_the_patients_in_the_model_are_counted(model):
    assert "143 patients" in plot_adjusted(model).layout.xaxis.title.text


def test_an_interval_without_end_does_not_squeeze_the_others():
    # three patients of one stage, one late death: a ratio that nearly anything could be
    time, event = np.arange(1.0, 61), np.ones(60, bool)
    event[[57, 59]] = False
    stage = np.array(["I"] * 56 + ["II", "II", "I", "II"], object)
    event[56] = True
    found = adjusted_hazard_ratios(time, event, {"stage": stage})
    assert min(row.low for row in found.rows if not row.is_reference) < 1 / 50
    low, high = plot_adjusted(found).layout.xaxis.range
    assert math.log10(1 / 50) - 1e-9 <= low < high <= math.log10(50) + 1e-9
