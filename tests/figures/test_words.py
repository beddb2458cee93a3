import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.figures import words
from survdash.figures.words import interval_text, months_text, p_text, percent_text, ratio_text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "<0.001"), (1e-37, "<0.001"), (0.00099, "<0.001"), (0.001, "0.001"), (0.0312, "0.031"), (0.0499, "0.050"),
        (0.1994, "0.199"), (0.2, "0.20"), (0.6176, "0.62"), (1.0, "1.00"), (2.81, "1.00"),
        (None, "not available"), (math.nan, "not available"),
    ],
)  # fmt: skip
def test_p_values(p, text):
    assert p_text(p) == text


@given(p=st.floats(0, 5))
def test_no_p_value_is_ever_printed_as_zero(p):
    assert p_text(p) not in {"0.000", "0.00", "nan"}


def test_ratios_name_what_is_compared():
    assert ratio_text(2.141, 1.316, 3.468) == "2.14 (95 % CI 1.32–3.47), high vs low"
    assert ratio_text(0.5, 0.25, 1.0, compared="B", reference="A", level=0.9) == "0.50 (90 % CI 0.25–1.00), B vs A"
    assert ratio_text(None, None, None) == "not available"
    assert interval_text(0.7213, math.nan, 0.8) == "0.72 (no interval)"


def test_percentages_are_whole_in_small_groups():
    assert percent_text(0.6249, patients=199) == "62 %"
    assert percent_text(0.6249, patients=200) == "62.5 %"
    assert percent_text(math.nan) == "not available"


def test_medians_that_are_not_reached_say_so():
    assert months_text(math.nan) == months_text(None) == "not reached"
    assert months_text(30.91, 22.67, 46.65) == "30.9 months (22.7 to 46.6)"
    assert months_text(46.75, 26.12, math.nan) == "46.8 months (26.1 to not reached)"
    assert months_text(math.nan, 26.12, math.nan) == "not reached (26.1 to not reached)"
    assert months_text(math.nan, math.nan, math.nan) == "not reached"


def test_examples_in_the_docstrings_run():
    import doctest

    result = doctest.testmod(words)
    assert result.attempted >= 5
    assert result.failed == 0
