"""How like the training cohort a case is: distances within and off the main axes of what the cohort looks like.

A part of a case is one row of numbers: the gene values, or the mean and the spread of the tile features. Rows are
standardised by the cohort and squashed by asinh, because gene tables hold single values of thousands of standard
deviations. On the main axes (PCA) the distance is Mahalanobis' with a shrunk covariance (Ledoit and Wolf 2004); off
them it is what the axes leave over. They are the T and Q of multivariate process control (Jackson and Mudholkar 1979).
Each is divided by its 95 % quantile among held-out patients, whom cross-fitting gives: each twentieth is measured
against the others. The larger of both is divided by its own 95 % quantile, the limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from survdash.errors import ArtefactError, NotEnoughDataError
from survdash.explanation.record import Familiarity

AXES = 16
PATIENTS_PER_AXIS = 5
FLAGGED = 0.05
FAR = 1.5  # far is beyond so many times the farthest held-out patient: noise for a slide is 1.7
FLOOR = 0.05  # of the median standard deviation: a column that hardly varies must not decide alone
PARTS = 20  # of a cohort, each measured against the others
FEWEST = 40

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Habitat:
    """Where the cohort's rows of P numbers lie.

    Parameters
    ----------
    fill, centre, scale : ndarray, shape (P,)
        Median for a missing value, mean and standard deviation.
    middle : ndarray, shape (P,)
        Mean of the squashed rows.
    axes : ndarray, shape (K, P)
    precision : ndarray, shape (K, K)
    """

    fill: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    middle: np.ndarray
    axes: np.ndarray
    precision: np.ndarray

    def distances(self, rows: np.ndarray) -> np.ndarray:
        """On and off the main axes: (N, 2) of (N, P) rows, both at least 0."""
        squashed = _squash(rows, self.fill, self.centre, self.scale) - self.middle
        on = squashed @ self.axes.T.astype(np.float64)
        off = squashed - on @ self.axes
        within = np.einsum("nk,kl,nl->n", on, self.precision, on)
        return np.sqrt(np.column_stack([np.maximum(within, 0.0), (off**2).sum(axis=1)]))


def fit_habitat(rows: np.ndarray) -> Habitat:
    """Fit to (N, P) rows; NaN is filled by the median."""
    from sklearn.covariance import LedoitWolf

    values = np.asarray(rows, np.float64)
    empty = np.isnan(values).all(axis=0)
    fill = np.nanmedian(np.where(empty, 0.0, values), axis=0)
    filled = np.where(np.isnan(values), fill, values)
    spread = filled.std(axis=0)
    varied = spread[spread > 0]
    scale = np.maximum(spread, FLOOR * np.median(varied) if varied.size else 1.0)
    parts = (fill, filled.mean(axis=0), scale)
    squashed = _squash(values, *parts)
    middle = squashed.mean(axis=0)
    kept = _main_axes(squashed - middle, most=min(AXES, len(rows) // PATIENTS_PER_AXIS))
    precision = LedoitWolf(assume_centered=True).fit((squashed - middle) @ kept.T).precision_
    fields = ("fill", "centre", "scale", "middle")
    return Habitat(**{name: part.astype(np.float32) for name, part in zip(fields, (*parts, middle), strict=True)},
                   axes=kept.astype(np.float16), precision=precision)  # fmt: skip


def measure_cohort(rows: np.ndarray) -> Arrays:
    """Fit to a cohort of N patients and set the limits on held-out ones, as plain arrays.

    Each twentieth of the patients is measured against a fit to the others. With fewer and larger parts these fits would
    be to so many fewer patients than the final one that their distances, and with them the limit, came out too small.

    Parameters
    ----------
    rows : ndarray, shape (N, P)
        NaN where a number is missing.

    Returns
    -------
    dict
        The arrays of ``Habitat`` fitted to all, ``unit`` (2,) and ``limit`` (), and ``held_out`` (N,): the distances of
        the patients in units of the limit.

    Raises
    ------
    NotEnoughDataError
        If there are fewer than 40 patients.
    """
    if len(rows) < FEWEST:
        raise NotEnoughDataError(f"{len(rows)} patients are too few to tell what is usual.",
                                 hint=f"{FEWEST} are needed.")  # fmt: skip
    part = np.arange(len(rows)) % PARTS
    held_out = np.empty((len(rows), 2))
    for number in range(PARTS):
        held_out[part == number] = fit_habitat(rows[part != number]).distances(rows[part == number])
    # "higher": an order statistic, so that no more than 5 % of these patients lie beyond it
    unit = np.quantile(held_out, 1 - FLAGGED, axis=0, method="higher")
    worst = (held_out / unit).max(axis=1)
    limit = np.quantile(worst, 1 - FLAGGED, method="higher")
    return asdict(fit_habitat(rows)) | {"unit": unit, "limit": np.asarray(limit), "held_out": worst / limit}


def compare_with_cohort(row: np.ndarray, arrays: Mapping[str, np.ndarray], *, part: str) -> Familiarity:
    """Where one (P,) row lies, by what ``measure_cohort`` made.

    Raises
    ------
    ArtefactError
        If the row is of another width.
    """
    habitat = Habitat(**{name: arrays[name] for name in Habitat.__slots__})
    if row.shape != habitat.fill.shape:
        raise ArtefactError(
            f"The {part} give {row.size} numbers where the stored cohort has {habitat.fill.size}.",
            hint="Store them anew: python -m survdash references MODEL",
        )
    worst = (habitat.distances(row[None])[0] / arrays["unit"]).max()
    return _place(float(worst / arrays["limit"]), arrays, part=part)


def held_out_familiarity(arrays: Mapping[str, np.ndarray], position: int, *, part: str) -> Familiarity | None:
    """The stored place of a cohort's patient, measured against the other folds; None for one in no fold."""
    distance = float(arrays["held_out"][position])
    return None if np.isnan(distance) else _place(distance, arrays, part=part)


