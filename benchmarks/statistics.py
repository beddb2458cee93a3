"""Do the statistics keep their promises, and how fast are they? Simulated cohorts whose truth is known.

Prints two tables, and draws the p-values of cohorts without any effect as ``benchmarks/statistics.svg``.
``python -m benchmarks.statistics [--quick]``
"""

from __future__ import annotations

import sys
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from survdash.statistics import (
    adjusted_hazard_ratios,
    calibration,
    compare_methods,
    compare_paired,
    concordance,
    concordance_interval,
    concordance_uno,
    cox_model,
    cumulative_incidence,
    cut_p_values,
    cutpoint_stability,
    d_calibration,
    hazard_ratio,
    held_out_groups,
    kaplan_meier,
    logrank,
    maxstat,
    maxstat_two_cuts,
    smooth_calibration,
    time_auc,
    uno_interval,
)

FIGURE = Path(__file__).with_suffix(".svg")
TAU, HORIZON = 2.0, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often something happened in simulated cohorts, and how often it should."""

    what: str
    happened: int
    of: int
    wanted: str

    @property
    def share(self) -> float:
        """Happened, of all."""
        return self.happened / self.of

    @property
    def error(self) -> float:
        """Monte Carlo standard error of a rate of 5 (or 95) %."""
        return float(np.sqrt(0.05 * 0.95 / self.of))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cohort:
    """Risk, time and event, each (N,)."""

    risk: np.ndarray
    time: np.ndarray
    event: np.ndarray


def draw(patients: int, seed: int, *, effect: float = 0.0, noise: float = 0.0, end: float = 4.0) -> Cohort:
    """Hazard exp(effect * x), a risk x blurred by noise, censoring evenly from 0.2 to ``end``."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=patients)
    death = generator.exponential(np.exp(-effect * x))
    last = generator.uniform(0.2, end, size=patients)
    risk = x + noise * generator.normal(size=patients)
    return Cohort(risk=risk, time=np.minimum(death, last), event=death <= last)


def null_p_values(repeats: int, patients: int = 200) -> dict[str, np.ndarray]:
    """p-values of cuts through cohorts in which the risk means nothing."""
    found: dict[str, list[float]] = {"naive": [], "corrected": [], "held out": [], "held out, plain logrank": []}
    for seed in range(repeats):
        cohort = draw(patients, seed)
        fold = np.random.default_rng(10**6 + seed).permutation(patients) % 5
        three = cut_p_values(cohort.risk, cohort.time, cohort.event, fold, resamples=199)
        high = held_out_groups(cohort.risk, cohort.time, cohort.event, fold)
        plain = logrank(cohort.time, cohort.event, high).p_value
        for name, p in zip(found, (three.naive, three.corrected, three.held_out, plain), strict=True):
            found[name].append(p)
    return {name: np.array(values) for name, values in found.items()}


def cut_rates(p_values: dict[str, np.ndarray]) -> Iterator[Rate]:
    wanted = ("several times 5 %", "5 %", "5 %", "more than 5 %: why the held-out p is permuted")
    for (name, every), word in zip(p_values.items(), wanted, strict=True):
        p = every[np.isfinite(every)]
        yield Rate(what=f"cutpoint, {name} p <= 0.05", happened=int((p <= 0.05).sum()), of=p.size, wanted=word)


def two_cut_rate(repeats: int, patients: int = 150) -> Rate:
    rejected = 0
    for seed in range(repeats):
        cohort = draw(patients, seed)
        rejected += maxstat_two_cuts(cohort.risk, cohort.time, cohort.event, resamples=199).corrected <= 0.05
    return Rate(what="two cutpoints, corrected p <= 0.05", happened=rejected, of=repeats, wanted="5 %")


def discrimination_rates(repeats: int, patients: int = 200, *, truth_patients: int = 500_000) -> Iterator[Rate]:
    """Coverage of the intervals of c, Uno's c and the AUC; the truth is the value in a very large cohort."""
    big = draw(truth_patients, 10**9, effect=0.7)
    truths = {
        "Harrell's c": concordance(big.risk, big.time, big.event),
        "Uno's c": concordance_uno(big.risk, big.time, big.event, train_time=big.time, train_event=big.event, tau=TAU),
        "AUC at a time": time_auc(big.risk, big.time, big.event, times=[HORIZON], resamples=1).values[0],
    }
    inside = dict.fromkeys(truths, 0)
    for seed in range(repeats):
        c = draw(patients, seed, effect=0.7)
        auc = time_auc(c.risk, c.time, c.event, times=[HORIZON], resamples=500)
        limits = {
            "Harrell's c": concordance_interval(c.risk, c.time, c.event, resamples=500)[1:],
            "Uno's c": uno_interval(c.risk, c.time, c.event, tau=TAU, resamples=500)[1:],
            "AUC at a time": (auc.low[0], auc.high[0]),
        }
        for name, (low, high) in limits.items():
            inside[name] += low <= truths[name] <= high
    for name, count in inside.items():
        yield Rate(what=f"95 % interval of {name} holds the truth", happened=count, of=repeats, wanted="95 %")


