"""Where R is present: small random cohorts, full of ties and edges, on which every number must be R's.

``SURVDASH_FUZZ=300 pytest --timeout 0 tests/reference/test_random.py`` tries as many (R takes half a second each).

Known to differ, and left out below: before the first death R has no log-log limits, ours are 1; R's ``exactGauss``
fails for ``maxprop=1``; its conditional p-value does not count permutations that are exactly as extreme, and its exact
test of a single candidate now and then loses the observed sum itself to rounding.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from survdash.errors import NotEnoughDataError
from survdash.statistics import (
    KaplanMeier,
    check_proportional_hazards,
    concordance,
    concordance_std_err,
    concordance_uno,
    cox_model,
    cumulative_incidence,
    kaplan_meier,
    logrank,
    maxstat,
)

HERE = Path(__file__).parent
MANY = int(os.environ.get("SURVDASH_FUZZ", "0"))
COUNT = MANY or 12
SIZES = (1, 2, 3, 4, 6, 10, 15, 25, 40, *((80, 150, 170) if MANY else ()))
BOUNDS = ((0.1, 0.9), (0.1, 0.9), (0.0, 1.0), (0.3, 0.5), (0.25, 0.75), (0.0, 0.9), (0.45, 0.55), (0.05, 1.0))
LIST = ("time", "event", "risk", "group", "stratum", "entry", "cause")

Found = Iterator[tuple[str, Any, Any, float]]  # name, ours, R's, relative tolerance


def draw(seed: int) -> dict[str, Any]:
    """A cohort as R reads it; few decimals, so that both read the same numbers and ties are many."""
    generator = np.random.default_rng(seed)
    n = int(generator.choice(SIZES))
    death = generator.exponential(10, size=n)
    times = (np.round(death, 3) + 0.001, np.ceil(death), np.ceil(death / 8), np.round(death, 1) + 0.1, np.full(n, 3.0))
    time = times[generator.choice(5, p=[0.3, 0.3, 0.2, 0.15, 0.05])]
    event = (generator.random(n) < generator.choice([0, 0.05, 0.3, 0.6, 0.9, 1])).astype(int)
    x = generator.normal(size=n) - generator.choice([0, 0.5, 2]) * np.log(death)
    risks = (np.round(x, 4), np.round(x), np.round(2 * x) / 4, (x > 0) * 1.0, np.round(x, 1), np.zeros(n))
    entry = np.where(generator.random(n) < 0.4, 0, np.round(0.9 * time * generator.random(n), 4))
    low, high = BOUNDS[generator.integers(len(BOUNDS))]
    columns = {
        "time": time, "event": event, "risk": risks[generator.choice(6, p=[0.2] * 4 + [0.15, 0.05])] + 0.0,
        "group": generator.integers(int(generator.integers(2, 4)), size=n),
        "stratum": generator.integers(int(generator.integers(1, 4)), size=n),
        "entry": np.where(entry < time - 1e-3, entry, 0.0), "cause": event * generator.integers(1, 3, size=n),
    }  # fmt: skip
    return {name: np.atleast_1d(values).tolist() for name, values in columns.items()} | {
        "minprop": low, "maxprop": high, "level": float(generator.choice([0.95, 0.9, 0.5])),
        "horizon": float(np.round(np.quantile(time, 0.7), 3)),
    }


def numbers(values: Any) -> np.ndarray:
    flat = np.ravel(np.array(values, dtype=object))
    return np.array([np.nan if v is None or v in ("NA", "NaN") else float(v) for v in flat])


def known(r: Any) -> bool:
    return r is not None and not (isinstance(r, list | dict) and not r)


def answered(work: Callable[[], Any]) -> Any:
    """The answer, or None where we refuse; of R's answers without information (0 / 0, no death) none is asked for."""
    try:
        return work()
    except NotEnoughDataError:
        return None


def curve(ours: KaplanMeier, r: dict[str, Any], name: str) -> Found:
    dead = np.array(ours.survival) < 1  # before the first death R's log-log scale has no limits
    for part in ("time", "survival", "at_risk"):
        yield f"{name} {part}", getattr(ours, part), r[part], 1e-9
    for part in ("low", "high"):
        yield f"{name} {part}", getattr(ours, part)[dead], numbers(r[part])[dead], 1e-9
    yield f"{name} median", [ours.median, ours.median_low, ours.median_high], r["median"], 1e-9


def cut(given: dict[str, Any], a: dict[str, Any], x: np.ndarray, time: np.ndarray, event: np.ndarray) -> Found:
    found = answered(lambda: maxstat(x, time, event, minprop=given["minprop"], maxprop=given["maxprop"]))
    r = a.get("maxstat")
    if found is None or not known(r):
        assert found is None
        assert not known(r) or not np.isfinite(numbers(r["statistic"])).all()
        return
    yield "statistic", found.statistic, r["statistic"], 1e-9
    yield "standardised", found.standardised, r["standardised"], 1e-9
    yield "cutpoint", found.cutpoint, r["cutpoint"], 1e-12
    yield "Lau94", found.p_lau94, r["lau94"], 1e-9
    if given["minprop"] > 0 and given["maxprop"] < 1:
        yield "Lau92", found.p_lau92, r["lau92"], 1e-9
    if known(r.get("hl")) and found.sizes.size > 1:
        yield "HL", found.p_hl, r["hl"], 1e-9
    if known(r.get("gauss")):  # R's error bound is 0.001, and it keeps it mostly
        gap = abs(found.p_exact_gauss - numbers(r["gauss"])[0])
        yield "exactGauss", gap < 6e-3, True, 0


