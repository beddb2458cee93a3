"""How surprising is a statistic that was the largest of many? Four answers and a simulation.

Everywhere ``sizes`` (K,) are the candidates' low-group sizes, rising, ``patients`` is N and ``statistic`` the maximum b
of the K standardised statistics. The Lausen approximations are not capped at 1, as R's ``maxstat`` does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import comb, ndtr, roots_legendre

from survdash.statistics.resampling import shuffled_rows

HL_LIMIT = 170  # R counts permutations with gamma(n + 1), which overflows above
FAR = 7.0  # standard deviations; a maximum there has p-values below 1e-8
NODES = 400  # of the quadrature in the far tail, where more would not be seen
KEPT = 8_000_000  # numbers of the chain's steps held together
DRAWN = 50_000  # permuted scores held together, few enough to stay in the processor's cache


def lausen_1992(statistic: float, *, minprop: float, maxprop: float) -> float:
    """Lausen and Schumacher (1992), after Miller and Siegmund (1982); 1 below b = 1, may exceed 1 above.

    ``nan`` where a proportion is 0 or 1, for which the formula has no value above.
    """
    if statistic < 1:
        return 1.0
    if minprop <= 0 or maxprop >= 1:
        return float("nan")
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
            if len(kernels) < KEPT // z.size**2:  # 64 MB are enough for a thousand patients
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
    nodes, weights = roots_legendre(int(min(NODES, 48 + 3.2 * half_layer / spread.min())))
    z, weights = inner + half_layer * (nodes + 1), weights * half_layer
    deep_nodes, deep_weights = roots_legendre(200)
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
    """The positive half of an even Gauss-Legendre rule on [-1, 1]; SciPy's takes a tenth of NumPy's time."""
    nodes, weights = roots_legendre(count)
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
    first, last = int(sizes[0]) - 1, int(sizes[-1])
    low, high = np.full(last - first, -np.inf), np.full(last - first, np.inf)
    low[sizes - 1 - first], high[sizes - 1 - first] = mean - bar * deviation, mean + bar * deviation
    reached, per_block = 0, max(1, DRAWN // scores.size)
    for start in range(0, resamples, per_block):
        draws = shuffled_rows(scores, min(per_block, resamples - start), generator)
        sums = np.cumsum(draws, axis=1, out=draws)[:, first:last]
        beyond = sums >= high
        beyond |= sums <= low
        reached += int(beyond.any(axis=1).sum())
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
        At most 1; nan for more than 170 patients, where R overflows (it has a value only for a single candidate). Time
        and memory grow with N^2 and with how far the bound lies from the smallest sum.
    """
    n = scores.size
    if n > HL_LIMIT:
        return float("nan")
    whole = integer_scores(scores)
    # As R, before the shift: where two sums are equally far in theory, the last digit says which counts.
    mean, deviation = moments(whole, sizes)
    statistic = float((np.abs(np.cumsum(whole)[sizes - 1] - mean) / deviation).max())
    whole = (whole - whole.min()).astype(int)
    if sizes.size == 1:  # no search, so the exact two-sided test
        statistic *= 1 - 1e-12
    tails = _Tails.of(np.sort(whole), statistic, strictly=sizes.size > 1)
    chance = tails.low_chance.sum(axis=1) + tails.high_chance.sum(axis=1)
    chance[sizes[0] + 1 : n] -= tails.twice()[sizes[0] + 1 : n]
    return float(min(1.0, chance[sizes].sum()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tails:
    """The sums of m of N whole scores that lie beyond the bound, and the chance of each; rows m = 0..N.

    Column u of ``low`` is the sum u above the smallest possible one, ``least[m]``; of ``high`` the sum u below the
    largest, ``total - least[N - m]``.
    """

    least: np.ndarray  # (N + 1,) sum of the m smallest scores
    step: int  # the largest score
    low: np.ndarray  # (N + 1, U) int, sums
    high: np.ndarray
    low_chance: np.ndarray  # (N + 1, U); 0 where the sum is impossible or within the bound
    high_chance: np.ndarray

    @classmethod
    def of(cls, ordered: np.ndarray, statistic: float, *, strictly: bool) -> _Tails:
        n, every = ordered.size, np.arange(1, ordered.size)
        least = np.concatenate([[0], np.cumsum(ordered)])
        mean, deviation = moments(ordered, every)
        width = int(np.ceil((mean - statistic * deviation - least[1:n]).max())) + 2
        counts = _small_sums(ordered, max(width, 1))
        above = np.arange(counts.shape[1])
        low, high = least[:, None] + above, (least[-1] - least[::-1])[:, None] - above
        found = []
        for sums, ways, below in ((low, counts, True), (high, counts[::-1], False)):
            gap = sums[1:n] - mean[:, None]
            distance = np.abs(gap) / deviation[:, None]
            beyond = (gap <= 0) if below else (gap > 0)
            if strictly:
                beyond &= (distance > statistic) & (sums[1:n] != 0)  # as R: a sum of zero is not counted
            else:
                beyond &= distance >= statistic
            chance = np.zeros(sums.shape)
            chance[1:n] = np.where(beyond, ways[1:n], 0) / comb(n, every)[:, None]
            found.append(chance)
        return cls(least=least, step=int(ordered[-1]), low=low, high=high, low_chance=found[0], high_chance=found[1])

    def twice(self) -> np.ndarray:
        """(N + 1,) in row m the chance of being beyond with m - 1 scores and, whatever the next one, with m too."""
        chance = np.zeros(self.least.size)
        for sums, part, worst in ((self.low, self.low_chance, self.step), (self.high, self.high_chance, 0)):
            chance[1:] += np.where(self._is_beyond(sums[:-1] + worst), part[:-1], 0).sum(axis=1)
        return chance

    def _is_beyond(self, sums: np.ndarray) -> np.ndarray:
        """Whether ``sums`` (N, U) are possible and beyond the bound with one score more than their row."""
        found = np.zeros(sums.shape, bool)
        row, last = np.arange(1, self.least.size)[:, None], self.low.shape[1] - 1
        for column, chance in (
            (sums - self.least[1:, None], self.low_chance),
            ((self.least[-1] - self.least[-2::-1])[:, None] - sums, self.high_chance),
        ):
            found |= (column >= 0) & (column <= last) & (chance[row, np.clip(column, 0, last)] > 0)
        return found


def _small_sums(ordered: np.ndarray, width: int) -> np.ndarray:
    """Number of m-subsets of the N rising scores whose sum is u above that of the m smallest; (N + 1, width) at [m, u].

    Taken in rising order, a score adds to row m as much as it is larger than the one that the smallest subset has in
    its place: never less than nothing, so what lies beyond ``width`` never comes back.
    """
    counts = np.zeros((ordered.size + 1, width))
    counts[0, 0] = 1
    rising = ordered.tolist()
    for index, value in enumerate(rising):
        for size in range(index, -1, -1):
            shift = value - rising[size]
            if shift >= width:
                break
            counts[size + 1, shift:] += counts[size, : width - shift]
    return counts
