"""Every word is explained in both languages, can be found, and is asked for by a name that is there."""

from __future__ import annotations

import ast

import pytest

from survdash.errors import UnknownNameError
from survdash.language import LANGUAGES, speaking
from survdash.ui.glossary import GLOSSARY, define, find_terms
from tests.architecture_rules import read_sources
from tests.conftest import REPOSITORY


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_has_a_title_and_an_explanation_of_its_own(language):
    with speaking(language):
        told = find_terms("")
    assert len(told) == len(GLOSSARY)
    assert len({title for title, _ in told}) == len(GLOSSARY)
    assert all(len(words) >= 8 and words != title for title, words in told)


def test_a_word_is_found_by_title_and_by_what_is_said_of_it():
    assert [title for title, _ in find_terms(" CENSORED")][:1] == ["Censored"]
    assert "Percentile" in [title for title, _ in find_terms("lower risk score")]
    assert find_terms("no such word") == []


def test_a_word_is_found_in_the_readers_language():
    with speaking("zh"):
        assert [title for title, _ in find_terms("删失")]


def test_an_unknown_word_is_refused():
    with pytest.raises(UnknownNameError, match="cindex"):
        define("c-index")


def test_pages_ask_for_words_that_are_there():
    asked = {
        node.args[0].value
        for source in read_sources(REPOSITORY)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "define"
    }
    assert asked
    assert asked <= set(GLOSSARY)
