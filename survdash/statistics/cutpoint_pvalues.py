"""How surprising is a statistic that was the largest of many? Four answers and a simulation.

Everywhere ``sizes`` (K,) are the candidates' low-group sizes, rising, ``patients`` is N and ``statistic`` the maximum b
of the K standardised statistics. The Lausen approximations are not capped at 1, as R's ``maxstat`` does not.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import comb, ndtr

HL_LIMIT = 170  # R counts permutations with gamma(n + 1), which overflows above
FAR = 7.0  # standard deviations; a maximum there has p-values below 1e-8
NODES = 400  # of the quadrature in the far tail, where more would not be seen
BLOCK = 2_000_000  # permuted scores held together


def lausen_1992(statistic: float, *, minprop: float, maxprop: float) -> float:
    """Lausen and Schumacher (1992), after Miller and Siegmund (1982); 1 below b = 1, may exceed 1 above.

    ``nan`` where a proportion is 0 or 1, for which the formula has no value.
    """
    if minprop <= 0 or maxprop >= 1:
        return float("nan")
    if statistic < 1:
        return 1.0
    density = np.exp(-(statistic**2) / 2) / np.sqrt(2 * np.pi)
    odds = np.log(maxprop * (1 - minprop) / ((1 - maxprop) * minprop))
    return max(0.0, float(4 * density / statistic + density * (statistic - 1 / statistic) * odds))


def lausen_1994(statistic: float, sizes: np.ndarray, patients: int) -> float:
    """Improved Bonferroni bound of Lausen, Sauerbrei and Schumacher (1994); may exceed 1."""
    here, following = sizes[:-1].astype(float), sizes[1:].astype(float)
    gap = np.sqrt(1 - here * (patients - following) / ((patients - here) * following))
    terms = gap - (statistic**2 / 4 - 1) * gap**3 / 6
    return float(2 * ndtr(-statistic) + np.exp(-(statistic**2) / 2) / np.pi * terms.sum())


def exact_gauss(statistic: float, sizes: np.ndarray, patients: int) -> float:
    """Chance that any of the K correlated normal variables leaves [-b, b], by quadrature.

    The standardised statistics are asymptotically a Markov chain (a Brownian bridge seen at the candidate sizes), so
    the density of the paths still inside is carried from one candidate to the next and what leaves is added up: no
    Monte Carlo, and relative accuracy in the far tail. The chain is even in its sign, so half of it is enough.
    R evaluates the same probability with error up to 0.005 (``maxstat``, ``pmethod="exactGauss"``).
    """
    b = float(statistic)
    if b <= 0:
        return 1.0
    leaving = 2 * ndtr(-b)
    if sizes.size == 1:
        return float(leaving)
    m = sizes.astype(float)
    below = m[1:] * (patients - m[:-1])
    correlation = np.sqrt(m[:-1] * (patients - m[1:]) / below)
    spread = np.sqrt(patients * (m[1:] - m[:-1]) / below)  # sqrt(1 - correlation^2) without cancellation
    # Nodes closer together than the narrowest step of the chain, or the quadrature would not see it.
    wanted = 3.2 * b / spread.min() + 32
    if b >= FAR:
        if wanted > 1.6 * NODES:
            return _far_tail(b, correlation, spread)
        wanted = min(wanted, NODES)  # the middle is seen less sharply, but nothing leaves from there
    nodes, weights = _half_gauss(int(16 * np.ceil(max(wanted, 96) / 16)))
    z, weights = nodes * b, weights * b
    inside = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    kernels: dict[tuple[float, float], np.ndarray] = {}  # without ties in risk, steps mirror each other around N / 2
    for r, s in zip(correlation, spread, strict=True):
        mass = weights * inside
        leaving += 2 * (mass @ (ndtr((-b - r * z) / s) + ndtr((r * z - b) / s)))
        kernel = kernels.get((r, s))
        if kernel is None:
            kernel = _kernel(z, r, s)
            if len(kernels) < BLOCK * 4 // z.size**2:  # 64 MB are enough for a thousand patients
                kernels[r, s] = kernel
        inside = kernel @ mass
    return float(leaving)


def _far_tail(b: float, correlation: np.ndarray, spread: np.ndarray) -> float:
    """The same for a far bound and many candidates, where nodes over all of [-b, b] would be too many.

    Deeper than 20 / b inside, one path in exp(20) has been outside before, so the density there is the normal one; only
    the layer along the bound is carried on. Relative error about the p-value itself and exp(-20).
    """
    inner = b - 20 / b
    half_layer, half_deep = 10 / b, (inner + b) / 2
    nodes, weights = np.polynomial.legendre.leggauss(int(min(NODES, 48 + 3.2 * half_layer / spread.min())))
    z, weights = inner + half_layer * (nodes + 1), weights * half_layer
    deep_nodes, deep_weights = np.polynomial.legendre.leggauss(200)
    deep = half_deep * (deep_nodes + 1) - b
    deep_mass = deep_weights * half_deep * np.exp(-(deep**2) / 2) / np.sqrt(2 * np.pi)
    normal = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    inside, leaving = normal, 2 * ndtr(-b)
    for r, s in zip(correlation, spread, strict=True):
        mass = weights * inside
        leaving += 2 * (mass @ ndtr((r * z - b) / s))
        if s > (b - inner) / 10:  # ties in risk: a step so wide that it leaves from the depth
            leaving += 2 * (deep_mass @ ndtr((r * deep - b) / s))
        from_deep = normal * (ndtr((inner - r * z) / s) - ndtr((-b - r * z) / s))
        kernel = np.exp(-0.5 * ((z[:, None] - r * z[None, :]) / s) ** 2) / (s * np.sqrt(2 * np.pi))
        inside = kernel @ mass + from_deep
    return float(leaving)


def _kernel(z: np.ndarray, r: float, s: float) -> np.ndarray:
    centre, scale = r * z / s, z / s
    kernel = np.exp(-0.5 * (scale[:, None] - centre[None, :]) ** 2)
    near = int(np.searchsorted(scale, 9.0))  # paths that change sign start and end within nine spreads of zero
    kernel[:near, :near] += np.exp(-0.5 * (scale[:near, None] + centre[None, :near]) ** 2)
    kernel /= s * np.sqrt(2 * np.pi)
    return kernel


@lru_cache(maxsize=16)
def _half_gauss(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The positive half of an even Gauss-Legendre rule on [-1, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes[count // 2 :], weights[count // 2 :]


def conditional(scores: np.ndarray, sizes: np.ndarray, statistic: float, *, resamples: int, seed: int) -> float:
    """Share of permutations whose maximum is at least b, the data themselves counted as one of them.

    Parameters
    ----------
    scores : ndarray, shape (N,)
    sizes : ndarray, shape (K,)
    statistic : float
    resamples, seed : int

    Returns
    -------
    float
        (1 + count) / (resamples + 1): never 0, as R's would be for lack of draws.
    """
    generator = np.random.default_rng(seed)
    mean, deviation = moments(scores, sizes)
    bar = statistic * (1 - 1e-12)  # sums of the same scores in another order may differ in the last digits
    reached, per_block = 0, max(1, BLOCK // scores.size)
    for start in range(0, resamples, per_block):
        draws = np.tile(scores, (min(per_block, resamples - start), 1))
        sums = np.cumsum(generator.permuted(draws, axis=1, out=draws), axis=1)[:, sizes - 1]
        reached += int((np.abs((sums - mean) / deviation).max(axis=1) >= bar).sum())
    return (1 + reached) / (resamples + 1)


def moments(scores: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the sum of m scores under permutation, for each m of ``sizes``."""
    n, total, squares = scores.size, scores.sum(), (scores**2).sum()
    m = sizes.astype(float)
    return m / n * total, np.sqrt(m * (n - m) / (n**2 * (n - 1)) * (n * squares - total**2))


