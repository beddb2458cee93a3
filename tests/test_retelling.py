"""Every text of the depths finds its translation again once it is finished, and no value is lost or changed."""

from __future__ import annotations

from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash import retelling
from survdash.errors import InputError
from survdash.language import ENGLISH, LANGUAGES, speaking
from survdash.retelling import messages, retell, shape_of
from tests.architecture_rules import Source, read_sources
from tests.conftest import REPOSITORY
from tests.told_texts import all_told, told_texts

OTHERS = [name for name in LANGUAGES if name != ENGLISH]
TOLD = all_told(read_sources(REPOSITORY))
# Endings of English words, of which another language may have none; every other value must be told.
MAY_GO = ("either", "are")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def finished(text: str, values: dict[str, str]) -> str:
    return "".join(own + (values[name] if name else "") for own, name, _, _ in Formatter().parse(text))


@pytest.mark.parametrize("name", OTHERS)
def test_every_text_that_a_page_may_show_is_translated_with_its_values(name):
    known, broken = messages(name), []
    for one in TOLD:
        told = known.get(one.text)
        if told is None:
            broken.append(f"{one.path}:{one.line}: no translation of {one.text!r}: make texts")
        elif not places(told) <= places(one.text) or not all(
            lost.startswith(MAY_GO) for lost in places(one.text) - places(told)
        ):
            broken.append(f"{one.path}:{one.line}: other values in {told!r} than in {one.text!r}")
    assert not broken, "\n".join(broken)
    assert not set(known) - {one.text for one in TOLD}, "nobody says these any more: make texts"


@pytest.mark.parametrize("name", OTHERS)
def test_every_finished_text_is_found_again_with_its_values(name):
    with speaking(name):
        for text, told in messages(name).items():
            values = {place: f"q{number}z" for number, place in enumerate(shape_of(text).names)}
            if values and text != "It has: {names}.":  # which the glossary's error says too, to no harm
                assert retell(finished(text, values)) == finished(told, values).strip(), text


@given(st.lists(st.text(max_size=30), min_size=4, max_size=4))
def test_a_shape_takes_its_finished_text_apart_so_that_it_is_the_same_put_together(values):
    template = "{a}: slide {b} has {c} of {d} tiles."
    text = finished(template, dict(zip("abcd", values, strict=True)))
    found = shape_of(template).values(text)
    assert found is not None
    assert finished(template, found) == text


def test_what_stands_in_a_value_is_never_read_as_a_place():
    with speaking("zh"):
        assert retell("{name}.csv is damaged.") == "{name}.csv 已损坏。"
        assert retell("There is no file {0.__class__}.") == "没有文件 {0.__class__}。"


def test_a_users_word_is_not_translated_though_the_interface_has_it():
    with speaking("zh"):
        assert retell("a.csv has no column age.") == "a.csv 没有列 age。"  # the column is called so
        assert retell("The slide was not read: model demo-snn looks at the genes only.").endswith("只读取基因。")


def test_an_error_inside_of_another_is_told_too():
    error = InputError("No held-out p-value: No death among 12 patients, so there is no cutpoint.")
    with speaking("zh"):
        assert retell(error.message) == "没有留出 p 值：12 名患者中没有死亡，因此没有切点。"


def test_several_sentences_are_told_one_by_one_and_the_unknown_ones_kept():
    with speaking("zh"):
        assert retell("a.csv is damaged. Nobody wrote this. Make it anew.") == \
            "a.csv 已损坏。Nobody wrote this. 请重新生成。"


def test_a_run_is_called_in_the_readers_words():
    with speaking("zh"):
        assert retell("Ridge Cox, genes only, width 64") == "岭 Cox、仅基因、宽度 64"


def test_english_is_what_was_written():
    assert retell("a.csv is damaged.") == "a.csv is damaged."
    assert messages(ENGLISH) == {}


def test_a_hostile_text_takes_no_longer_than_its_length():
    with speaking("zh"):
        assert retell("Slide a: " * 20_000)  # a pattern that tries every way would never end


@pytest.mark.parametrize(("code", "texts"), [
    ('raise InputError(f"{path.name} is damaged.", hint="Copy it anew.")', ["{name} is damaged.", "Copy it anew."]),
    ('raise InputError(f"{a.name} of {b.name}")', ["{name} of {name_2}"]),
    ('notes.append(f"{n} slide{\'\' if n == 1 else \'s\'} left out")', ["{n} slide{either} left out"]),
    ('x = f"it lies {\'above\' if up else \'below\'} this cut"', ["it lies {either} this cut", "above", "below"]),
    ('LOG.info("two words here")', []),
    ('x = d["two words"]', []),
    ('def f():\n    """Two words."""', []),
    ('WORDS = {"a": "Two words"}', ["Two words"]),
])  # fmt: skip
def test_the_reader_of_sources_sees_what_is_said(code, texts):
    assert [one.text for one in told_texts([Source("survdash/sources/a.py", code)])] == texts


def test_the_catalogue_is_read_once(monkeypatch):
    first = retelling.messages("zh")
    assert retelling.messages("zh") is first


def test_a_short_text_does_not_swallow_a_paragraph():
    """"{n} of {m} genes ..." has few letters of its own, all of which stand somewhere in a long paragraph."""
    paragraph = ("The outcome of 200 patients was new. Nobody wrote of genes here before: they say so. "
                 "Each is of another kind: none is known.")
    with speaking("zh"):
        assert "个基因中有" not in retell(paragraph)
        assert retell("3 of 20 genes are damaged: A, B, C.").startswith("20 个基因中有 3 个")
