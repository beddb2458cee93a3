"""Words of the pages: probabilities as people, ranks, sizes, times. Statistics are written by ``figures.words``."""

from __future__ import annotations

import math
import re

from survdash.figures.words import MISSING, p_text

NOT_KNOWN = "–"
CINDEX = "How often, of two patients, the one with the higher risk died first. 0.5 is chance, 1 is perfect."


def escape(text: str) -> str:
    r"""Text that Markdown shows letter by letter: a file or gene name must not become markup.

    Examples
    --------
    >>> escape("a_b*")
    'a\\_b\\*'
    """
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~$:<>])", r"\\\1", text)


def p_words(p: float | None) -> str:
    """A p-value with its letter.

    Examples
    --------
    >>> p_words(0.0004), p_words(0.0421), p_words(None)
    ('p < 0.001', 'p = 0.042', 'no p-value')
    """
    text = p_text(p)
    if text == MISSING:
        return "no p-value"
    return "p < 0.001" if text.startswith("<") else f"p = {text}"


def years(month: float) -> str:
    """A horizon in words.

    Examples
    --------
    >>> years(12), years(36), years(18)
    ('1 year', '3 years', '18 months')
    """
    if month % 12:
        return f"{month:g} months"
    count = int(month // 12)
    return f"{count} year{'' if count == 1 else 's'}"


def alive_of_100(share: float, month: float) -> str:
    """A survival probability as people.

    Examples
    --------
    >>> alive_of_100(0.617, 36)
    'Of 100 patients with a profile like this, about 62 are alive at 3 years.'
    """
    count = round(100 * share)
    verb = "is" if count == 1 else "are"
    return f"Of 100 patients with a profile like this, about {count} {verb} alive at {years(month)}."


def percentile_words(percentile: float) -> str:
    """Where a risk stands among the cohort's, 0 lowest to 100 highest.

    Examples
    --------
    >>> percentile_words(83.2), percentile_words(99.7)
    ('higher than 83 of 100 patients of the cohort', 'higher than 99 of 100 patients of the cohort')
    """
    # floor: nobody's risk is "higher than 100 of 100"
    return f"higher than {min(99, math.floor(percentile))} of 100 patients of the cohort"


def data_size(count: int) -> str:
    """Bytes for people.

    Examples
    --------
    >>> data_size(512), data_size(3_901_814), data_size(2_500_000_000)
    ('512 bytes', '3.9 MB', '2.5 GB')
    """
    if count < 1000:
        return f"{count} bytes"
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
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
