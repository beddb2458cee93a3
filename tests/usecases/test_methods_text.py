"""The methods paragraph says what was done, and nothing else."""

from __future__ import annotations

import re

import pytest

from survdash import __version__, usecases


@pytest.mark.parametrize("cut", ["maxstat", "median", "tertiles", "value"])
def test_every_number_in_brackets_has_its_source_and_the_other_way_round(cut):
    text = usecases.methods_text(usecases.analyse_cohort("demo", "glg", cut=cut, value=-2.5))
    paragraph, *listed = text.strip().split("\n")
    named = [int(number) for number in re.findall(r"\[(\d+)\]", paragraph)]
    given = [int(line[1 : line.index("]")]) for line in listed if line.startswith("[")]
    assert given == sorted(set(named)) == list(range(1, len(given) + 1))
    assert "{" not in text
    assert f"survdash {__version__}" in paragraph
    assert "200 simulated patients" in paragraph
    assert "105 events" in paragraph
    assert ("permutations" in paragraph) == (cut == "maxstat")
    assert ("-2.5" in paragraph) == (cut == "value")
    assert "version bbe4e0dc79c8" in listed[-1] or "version " in listed[-1]


def test_equal_analyses_give_equal_text():
    one, other = (usecases.methods_text(usecases.analyse_cohort("demo", "glg")) for _ in range(2))
    assert one == other


def test_a_chinese_paragraph_says_the_same_with_the_same_numbers_and_sources():
    analysis = usecases.analyse_cohort("demo", "glg")
    english, chinese = usecases.methods_text(analysis), usecases.methods_text(analysis, language="zh")
    paragraph, sources = chinese.split("\n\n", 1)
    assert sources == english.split("\n\n", 1)[1]
    assert sorted(re.findall(r"\[?\d+\]?", paragraph)) == sorted(re.findall(r"\[?\d+\]?", english.split("\n\n")[0]))
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", paragraph), paragraph
