"""The language of the interface: every text that a page shows goes through ``tr``.

The English text is the key. Its translation stands in ``survdash/languages/zh.po``; a text without one stays English.
Values are put in after the look-up, so that a translation may order them as its grammar asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

ENGLISH = "en"
LANGUAGES: Mapping[str, str] = {ENGLISH: "English", "zh": "中文"}  # each called as its readers call it
TAGS: Mapping[str, str] = {ENGLISH: "en", "zh": "zh-CN"}  # as HTML wants them
CATALOGUES = Path(__file__).with_name("languages")

P = ParamSpec("P")
T = TypeVar("T")

_chosen: ContextVar[str | None] = ContextVar("language", default=None)
_questions: list[Callable[[], str]] = []


def tr(text: str, /, **values: object) -> str:
    """The text in the reader's language, with its values put in.

    Parameters
    ----------
    text : str
        English, as a literal where it can be: a test then sees to its translation. ``{name}`` and ``{share:.0%}`` are
        places for values; with no values at all, braces are left as they are (Plotly's ``%{x}``).
    **values : object
        By name, each named in the text.

    Examples
    --------
    >>> tr("{count:,} patients", count=1200)
    '1,200 patients'
    """
    words = catalogue(language()).get(text, text)
    return words.format(**values) if values else words


def later(text: str, /) -> str:
    """Mark a text of a table or constant, which is looked up by ``tr`` where it is shown; returns it as it is."""
    return text


def language() -> str:
    """Name of the language in which texts are asked for, one of ``LANGUAGES``."""
    chosen = _chosen.get()
    if chosen is None and _questions:
        chosen = _questions[-1]()
    return chosen if chosen is not None and chosen in LANGUAGES else ENGLISH


def use_language(name: str) -> None:
    """Speak this language from here on in this thread; an unknown one is English."""
    _chosen.set(name)


def ask_for_language(question: Callable[[], str]) -> None:
    """Name the function that knows the language wherever none was set: in a fragment's or a callback's thread.

    The pages give one that asks the visitor's session; this module sees no session itself.
    """
    _questions[:] = [question]


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Speak a language inside the block."""
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def in_this_language(function: Callable[P, T]) -> Callable[P, T]:
    """The same function, bound to the language of now: for what runs later in a thread that knows of no visitor.

    A download that is made on the click is such a function.
    """
    name = language()

    @wraps(function)
    def spoken(*args: P.args, **kwargs: P.kwargs) -> T:
        with speaking(name):
            return function(*args, **kwargs)

    return spoken


@cache
def catalogue(name: str) -> Mapping[str, str]:
    """Translations into one language by English text, read once; empty for English."""
    if name == ENGLISH:
        return {}
    from babel.messages.pofile import read_po  # only readers of another language wait for it

    with (CATALOGUES / f"{name}.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}
