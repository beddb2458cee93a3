"""The help page has the steps, the limits and the words, in both languages."""

from __future__ import annotations

from survdash.ui.glossary import GLOSSARY
from survdash.ui.guide import STEPS
from survdash.ui.limits import LIMITS


def test_everything_is_there(open_page):
    page = open_page("help")
    assert page.title[0].value == "Help"
    assert len(page.table[0].value) == len(GLOSSARY)
    text = "\n".join(block.value for block in page.markdown)
    assert all(line in text for lines in LIMITS.values() for line in lines)
    assert len([link for link in page.get("page_link")]) == len(STEPS)


def test_a_search_leaves_the_words_that_fit(open_page):
    page = open_page("help")
    page.text_input(key="help.asked").input("censored").run()
    assert 0 < len(page.table[0].value) < len(GLOSSARY)
    page.text_input(key="help.asked").input("xyzzy").run()
    assert not page.table


def test_chinese(open_page):
    page = open_page("help", lang="zh")
    assert page.title[0].value == "帮助"
    assert not page.exception
