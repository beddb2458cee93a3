"""Words of the pages: probabilities as people, ranks, sizes, times. Statistics are written by ``figures.words``."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from survdash.figures.words import MISSING, p_text
from survdash.language import later, tr

NOT_KNOWN = "–"
MODALITIES = {"genes": later("gene tables"), "slide": later("slides")}
CINDEX = later("How often, of two patients, the one with the higher risk died first. 0.5 is chance, 1 is perfect.")


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


def years(month: float) -> str:
    """A horizon in words.

    Examples
    --------
    >>> years(12), years(36), years(18)
    ('1 year', '3 years', '18 months')
    """
    if month % 12:
        return tr("{count:g} months", count=month)
    count = int(month // 12)
    return tr("1 year") if count == 1 else tr("{count} years", count=count)


def alive_of_100(share: float, month: float) -> str:
    """A survival probability as people.

    Examples
    --------
    >>> alive_of_100(0.617, 36)
    'Of 100 patients with a profile like this, about 62 are alive at 3 years.'
    """
    count = round(100 * share)
    if count == 1:
        return tr("Of 100 patients with a profile like this, about 1 is alive at {time}.", time=years(month))
    return tr("Of 100 patients with a profile like this, about {count} are alive at {time}.", count=count,
              time=years(month))  # fmt: skip


def percentile_words(percentile: float) -> str:
    """Where a risk stands among the cohort's, 0 lowest to 100 highest.

    Examples
    --------
    >>> percentile_words(83.2), percentile_words(99.7)
    ('higher than 83 of 100 patients of the cohort', 'higher than 99 of 100 patients of the cohort')
    """
    # floor: nobody's risk is "higher than 100 of 100"
    return tr("higher than {count} of 100 patients of the cohort", count=min(99, math.floor(percentile)))


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
