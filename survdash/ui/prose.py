"""Words of the pages: probabilities as people, ranks, sizes, times. Statistics are written by ``figures.words``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from survdash.figures.words import MISSING, alive_of_100, p_text, percentile_words, years
from survdash.language import later, tr
from survdash.ui.glossary import GLOSSARY

__all__ = ["CINDEX", "MODALITIES", "NOT_KNOWN", "alive_of_100", "data_size", "duration", "escape", "listed", "p_words",
           "percentile_words", "years"]  # fmt: skip

NOT_KNOWN = "–"
MODALITIES = {"genes": later("gene tables"), "slide": later("slides"), "clinical": later("clinical facts")}
CINDEX = GLOSSARY["cindex"].words


def escape(text: str) -> str:
    r"""Text that Markdown shows letter by letter: a file or gene name must not become markup.

    Examples
    --------
    >>> escape("a_b*")
    'a\\_b\\*'
    """
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~$:<>])", r"\\\1", text)


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    Examples
    --------
    >>> listed(["genes", "slides"])
    'genes and slides'
    """
    if len(names) < 2:
        return "".join(names)
    return tr("{first} and {last}", first=tr(", ").join(names[:-1]), last=names[-1])


def p_words(p: float | None) -> str:
    """A p-value with its letter.

    Examples
    --------
    >>> p_words(0.0004), p_words(0.0421), p_words(None)
    ('p < 0.001', 'p = 0.042', 'no p-value')
    """
    text = p_text(p)
    if text == tr(MISSING):
        return tr("no p-value")
    return "p < 0.001" if text.startswith("<") else f"p = {text}"


def data_size(count: int) -> str:
    """Bytes for people.

    Examples
    --------
    >>> data_size(512), data_size(3_901_814), data_size(2_500_000_000)
    ('512 bytes', '3.9 MB', '2.5 GB')
    """
    if count < 1000:
        return tr("{count} bytes", count=count)
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.1f} kB"


def duration(seconds: float) -> str:
    """A time span for people.

    Examples
    --------
    >>> duration(0.4), duration(42), duration(95)
    ('1 s', '42 s', '1 min 35 s')
    """
    whole = max(1, round(seconds))
    if whole < 60:
        return tr("{seconds} s", seconds=whole)
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return tr("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
    return tr("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