def calibration_rates(repeats: int, patients: int = 400) -> Iterator[Rate]:
    """Predictions that are the truth: intervals must hold it, tests must not reject it."""
    tenths = ratio = slope = groups = rejected = tests = 0
    for seed in range(repeats):
        cohort = draw(patients, seed, effect=0.7)
        predicted = 1 - np.exp(-HORIZON * np.exp(0.7 * cohort.risk))
        found = calibration(predicted, cohort.time, cohort.event, horizon=HORIZON)
        known = np.isfinite(found.low)
        groups += int(known.sum())
        tenths += int(((found.low <= found.predicted) & (found.predicted <= found.high))[known].sum())
        ratio += found.ratio_low <= 1 <= found.ratio_high
        slope += found.slope_low <= 1 <= found.slope_high
        whole = draw(patients, seed, effect=0.7, end=1e9)  # nobody censored
        own = np.exp(-whole.time * np.exp(0.7 * whole.risk))
        rejected += d_calibration(own, whole.event).p_value < 0.05
        tests += 1
    for what, count, of in (
        ("of a tenth's observed risk", tenths, groups), ("of observed / predicted", ratio, repeats),
        ("of the calibration slope", slope, repeats),
    ):  # fmt: skip
        yield Rate(what=f"95 % interval {what} holds the truth", happened=count, of=of, wanted="95 %")
    yield Rate(what="D-calibration, p < 0.05", happened=rejected, of=tests, wanted="5 %")


