"""The rules of statistics on a page, as examples."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.ui import prose


@pytest.mark.parametrize(
    ("p", "words"), [(0.0, "p < 0.001"), (0.0421, "p = 0.042"), (None, "no p-value"), (math.nan, "no p-value")]
)
def test_a_p_value_is_never_zero_and_never_missing_without_a_word(p, words):
    assert prose.p_words(p) == words


@pytest.mark.parametrize(
    ("share", "month", "words"),
    [(0.617, 36, "Of 100 patients with a profile like this, about 62 are alive at 3 years."),
     (0.0101, 60, "Of 100 patients with a profile like this, about 1 is alive at 5 years."),
     (0.9, 12, "Of 100 patients with a profile like this, about 90 are alive at 1 year."),
     (0.5, 18, "Of 100 patients with a profile like this, about 50 are alive at 18 months.")],
)
def test_a_probability_becomes_people(share, month, words):
    assert prose.alive_of_100(share, month) == words


def test_nobody_has_a_higher_risk_than_all_hundred():
    assert prose.percentile_words(100.0) == "higher than 99 of 100 patients of the cohort"


@given(text=st.text(alphabet="ab_*[]()`#:$<>~\\|!.-{}+", max_size=20))
def test_escaped_text_keeps_its_letters_and_loses_its_markup(text):
    escaped = prose.escape(text)
    assert re.sub(r"\\(.)", r"\1", escaped) == text
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_\[`$:<]", escaped)


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (59.4, "59 s"), (60, "1 min 0 s"), (7260, "2 h 1 min")])
def test_time_spans_are_for_people(seconds, words):
    assert prose.duration(seconds) == words
