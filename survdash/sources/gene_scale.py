"""In what scale gene values are: z-scores, logarithms, TPM or counts; and whether that is the model's scale."""

from __future__ import annotations

import numpy as np
import pandas as pd

from survdash.genes import GenePanel, kinds_of

LEAST_FOR_SCALE = 20    # fewer values of a kind say too little of their scale
MOST_OUTSIDE = 0.25     # real patients: at most 0.15 of their RNA values; counts in place of z-scores: 0.86
CENTRED = 0.9           # a panel is centred when this share of its genes goes below zero
LEAST_NEGATIVE = 0.02   # of a patient's values in a centred panel; real patients: at least 0.49
MOST_NEGATIVE = 0.1     # in a panel that never goes below zero
ROUNDED = 1e-5          # of a bound, which has six digits on a card: many stand at a gene's smallest value
CNV_RANGE = (-2.0, 2.0)  # GISTIC
SHARE_OF_Z = 0.2        # of values below zero that only centred values have
LARGEST_LOG = 30.0      # 2 to the power of 30 reads would be a whole sequencer


def _bounds(panel: GenePanel, *, widen: float) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.array(panel.low), np.array(panel.high)
    span = (high - low) * widen
    low, high = low - span, high + span
    kinds = kinds_of(panel.columns)
    cnv, mut = kinds == "cnv", kinds == "mut"
    low[cnv], high[cnv] = np.minimum(low[cnv], CNV_RANGE[0]), np.maximum(high[cnv], CNV_RANGE[1])
    low[mut], high[mut] = 0.0, 1.0
    return low - ROUNDED * np.abs(low), high + ROUNDED * np.abs(high)


def outside_of(values: pd.Series, panel: GenePanel, *, widen: float) -> np.ndarray:
    """Which values lie outside the cohort's range, widened by a share of its width on either side.

    Parameters
    ----------
    values : Series
        Over ``panel.columns``; NaN where missing.
    panel : GenePanel
    widen : float
        Share of the width.

    Returns
    -------
    ndarray, shape (G,)
        bool; False where a value is missing.
    """
    low, high = _bounds(panel, widen=widen)
    given = values.to_numpy(float)
    between = (kinds_of(panel.columns) == "mut") & ~np.isnan(given) & ~np.isin(given, (0, 1))
    return (given < low) | (given > high) | between


def judge_scale(values: pd.Series, outside: np.ndarray, panel: GenePanel) -> list[str]:
    """What speaks for another scale than the model's, in words; nothing for real patients in the right one.

    Parameters
    ----------
    values : Series
        Over ``panel.columns``; NaN where missing.
    outside : ndarray, shape (G,)
        ``outside_of`` with ``widen`` 0.
    panel : GenePanel
    """
    faults = []
    given = values.to_numpy(float)
    kinds = kinds_of(panel.columns)
    names = {"rna": "RNA values", "cnv": "copy numbers", "mut": "mutations"}
    for kind, name in names.items():
        here = (kinds == kind) & ~np.isnan(given)
        if here.sum() < LEAST_FOR_SCALE:
            continue
        share = outside[here].mean()
        negative = (given[here] < 0).mean()
        below_zero = (np.array(panel.low)[here] < 0).mean()
        if share > MOST_OUTSIDE:
            faults.append(
                f"{share:.0%} of the {name} lie outside the range of the cohort the model learnt from "
                f"(median here {np.median(given[here]):.3g}): they are in another scale{_look(kind, given[here])}"
            )
        elif kind == "rna" and below_zero >= CENTRED and negative < LEAST_NEGATIVE:
            faults.append(
                f"{negative:.0%} of the {name} are below zero, but the model learnt from centred values (z-scores): "
                f"they are in another scale{_look(kind, given[here])}"
            )
        elif kind == "rna" and below_zero <= 1 - CENTRED and negative > MOST_NEGATIVE:
            faults.append(f"{negative:.0%} of the {name} are below zero, but those the model learnt from never are")
    return faults


def name_scale(values: np.ndarray) -> str:
    """What a set of RNA values looks like, in words; "" where there are too few, or they fit nothing known.

    Parameters
    ----------
    values : ndarray
        Any shape; NaN is left out.

    Examples
    --------
    >>> name_scale(np.arange(0, 5000, 50))
    'counts'
    """
    given = values[~np.isnan(values)]
    if given.size < LEAST_FOR_SCALE:
        return ""
    if (given < 0).mean() >= SHARE_OF_Z:
        return "z-scores"
    if given.max() > LARGEST_LOG:
        return "counts" if (given == np.round(given)).mean() > 0.99 else "TPM, FPKM or the like"
    return "logarithms, as log2(TPM + 1)" if given.max() > 2 else ""


def _look(kind: str, values: np.ndarray) -> str:
    look = name_scale(values) if kind == "rna" else ""
    return f" and look like {look}" if look else ""
