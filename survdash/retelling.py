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

from survdash.language import CATALOGUES, ENGLISH, catalogue, language, later

DEEPEST = 4  # texts within texts; the code nests two or three
SENTENCE_END = re.compile(r"(?<=[.!?:]) (?=\S)")
LIST_ENDS = (later("; "), " | ", later(", "), later(" and "))
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
        return dict(zip(self.names, [*found, text[here:end]], strict=True))


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
    return "\n".join(_paragraph(line, name) for line in text.split("\n"))


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


def _paragraph(text: str, name: str) -> str:
    """One line: as a whole, or sentence by sentence, taking as many at once as one text of the catalogue has."""
    sentences = SENTENCE_END.split(text)
    if len(sentences) > MOST_PIECES:
        return _tell(text, name, words=True) or text
    parts: list[str] = []
    while sentences:
        for count in range(min(MOST_TOGETHER, len(sentences)), 0, -1):
            told = _tell(" ".join(sentences[:count]), name, words=True)
            if told is not None:
                break
        else:
            told = _tell_value(sentences[0], name, words=True, depth=1)
            told += " " if told == sentences[0] else ""
        parts.append(told)
        del sentences[:count]
    return "".join(parts).rstrip()


def _tell(text: str, name: str, *, words: bool, depth: int = 0) -> str | None:
    """A text of the catalogue with its values; ``words`` of the interface too, where none can be a user's."""
    known = messages(name).get(text) or (catalogue(name).get(text) if words else None)
    if known is not None or depth > DEEPEST:
        return known
    for shape in _shapes(name):
        if (values := shape.values(text)) is not None:
            return "".join(own + _place(place, mark, values, name, depth=depth + 1)
                           for own, place, _, mark in Formatter().parse(shape.translation))
    return None


def _place(place: str | None, mark: str | None, values: Mapping[str, str], name: str, *, depth: int) -> str:
    return "" if place is None else _tell_value(values[place], name, words=mark == WORDS, depth=depth)


def _tell_value(text: str, name: str, *, words: bool, depth: int) -> str:
    """A value: told where it is a text of the catalogue, or a list of such, and else the same letters."""
    counted = COUNTED.fullmatch(text)
    told = _tell(text, name, words=words, depth=depth)
    if told is not None or not text or depth > DEEPEST:
        return text if told is None else told
    if counted and (told := _tell(counted[1], name, words=words, depth=depth)) is not None:
        return f"{told} {counted[2]}"
    if text.endswith(".") and (told := _tell(text[:-1], name, words=words, depth=depth)) is not None:
        return told + catalogue(name).get(". ", ". ").strip()
    for pieces, between in ((SENTENCE_END.split(text), ""), *((text.split(end), end) for end in LIST_ENDS)):
        if 1 < len(pieces) <= MOST_PIECES:
            ones = [_tell_value(piece, name, words=words, depth=depth + 1) for piece in pieces]
            if ones != pieces:
                return catalogue(name).get(between, between).join(ones)
    return text


@cache
def _shapes(name: str) -> tuple[Shape, ...]:
    """All texts with places, those with the most letters of their own first: the closest fit wins."""
    shapes = [shape_of(text, told) for text, told in messages(name).items()]
    return tuple(sorted((one for one in shapes if one.names), key=lambda one: (-sum(map(len, one.own)), one.own)))
