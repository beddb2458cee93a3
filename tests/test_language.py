"""The catalogue holds every text that is offered, with its values; and nothing that is shown is not offered."""

from __future__ import annotations

import threading

import pytest
from babel.messages.pofile import read_po

from survdash import language
from survdash.language import CATALOGUES, catalogue, in_this_language, speaking, tr
from tests.architecture_rules import Source, read_sources
from tests.conftest import REPOSITORY
from tests.interface_texts import not_offered, offered, same_places, untranslated, wrongly_offered

SOURCES = read_sources(REPOSITORY)
OFFERED = list(offered(SOURCES))
OTHERS = [name for name in language.LANGUAGES if name != language.ENGLISH]


@pytest.mark.parametrize("name", OTHERS)
def test_every_text_is_translated_with_the_same_values(name):
    broken = list(untranslated(OFFERED, catalogue(name)))
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("name", OTHERS)
def test_the_catalogue_holds_no_text_twice_and_none_that_nobody_shows(name):
    with (CATALOGUES / f"{name}.po").open("rb") as file:
        held = [message.id for message in read_po(file, abort_invalid=True) if message.id]
    assert len(held) == len(set(held))
    assert not sorted(set(held) - {one.text for one in OFFERED}), "no page shows these any more: make texts"


def test_every_text_gets_the_values_it_has_room_for():
    broken = [
        f"{one.path}:{one.line}: {one.text!r} is given {sorted(one.values)}"
        for one in OFFERED
        if one.values and "**" not in one.values and one.values != one.places()
    ]
    assert not broken, "\n".join(broken)


def test_no_text_is_glued_together_before_it_is_looked_up():
    broken = list(wrongly_offered(SOURCES))
    assert not broken, "\n".join(broken)


def test_every_literal_that_a_reader_sees_is_offered():
    broken = list(not_offered(SOURCES))
    assert not broken, "\n".join(broken)


def test_only_what_is_drawn_at_once_speaks_a_language():
    # A use case's result is cached for all visitors: a text in it would stay in the first one's language.
    # A stamp is made where its figure or report is.
    speaks = ("pages", "ui", "figures", "report", "stamp", "language")
    broken = [one for one in OFFERED if one.values is not None and Source(one.path, "").room not in speaks]
    assert not broken


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('st.title("Cohort")', True),
        ('st.title(tr("Cohort"))', False),
        ('st.button("Go", key="a.b")', True),
        ('st.button(tr("Go"), key="some words", icon=":material/add:")', False),
        ('column.markdown(f"{n} patients")', True),
        ('figure.add_scatter(x=[1], name="at risk")', True),
        ('figure.add_scatter(x=[1], hovertemplate="%{x}: %{y}<extra></extra>", mode="lines")', False),
        ('WORDS = {"a": "Two words"}', True),
        ('WORDS = {"a": later("Two words")}', False),
        ('raise InputError("Two words")', False),
        ('LOG.error("Two words")', False),
        ('def f():\n    """Two words."""', False),
    ],
)
def test_the_finder_sees_what_a_reader_would(text, found):
    assert bool(list(not_offered([Source("survdash/ui/a.py", text)]))) == found


def test_a_text_without_translation_stays_english():
    with speaking("zh"):
        assert tr("No page says this, {name}.", name="you") == "No page says this, you."


def test_a_translation_orders_its_values_as_it_likes(monkeypatch):
    monkeypatch.setattr(language, "catalogue", lambda name: {"{a} of {b:,}": "{b:,} 中的 {a}"})
    with speaking("zh"):
        assert tr("{a} of {b:,}", a=1, b=2000) == "2,000 中的 1"


def test_braces_without_values_are_left_to_plotly():
    assert tr("%{x:.0f} months") == "%{x:.0f} months"


def test_values_are_never_read_as_a_text_of_ours():
    assert tr("Cohort {name}", name="{0.__class__}") == "Cohort {0.__class__}"


@pytest.mark.parametrize(("translation", "same"), [("{n:,} 名", True), ("{n} 名", False), ("名", False)])
def test_other_places_for_values_are_noticed(translation, same):
    assert same_places("{n:,} patients", translation) == same


def test_an_unknown_language_is_english():
    with speaking("../../etc/passwd"):
        assert language.language() == language.ENGLISH


def test_a_language_is_of_one_thread_unless_it_is_bound():
    seen = []
    with speaking("zh"):
        plain, bound = language.language, in_this_language(language.language)
        for function in (plain, bound):
            thread = threading.Thread(target=lambda function=function: seen.append(function()))
            thread.start()
            thread.join()
    assert seen == ["en", "zh"]


def test_where_none_was_set_the_pages_are_asked(monkeypatch):
    monkeypatch.setattr(language, "_questions", [])
    assert language.language() == "en"
    language.ask_for_language(lambda: "zh")
    assert language.language() == "zh"
    with speaking("en"):
        assert language.language() == "en"