def comparison_rate(repeats: int, patients: int = 200) -> Rate:
    """How often one of two risks that know equally much is called better."""
    rejected = 0
    for seed in range(repeats):
        cohort = draw(patients, seed, effect=0.7)
        blur = np.random.default_rng(10**7 + seed).normal(size=(2, patients))
        a, b = cohort.risk + 0.8 * blur
        rejected += compare_paired(a, b, cohort.time, cohort.event, resamples=500, seed=seed).p_value < 0.05
    return Rate(what="two equally good risks, paired p < 0.05", happened=rejected, of=repeats, wanted="5 %")


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Processor time of the best of a few runs: others at work on the machine do not count."""
    best = np.inf
    for _ in range(repeats):
        start = clock.process_time()
        work()
        best = min(best, clock.process_time() - start)
    return best


def every_p_value(cohort: Cohort) -> float:
    cut = maxstat(cohort.risk, cohort.time, cohort.event)
    return cut.p_exact_gauss + cut.p_lau92 + cut.p_lau94 + cut.p_conditional() + cut.p_hl


def loop_over_concordance(risks: dict[str, np.ndarray], cohort: Cohort, resamples: int) -> None:
    from sksurv.metrics import concordance_index_censored

    generator = np.random.default_rng(0)
    for _ in range(resamples):
        drawn = generator.integers(cohort.time.size, size=cohort.time.size)
        for risk in risks.values():
            concordance_index_censored(cohort.event[drawn], cohort.time[drawn], risk[drawn])


def speed_rows() -> Iterator[tuple[str, float, str]]:
    """What, seconds, beside what."""
    cohort = draw(400, 1, effect=0.5, noise=1)
    every_p_value(cohort)  # the quadrature's nodes are made once
    yield "maxstat with every p-value, n = 400 (no HL)", seconds(lambda: every_p_value(cohort)), "R: 1.62 s"
    cut = maxstat(cohort.risk, cohort.time, cohort.event)
    yield "of it, 9,999 permutations", seconds(lambda: cut.p_conditional()), "R: 0.37 s"
    small = draw(170, 1, effect=0.5, noise=1)
    yield "maxstat with every p-value, n = 170", seconds(lambda: every_p_value(small)), ""
    exact = maxstat(small.risk, small.time, small.event)
    yield "of it, HL", seconds(lambda: type(exact).p_hl.func(exact)), ""
    middle = draw(450, 2, effect=0.7)
    blur = np.random.default_rng(0).normal(size=(10, 450))
    risks = {f"method {k}": middle.risk + blur[k] for k in range(10)}
    ours = seconds(lambda: compare_methods(risks, middle.time, middle.event, resamples=1000))
    loop_over_concordance(risks, middle, 1)  # its import is not counted
    loop = 50 * seconds(lambda: loop_over_concordance(risks, middle, 20), 1)
    beside = f"a loop over scikit-survival: {loop:.0f} s, {loop / ours:.0f} times as long"
    yield "paired bootstrap, 10 methods, n = 450, 1,000 draws", ours, beside
    c = middle
    yield "interval of c, 1,000 draws", seconds(lambda: concordance_interval(c.risk, c.time, c.event)), ""
    yield "interval of Uno's c, 1,000 draws", seconds(lambda: uno_interval(c.risk, c.time, c.event, tau=TAU)), ""
    yield "AUC at 3 times, 1,000 draws", seconds(lambda: time_auc(c.risk, c.time, c.event, times=[0.5, 1, 2])), ""
    yield "cutpoint in 1,000 draws", seconds(lambda: cutpoint_stability(c.risk, c.time, c.event), 1), ""
    yield "two cutpoints, 999 permutations", seconds(lambda: maxstat_two_cuts(c.risk, c.time, c.event), 1), ""
    yield from large_rows(100_000)


def large_rows(patients: int) -> Iterator[tuple[str, float, str]]:
    big = draw(patients, 3, effect=0.7)
    high, word = big.risk > 0, f"n = {patients:,}"
    predicted = 1 - np.exp(-HORIZON * np.exp(0.7 * big.risk))
    cause = np.where(big.event, 1 + (big.risk > 0), 0)
    stage = np.digitize(big.risk + np.random.default_rng(0).normal(size=patients), [-1, 0, 1])
    works: dict[str, Callable[[], object]] = {
        "Kaplan-Meier": lambda: kaplan_meier(big.time, big.event),
        "logrank": lambda: logrank(big.time, big.event, high),
        "hazard ratio": lambda: hazard_ratio(big.time, big.event, high),
        "Cox, 3 covariates": lambda: cox_model(np.stack([big.risk, high, stage], axis=1), big.time, big.event),
        "adjusted hazard ratios": lambda: adjusted_hazard_ratios(
            big.time, big.event, {"risk": np.where(high, "high", "low"), "stage": stage.astype(str)}
        ),
        "Harrell's c with interval": lambda: concordance_interval(big.risk, big.time, big.event),
        "Uno's c with interval": lambda: uno_interval(big.risk, big.time, big.event, tau=TAU),
        "maxstat": lambda: maxstat(big.risk, big.time, big.event),
        "AUC at a time, 20 draws": lambda: time_auc(big.risk, big.time, big.event, times=[HORIZON], resamples=20),
        "calibration in tenths": lambda: calibration(predicted, big.time, big.event, horizon=HORIZON),
        "smooth calibration": lambda: smooth_calibration(predicted, big.time, big.event, horizon=HORIZON),
        "Aalen-Johansen": lambda: cumulative_incidence(big.time, cause),
    }
    for name, work in works.items():
        yield f"{name}, {word}", seconds(work, 1), ""


def draw_figure(p_values: dict[str, np.ndarray]) -> str:
    """Share of cohorts with a p-value up to x, as SVG; under no effect the diagonal is right."""
    colours = {"naive": "#b2182b", "corrected": "#2166ac", "held out": "#1b7837", "held out, plain logrank": "#e08214"}
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 380" font-family="sans-serif" font-size="13">',
        '<rect width="560" height="380" fill="white"/>',
        '<path d="M60 320H360M60 320V20" stroke="#444" fill="none"/>',
        '<path d="M60 320L360 20" stroke="#999" stroke-dasharray="4 4"/>',
        '<text x="120" y="360">p-value, in cohorts without any effect</text>',
        '<text x="18" y="250" transform="rotate(-90 18 250)">share with a p-value up to it</text>',
    ]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        lines.append(f'<text x="{60 + 300 * tick:.0f}" y="338" text-anchor="middle">{tick:g}</text>')
        lines.append(f'<text x="52" y="{324 - 300 * tick:.0f}" text-anchor="end">{tick:g}</text>')
    for row, (name, values) in enumerate(p_values.items()):
        p = np.sort(values[np.isfinite(values)])
        at = np.linspace(0, 1, 101)
        share = np.searchsorted(p, at, side="right") / p.size
        points = " ".join(f"{60 + 300 * x:.1f},{320 - 300 * y:.1f}" for x, y in zip(at, share, strict=True))
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colours[name]}" stroke-width="2"/>')
        lines.append(f'<text x="375" y="{60 + 20 * row}" fill="{colours[name]}">{name}</text>')
    return "\n".join([*lines, "</svg>", ""])


def main(*, quick: bool) -> None:
    scale = 10 if quick else 1
    p_values = null_p_values(2000 // scale)
    if not quick:
        FIGURE.write_text(draw_figure(p_values), encoding="utf-8")
    rates = [
        *cut_rates(p_values),
        two_cut_rate(1000 // scale),
        *discrimination_rates(1000 // scale),
        *calibration_rates(1000 // scale),
        comparison_rate(2000 // scale),
    ]
    print("| simulated | found | Monte Carlo error | wanted |\n|---|---|---|---|")
    for rate in rates:
        print(f"| {rate.what} | {100 * rate.share:.1f} % of {rate.of:,} | {100 * rate.error:.1f} % | {rate.wanted} |")
    print("\n| work | seconds | beside |\n|---|---|---|")
    for what, taken, beside in speed_rows():
        print(f"| {what} | {taken:.3f} | {beside} |", flush=True)


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