def curves(given: dict[str, Any], a: dict[str, Any], time: np.ndarray, event: np.ndarray) -> Found:
    for transform, r in a["km"].items():
        yield from curve(kaplan_meier(time, event, level=given["level"], transform=transform), r, transform)
    entered = kaplan_meier(time, event, level=given["level"], entry=given["entry"])
    yield from curve(entered, a["km_entry"], "entry")
    whole = kaplan_meier(time, event)
    if known(a.get("rmst")):  # R refuses a horizon before the first time
        yield "rmst", [whole.rmst(given["horizon"]), whole.rmst_std_err(given["horizon"])], a["rmst"], 1e-9
    found = cumulative_incidence(time, given["cause"])
    r = a.get("incidence")
    if known(r):
        place = np.searchsorted(found.time, numbers(r["time"]) + 1e-7, side="right")  # R moves times by an ulp
        for code, theirs in zip((1, 2), r["incidence"], strict=True):
            row = [i for i, cause in enumerate(found.causes) if int(cause) == code]
            ours = found.incidence[row[0]] if row else np.zeros(found.time.size)
            yield f"incidence {code}", np.concatenate([[0.0], ours])[place], theirs, 1e-9


def models(given: dict[str, Any], a: dict[str, Any], x: np.ndarray, time: np.ndarray, event: np.ndarray) -> Found:
    group, stratum = np.array(given["group"]), np.array(given["stratum"])
    test = answered(lambda: logrank(time, event, group))
    if test is not None:
        yield "logrank", test.statistic, a["logrank"]["chisq"], 1e-8
        yield "expected", test.expected, a["logrank"]["exp"], 1e-9
    stratified = answered(lambda: logrank(time, event, group, strata=stratum))
    if stratified is not None:
        yield "stratified", stratified.statistic, a["stratified"], 1e-8
    ways: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
        "cox": (x[:, None], {}), "cox_two": (np.stack([x, group], axis=1), {}),
        "cox_strata": (x[:, None], {"strata": stratum, "entry": given["entry"]}),
    }  # fmt: skip
    for name, (covariates, options) in ways.items():
        model, r = answered(lambda c=covariates, o=options: cox_model(c, time, event, **o)), a.get(name)
        if model is None or not known(r):
            assert model is None or name == "cox_strata"  # R may lose a stratum without a comparison, with a warning
            assert not known(r)
            continue
        yield f"{name} coefficients", model.coefficients, r["coefficients"], 1e-5  # R stops early
        yield f"{name} errors", model.std_errs, r["se"], 1e-5
        yield f"{name} likelihood", [model.log_likelihood_null, model.log_likelihood], r["loglik"], 1e-8
        if known(r.get("zph")):
            yield f"{name} zph", check_proportional_hazards(model).statistic, numbers(r["zph"])[-1], 1e-5
    c = answered(lambda: concordance(x, time, event))
    if c is not None:
        yield "c", c, a["c"]["value"], 1e-12
        yield "c error", concordance_std_err(x, time, event), a["c"]["se"], 1e-9
    if known(a.get("uno")) and not np.intersect1d(time[event], time[~event]).size:  # R's G(t-) differs at such ties
        tau = np.nextafter(given["horizon"], np.inf)
        uno = answered(lambda: concordance_uno(x, time, event, train_time=time, train_event=event, tau=tau))
        if uno is not None:
            yield "uno", uno, a["uno"], 1e-9


def test_random_cohorts_have_r_s_numbers(tmp_path: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    asked = "q(status = !all(sapply(c('survival', 'maxstat', 'jsonlite'), requireNamespace, quietly = TRUE)))"
    if subprocess.run(["Rscript", "-e", asked], capture_output=True, check=False).returncode:
        pytest.skip("R lacks one of survival, maxstat, jsonlite")
    cohorts = [draw(seed) for seed in range(COUNT)]
    (tmp_path / "random.json").write_text(json.dumps(cohorts))
    script = ["Rscript", str(HERE / "random.R")]
    subprocess.run(script, cwd=tmp_path, check=True, capture_output=True, timeout=4 * COUNT + 60)
    answers = json.loads((tmp_path / "answers.json").read_text())
    wrong, compared = [], 0
    for seed, (given, a) in enumerate(zip(cohorts, answers, strict=True)):
        x, time, event = np.array(given["risk"]), np.array(given["time"]), np.array(given["event"]) == 1
        for part in (cut(given, a, x, time, event), curves(given, a, time, event), models(given, a, x, time, event)):
            for name, ours, r, relative in part:
                compared += 1
                mine, theirs = np.ravel(np.asarray(ours, float)), numbers(r)
                # 1e-7: coefficients near nothing, of Newton iterations that stop a step apart
                near = {"rtol": relative, "atol": 1e-7 if relative == 1e-5 else 1e-9, "equal_nan": True}
                if mine.shape != theirs.shape or not np.allclose(mine, theirs, **near):
                    wrong.append(f"cohort {seed}, {name}: {mine[:5]}, R has {theirs[:5]}")
    assert not wrong, "\n".join(wrong)
    assert compared > 20 * COUNT
