"""Numbers as they are printed on a page, in a figure and in a report: one rule for all."""

from __future__ import annotations

import math

from survdash.language import later, tr

MISSING = later("not available")
# Words of the statistics and of tables that figures and pages show by ``tr``; where they are made, nobody speaks yet.
SAID_ELSEWHERE = (
    later("simulated"), later("genes only"), later("slide only"), later("clinical facts only"), later("width"),
    later("standardised"),
    later("female 1, male 0, standardised"), later("by site"), later("folds"), later("seeds"), later("inner stop"),
    later("cox loss"), later("tiles"), later("bins"), later("clinical facts"), later("new case"), later("nothing"),
    later("both"), later("several"),
    later("low"), later("medium"), later("high"), later("female"), later("male"), later("unknown"), later("diagnosis"),
    later("risk group"), later("age in years"), later("age in years, per 10"), later("sex"), later("stage, 0 to IV"),
    later("age"), later("stage"), later("site"), later("overall survival"), later("number"), later("word"),
    later("Tumor Suppressor Genes"), later("Oncogenes"), later("Protein Kinases"),
    later("yes or no"), later("words"), later("slide"), later("genes"), later("overall survival (simulated)"),
    later("Cell Differentiation Markers"), later("Transcription Factors"), later("Cytokines and Growth Factors"),
)


def p_text(p: float | None) -> str:
    """A p-value: ``<0.001``, three decimals below 0.20, then two; never 0.000 and never "not significant".

    >>> p_text(0.00004), p_text(0.0312), p_text(0.2), p_text(2.8)
    ('<0.001', '0.031', '0.20', '1.00')
    """
    value = _number(p)
    if math.isnan(value):
        return tr(MISSING)
    value = min(1.0, max(0.0, value))  # bounds such as Lau94 may exceed 1
    if value < 0.001:
        return "<0.001"
    return f"{value:.3f}" if value < 0.2 else f"{value:.2f}"


def ratio_text(
    ratio: float | None,
    low: float | None,
    high: float | None,
    *,
    compared: str = "high",
    reference: str = "low",
    level: float = 0.95,
) -> str:
    """A hazard ratio with its interval and what is compared with what.

    >>> ratio_text(2.141, 1.316, 3.468)
    '2.14 (95 % CI 1.32–3.47), high vs low'
    """
    if math.isnan(_number(ratio)):
        return tr(MISSING)
    return tr("{interval}, {compared} vs {reference}", interval=interval_text(ratio, low, high, level=level),
              compared=tr(compared), reference=tr(reference))  # fmt: skip


def interval_text(
    value: float | None, low: float | None, high: float | None, *, decimals: int = 2, level: float = 0.95
) -> str:
    """A value with its confidence interval.

    >>> interval_text(0.7213, 0.664, 0.779, decimals=3)
    '0.721 (95 % CI 0.664–0.779)'
    """
    shown, bottom, top = _number(value), _number(low), _number(high)
    if math.isnan(shown):
        return tr(MISSING)
    if math.isnan(bottom) or math.isnan(top):
        return tr("{value} (no interval)", value=f"{shown:.{decimals}f}")
    return tr("{value} ({level:g} % CI {low}–{high})", value=f"{shown:.{decimals}f}", level=100 * level,
              low=f"{bottom:.{decimals}f}", high=f"{top:.{decimals}f}")  # fmt: skip


def percent_text(share: float | None, *, patients: int = 0) -> str:
    """A share of 0..1 in percent: whole below 200 patients, where a decimal would promise too much.

    >>> percent_text(0.6249), percent_text(0.6249, patients=373)
    ('62 %', '62.5 %')
    """
    value = _number(share)
    if math.isnan(value):
        return tr(MISSING)
    decimals = 1 if patients >= 200 else 0
    return f"{100 * value:.{decimals}f} %"


def months_text(months: float | None, low: float | None = None, high: float | None = None) -> str:
    """A median in months, "not reached" where the curve stays above one half; with limits where given.

    >>> months_text(46.75), months_text(float("nan")), months_text(46.75, 26.12, float("nan"))
    ('46.8 months', 'not reached', '46.8 months (26.1 to not reached)')
    """
    limits = "" if low is None or high is None else tr(
        " ({low} to {high})", low=_or_not_reached(low), high=_or_not_reached(high)
    )
    if math.isnan(_number(months)):
        return tr("not reached") + (limits if not math.isnan(_number(low)) else "")
    return tr("{months} months", months=_or_not_reached(months)) + limits


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


def _or_not_reached(months: float | None) -> str:
    value = _number(months)
    return tr("not reached") if math.isnan(value) else f"{value:.1f}"


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def plain(name: str) -> str:
    """A name from data as Plotly shows it letter by letter: it would take ``<a>`` and ``<b>`` in it for markup.

    Examples
    --------
    >>> plain('<a href="https://x.example">TP53</a>')
    '&lt;a href="https://x.example">TP53&lt;/a>'
    """
    return name.replace("<", "&lt;")