def integer_scores(scores: np.ndarray) -> np.ndarray:
    """R's rounding for the exact test: whole scores stay, halves are doubled, others are put on a grid of 0..N."""
    part = scores - np.floor(scores)
    if not part.any():
        return scores
    if (part[part != 0] == 0.5).all():
        return 2 * scores
    shifted = scores - scores.min()
    return np.round(shifted * scores.size / shifted.max())


def hothorn_lausen(scores: np.ndarray, sizes: np.ndarray) -> float:
    """Improved Bonferroni bound over the exact permutation distribution, Hothorn and Lausen (2003).

    Parameters
    ----------
    scores : ndarray, shape (N,)
        In rising order of risk; put on whole numbers by ``integer_scores`` first.
    sizes : ndarray, shape (K,)

    Returns
    -------
    float
        At most 1; nan for more than 170 patients, where R has no value either. Time and memory grow with N^3.
    """
    n = scores.size
    if n > HL_LIMIT:
        return float("nan")
    whole = integer_scores(scores)
    whole = (whole - whole.min()).astype(int)
    every = np.arange(1, n)
    mean, deviation = moments(whole, every)
    statistic = (np.abs(np.cumsum(whole)[sizes - 1] - mean[sizes - 1]) / deviation[sizes - 1]).max()
    chance = _subset_sums(whole)[1:n] / comb(n, every)[:, None]  # row m - 1: P(sum of m scores = s)
    chance[:, 0] = 0  # as R: a sum of zero is not counted
    sums = np.arange(chance.shape[1])
    distance = np.abs(sums[None, :] - mean[:, None]) / deviation[:, None]
    if sizes.size == 1:  # no search, so the exact two-sided test
        return float(min(1.0, chance[sizes[0] - 1][distance[sizes[0] - 1] >= statistic * (1 - 1e-12)].sum()))
    beyond = (distance > statistic) & (chance > 0)
    tail = np.where(beyond, chance, 0).sum(axis=1)
    largest = int(whole.max())
    for row in range(int(sizes[0]) - 1, n - 2):
        after = beyond[row + 1]
        still_high = after & (sums > mean[row])  # the next score is the smallest, 0
        still_low = np.zeros_like(after)
        still_low[: sums.size - largest] = after[largest:]
        still_low &= sums < mean[row]
        tail[row + 1] -= chance[row][beyond[row] & (still_high | still_low)].sum()
    return float(min(1.0, tail[sizes - 1].sum()))


def _subset_sums(whole: np.ndarray) -> np.ndarray:
    """Number of m-subsets with sum s at [m, s]."""
    counts = np.zeros((whole.size + 1, int(whole.sum()) + 1))
    counts[0, 0] = 1
    reach = 0
    for index, value in enumerate(whole):
        old = counts[: index + 1, : reach + 1].copy()
        counts[1 : index + 2, value : value + reach + 1] += old
        reach += int(value)
    return counts
