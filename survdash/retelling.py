"""Finished English texts of the depths, told in the reader's language.

Errors, notes, warnings and reports are written where they arise as finished English sentences, are stored so (in a
job's record, an import's report, a prediction) and printed so by the commands. A page tells them in its reader's
language: the catalogue ``languages/messages/<language>.po`` holds each with places for its values
("{name} is damaged."), and the text that fits a finished sentence says how it reads elsewhere. Values are carried over
as they are, but for those that are texts of the catalogue themselves: an error inside of another, a word among two or
three that the code chose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import NamedTuple

from survdash.language import CATALOGUES, ENGLISH, catalogue, language, later

DEEPEST = 4  # texts within texts; the code nests two or three
SENTENCE_END = re.compile(r"(?<=[.!?:]) (?=\S)")
NEXT_SENTENCE = re.compile(r"[.!?] (?=[A-Z])")
FEW_LETTERS, SHORT_VALUE = 14, 100  # "{n} of {m} genes" would else fit half of all paragraphs
LIST_ENDS = (later("; "), " | ", later(", "), later(" and "), later(" or "))
MOST_TOGETHER = 5  # sentences of one text of the catalogue
MOST_PIECES = 40  # of a text that is taken apart; a longer one is told as a whole or not at all
COUNTED = re.compile(r"(.+) ([\d.,]+)")
WORDS = "t"  # ``{name!t}`` in a translation: the value is one of the interface's words, never a user's


@dataclass(frozen=True, slots=True)
class Shape:
    """One text of the catalogue as what finished texts are held against: its own letters around its places."""

    own: tuple[str, ...]
    names: tuple[str, ...]
    translation: str

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in the places, where this text is the shape; None where it is not.

        Each piece of letters is taken where it first occurs, so time grows with the text's length and no faster.
        """
        first, *middle, last = self.own
        if not (text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last)):
            return None
        end, here, found = len(text) - len(last), len(first), []
        for letters in middle:
            there = text.find(letters, here, end)
            if there < 0:
                return None
            found.append(text[here:there])
            here = there + len(letters)
        values = [*found, text[here:end]]
        return dict(zip(self.names, values, strict=True)) if self._plausible(values) else None

    def _plausible(self, values: list[str]) -> bool:
        """Whether these can be values: a sentence does not begin inside of one, but for the last, a message of its own.

        Between few letters stand names and numbers, not clauses.
        """
        *before, last = values
        few = sum(letter.isalpha() for own in self.own for letter in own) < FEW_LETTERS
        message = self.own[-2].endswith(": ")
        return not (
            any(NEXT_SENTENCE.search(value) or (few and len(value) > SHORT_VALUE) for value in before)
            or (few and not message and (NEXT_SENTENCE.search(last) or len(last) > 2 * SHORT_VALUE))
        )


class Told(NamedTuple):
    """What a text became, and how many of its letters were the catalogue's own."""

    text: str
    letters: int


def retell(text: str) -> str:
    """A finished English text in the reader's language; whatever the catalogue does not know stays as it is.

    Examples
    --------
    >>> retell("genes.csv is damaged.")
    'genes.csv is damaged.'
    """
    name = language()
    if name == ENGLISH or not text:
        return text
    return "\n".join(_tell_value(line, name, words=True, depth=0).text for line in text.split("\n"))


@cache
def messages(name: str) -> Mapping[str, str]:
    """Translations of the depths' texts into one language by English text with its places; empty for English."""
    path = CATALOGUES / "messages" / f"{name}.po"
    if name == ENGLISH or not path.exists():
        return {}
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}


def shape_of(template: str, translation: str = "") -> Shape:
    """Read a template, "{name} is damaged."; doubled braces are letters."""
    own, names = [""], []
    for letters, place, _, _ in Formatter().parse(template):
        own[-1] += letters
        if place is not None:
            names.append(place)
            own.append("")
    return Shape(tuple(own), tuple(names), translation)


def _tell(text: str, name: str, *, words: bool, depth: int = 0) -> Told | None:
    """A text of the catalogue with its values; ``words`` of the interface too, where none can be a user's."""
    text = text.strip()
    known = _known(name).get(text) or (catalogue(name).get(text) if words else None)
    if known is not None or depth > DEEPEST:
        return None if known is None else Told(known, len(text))
    for shape in _shapes(name):
        if (values := shape.values(text)) is not None:
            told, letters = "", sum(map(len, shape.own))
            for own, place, _, mark in Formatter().parse(shape.translation):
                value = Told("", 0) if place is None else _tell_value(values[place], name, words=mark == WORDS,
                                                                      depth=depth + 1)  # fmt: skip
                told, letters = told + own + value.text, letters + value.letters
            return Told(told, letters)
    return None


def _tell_value(text: str, name: str, *, words: bool, depth: int) -> Told:
    """A value: told where it is a text of the catalogue, or a list of such, and else the same letters."""
    if not text.strip() or depth > DEEPEST:
        return Told(text, 0)
    if (told := _tell(text, name, words=words, depth=depth)) is not None:
        return told
    counted = COUNTED.fullmatch(text)
    if counted and (told := _tell(counted[1], name, words=words, depth=depth)) is not None:
        return Told(f"{told.text} {counted[2]}", told.letters)
    if text.endswith(".") and (told := _tell(text[:-1], name, words=words, depth=depth)) is not None:
        return Told(told.text + catalogue(name).get(". ", ". ").strip(), told.letters)
    tries = [_sentences(text, name, words=words, depth=depth)]
    for end in LIST_ENDS:
        pieces = text.split(end)
        if 1 < len(pieces) <= MOST_PIECES:
            ones = [_tell_value(piece, name, words=words, depth=depth + 1) for piece in pieces]
            between = catalogue(name).get(end, end)
            tries.append(Told(between.join(one.text for one in ones), sum(one.letters for one in ones)))
    best = max(tries, key=lambda one: one.letters)
    return best if best.letters else Told(text, 0)


def _sentences(text: str, name: str, *, words: bool, depth: int) -> Told:
    """A paragraph parted into texts of the catalogue so that they have most of its letters."""
    sentences = SENTENCE_END.split(text)
    if not 1 < len(sentences) <= MOST_PIECES:
        return Told(text, 0)
    best = [Told("", 0)] * (len(sentences) + 1)
    for start in range(len(sentences) - 1, -1, -1):
        left = _tell_value(sentences[start], name, words=words, depth=depth + 1)
        space = " " if not left.letters and start + 1 < len(sentences) else ""
        chosen = Told(left.text + space + best[start + 1].text, left.letters + best[start + 1].letters)
        for count in range(2, min(MOST_TOGETHER, len(sentences) - start) + 1):
            told, rest = _tell(" ".join(sentences[start : start + count]), name, words=words, depth=depth), \
                best[start + count]
            if told is not None and told.letters + rest.letters > chosen.letters:
                chosen = Told(told.text + rest.text, told.letters + rest.letters)
        best[start] = chosen
    return best[0]


@cache
def _known(name: str) -> Mapping[str, str]:
    return {text.strip(): told.strip() for text, told in messages(name).items()}


@cache
def _shapes(name: str) -> tuple[Shape, ...]:
    """All texts with places, those with the most letters of their own first: the closest fit wins."""
    shapes = [shape_of(text, told) for text, told in _known(name).items()]
    return tuple(sorted((one for one in shapes if one.names), key=lambda one: (-sum(map(len, one.own)), one.own)))