def _place(distance: float, arrays: Mapping[str, np.ndarray], *, part: str) -> Familiarity:
    known = arrays["held_out"][~np.isnan(arrays["held_out"])]
    return Familiarity(
        part=part, distance=distance, percentile=float(100 * (known < distance).mean()),
        far_limit=FAR * float(known.max()),
    )


def slide_row(bag: np.ndarray, *, spread: bool) -> np.ndarray:
    """Mean of (M, D) tile features and, with ``spread``, their standard deviation: (D,) or (2 D,)."""
    values = np.asarray(bag, np.float64)
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known.any(axis=0), np.where(known, values, 0.0).sum(axis=0) / count, np.nan)
    if not spread:
        return mean
    square = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0) / count
    return np.concatenate([mean, np.sqrt(square)])


def familiarity_words(found: Sequence[Familiarity]) -> tuple[str, ...]:
    """Warnings of what is unlike the training cohort, the farthest first; none where all is usual."""
    hints = {"genes": "Check that the values are z-scores of the same kind as the cohort's.",
             "slide": "Check stain, focus, magnification and tissue."}  # fmt: skip
    words = []
    for one in sorted(found, key=lambda one: -one.distance):
        what = {"genes": "The genes", "slide": "The slide"}[one.part]
        are = {"genes": "are", "slide": "is"}[one.part]
        if one.level == "far":
            words.append(
                f"{what} {are} nothing like those of the patients this model learnt from: {one.distance:.1f} times the "
                f"limit that 5 of 100 of them exceed. Give the answer no weight. {hints[one.part]}"
            )
        elif one.level == "unlike":
            words.append(
                f"{what} {are} unlike those of most patients this model learnt from: farther off than "
                f"{min(99, one.percentile):.0f} of 100 held-out patients. {hints[one.part]}"
            )
    return tuple(words)


def _main_axes(centred: np.ndarray, *, most: int) -> np.ndarray:
    """The first principal axes, (K, P), by the smaller matrix of products, so that many patients cost no more."""
    from scipy.linalg import eigh

    patients, columns = centred.shape
    across = columns < patients
    products = centred.T @ centred if across else centred @ centred.T
    size = min(patients, columns)
    values, vectors = eigh(products, subset_by_index=(size - max(1, min(most, size)), size - 1))
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > 1e-9 * max(values[0], 1e-9)
    if across:
        return np.asarray(vectors[:, kept].T)
    return np.asarray((vectors[:, kept] / np.sqrt(values[kept])).T @ centred)


def _squash(rows: np.ndarray, fill: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    values = np.where(np.isnan(rows), fill, np.asarray(rows, np.float64))
    return np.asarray(np.arcsinh((values - centre) / scale))
