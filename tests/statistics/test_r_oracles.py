"""Every number of every R reference entry beside the repository: computed here, or named below with the reason why not.

A field that the files hold and this module neither computes nor names makes the test fail, so none goes unchecked.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from survdash.case import Survival
from survdash.errors import ClinicalError, NotEnoughDataError
from survdash.statistics import (
    KaplanMeier,
    at_risk,
    check_proportional_hazards,
    concordance,
    concordance_std_err,
    cox_model,
    hazard_ratio,
    kaplan_meier,
    logrank,
    maxstat,
    rmst_difference,
)
from survdash.statistics.concordance import count_pairs
from survdash.statistics.cutpoint import Maxstat, logrank_scores, scan_cuts
from survdash.statistics.cutpoint_pvalues import integer_scores

DESCRIBES = {  # what the entry is, not what R computed
    "id", "set", "cohort", "method", "method_short", "variant", "time_unit", "file", "status", "n_missing",
}  # fmt: skip
NOT_COMPUTED = {
    "available": "says that R could compute it; held by the other fields",
    "smethod": "input: the scores R was asked for",
    "minprop": "input",
    "maxprop": "input",
    "rule": "input: which side equal risks fall on",
    "threshold": "input of the split; the cutpoint itself is maxstat/cutpoint",
    "transform": "input of the hazards test, always km",
    "warning": "empty in every entry",
    "error": "empty in every entry",
    "exactGauss_error": "R's own error bound, used as the tolerance of exactGauss",
    "exactGauss_msg": "R's words",
    "condMC_B": "input",
    "condMC_seed": "input of another generator",
    "condMC_mc_se": "R's Monte Carlo error, used as the tolerance of condMC",
    "HL_msg": "R's words",
    "time": "input of a look-up",
    "tau": "input of a restricted mean",
}
DRAWS = 1999
EXACT = (0.0, 0.0)
# (relative, absolute) by the last part of a field's name; what is not named holds to 1e-9.
TOLERANCES = {
    "hr": (1e-5, 0), "hr_lower": (1e-5, 0), "hr_upper": (1e-5, 0), "beta": (1e-5, 1e-9), "se": (1e-5, 0),
    "wald_p": (1e-5, 0), "p": (1e-5, 1e-15), "lr_chisq": (1e-6, 1e-9), "lr_p": (1e-6, 1e-9), "score_p": (1e-9, 1e-15),
    "chisq": (1e-6, 1e-12),  # of the hazards test, whose coefficients are iterated; logrank below
    "gauss_quadrature": (1e-6, 0),
    "Lau94": (1e-9, 1e-14),  # R's first term cancels below 1e-16
    "c_index": (1e-14, 0), "fold_c_index_mean": (1e-13, 0),
    "survival": (0, 1e-9), "greenwood_se": (0, 1e-9), "loglog_lower": (0, 1e-9), "loglog_upper": (0, 1e-9),
    "log_lower": (0, 1e-9), "log_upper": (0, 1e-9),
}  # fmt: skip
EXACTLY = {  # counts, and numbers that occur in the data
    "n", "events", "n_unique_x", "concordant", "discordant", "tied_x", "tied_y", "tied_xy", "n_candidates", "m_first",
    "m_last", "cutpoint", "n_low", "n_high", "n_argmax", "HL_cutpoint_iscores", "events_low", "events_high", "df",
    "observed_low", "observed_high", "max_time", "tau_beyond_follow_up", "beyond_follow_up",
}  # fmt: skip
REFINED = {  # where the last part alone says too little
    "logrank/chisq": (1e-9, 1e-12), "logrank/p": (1e-9, 0), "at_risk/n": EXACT, "median/estimate": EXACT,
    "median/loglog_lower": EXACT, "median/loglog_upper": EXACT, "median/log_lower": EXACT, "median/log_upper": EXACT,
    "rmst/se": (1e-9, 0), "rmst_difference_high_minus_low/se": (1e-9, 0),
}  # fmt: skip


def known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def ties_in_time(entry: Any) -> dict[str, int]:
    """R's counts of pairs of deaths at one time, by whether their risks are equal too."""
    time, risk = entry.time[entry.event], entry.risk[entry.event]
    same = np.triu(time[:, None] == time[None, :], 1)
    both = int((same & (risk[:, None] == risk[None, :])).sum())
    return {"tied_y": int(same.sum()) - both, "tied_xy": both}


def discrimination(entry: Any) -> dict[str, Any]:
    pairs = count_pairs(entry.risk, entry.time, entry.event)
    flat = np.ptp(entry.risk) == 0
    fitted = None if flat else cox_model(entry.risk[:, None], entry.time, entry.event)
    return {
        "concordance": {
            "c_index": concordance(entry.risk, entry.time, entry.event),
            "std": concordance_std_err(entry.risk, entry.time, entry.event),
            "concordant": pairs.concordant,
            "discordant": pairs.discordant,
            "tied_x": pairs.tied_risk,
            **ties_in_time(entry),
        },
        "cox_continuous": {
            "beta": None if fitted is None else float(fitted.coefficients[0]),
            "se": None if fitted is None else float(fitted.std_errs[0]),
            "p": None if fitted is None else float(fitted.p_values[0]),
        },
    }


def folds(entry: Any) -> dict[str, Any]:
    values: list[float | None] = []
    for place, wanted in enumerate(entry.answer["fold_c_index"]):
        mine = entry.fold == place
        if wanted is None:  # R gives none for a fold without risks, or with one risk for all
            assert not mine.any() or np.ptp(entry.risk[mine]) == 0
            values.append(None)
        else:
            values.append(concordance(entry.risk[mine], entry.time[mine], entry.event[mine]))
    some = [value for value in values if value is not None]
    return {"fold_c_index": values, "fold_c_index_mean": np.mean(some), "fold_c_index_sd": np.std(some, ddof=1)}


def scan(entry: Any) -> tuple[Maxstat, Maxstat]:
    r = entry.answer["maxstat"]
    if r["smethod"] == "LogRank":
        scores = logrank_scores(Survival(time_months=entry.time, event=entry.event))
    elif r["smethod"] == "Data":
        scores = entry.time
    else:
        ordered = np.sort(entry.time)  # Wilcoxon: mid-ranks
        scores = (np.searchsorted(ordered, entry.time, "left") + np.searchsorted(ordered, entry.time, "right") + 1) / 2
    bounds = {"minprop": r["minprop"], "maxprop": r["maxprop"]}
    return scan_cuts(entry.risk, scores, **bounds), scan_cuts(entry.risk, integer_scores(scores), **bounds)


def cut(entry: Any) -> dict[str, Any]:
    found, rounded = scan(entry)
    runner_up = np.sort(found.standardised)[-2] if found.standardised.size > 1 else None
    return {
        "n": entry.risk.size,
        "n_candidates": found.candidates.size,
        "m_first": found.sizes[0],
        "m_last": found.sizes[-1],
        "statistic": found.statistic,
        "cutpoint": found.cutpoint,
        "n_low": found.n_low,
        "n_high": found.n_high,
        "prop_low": found.n_low / entry.risk.size,
        "runner_up_statistic": runner_up,
        "n_argmax": int((found.standardised == found.statistic).sum()),
        "scores_sum": found.scores.sum(),
        "p": {
            "Lau92": found.p_lau92,
            "Lau94": found.p_lau94,
            "exactGauss": found.p_exact_gauss,
            "gauss_quadrature": found.p_exact_gauss,
            "condMC": found.p_conditional(DRAWS, 1),
            "HL_statistic_iscores": rounded.statistic,
            "HL_cutpoint_iscores": rounded.cutpoint,
            "HL": known(found.p_hl),
        },
    }


def curve(time: np.ndarray, event: np.ndarray, r: dict[str, Any]) -> dict[str, Any]:
    both: dict[str, KaplanMeier] = {
        "loglog": kaplan_meier(time, event),
        "log": kaplan_meier(time, event, transform="log"),
    }
    fit, tau = both["loglog"], r["rmst"]["tau"]
    rows = []
    for row in r["at"]:
        beyond = row["time"] > fit.last_follow_up
        if beyond and row["survival"] > 0:
            assert np.isnan(fit.at([row["time"]])).all()  # R carries the last value on; nothing is known there
            rows.append({**row, "beyond_follow_up": beyond})
            continue
        place = np.searchsorted(fit.time, row["time"], side="right") - 1
        limits = {f"{name}_{side}": known(one.at([row["time"]])[1 + k][0]) for name, one in both.items()
                  for k, side in enumerate(("lower", "upper"))}  # fmt: skip
        error = 0.0 if place < 0 else known(fit.std_err[place])
        survival = fit.at([row["time"]])[0][0]
        if survival == 0 and row["greenwood_se"] is not None:
            error = row["greenwood_se"]  # R writes 0 or nothing there, by the version of its summary
        rows.append({"survival": survival, "greenwood_se": error, **limits, "beyond_follow_up": beyond})
    times = [row["time"] for row in r["at_risk"]]
    np.testing.assert_array_equal(at_risk(time, times), fit.at_risk_at(times))
    medians = {f"{name}_{side}": known(getattr(one, f"median_{word}")) for name, one in both.items()
               for side, word in (("lower", "low"), ("upper", "high"))}  # fmt: skip
    return {
        "max_time": fit.last_follow_up,
        "at": rows,
        "median": {"estimate": known(fit.median), **medians},
        "at_risk": [{"n": count} for count in at_risk(time, times)],
        "rmst": {
            "estimate": fit.rmst(tau),
            "se": fit.rmst_std_err(tau),
            "tau_beyond_follow_up": tau > fit.last_follow_up,
        },
    }


def split(entry: Any, name: str, block: dict[str, Any]) -> dict[str, Any]:
    high = entry.risk >= block["threshold"] if name == "at_median_ge" else entry.risk > block["threshold"]
    if "cox" not in block:  # nobody is above the median
        return {"n_high": int(high.sum())}
    test, ratio = logrank(entry.time, entry.event, high), hazard_ratio(entry.time, entry.event, high)
    model = cox_model(high[:, None], entry.time, entry.event)
    zph = check_proportional_hazards(model)
    assert model.coefficients[0] == pytest.approx(ratio.log_ratio, rel=1e-8, abs=1e-11)  # two ways to one peak
    groups = {"low": ~high, "high": high}
    km = {key: curve(entry.time[mine], entry.event[mine], block["km"][key]) for key, mine in groups.items()}
    tau = block["km"]["low"]["rmst"]["tau"]
    try:
        means = rmst_difference(entry.time, entry.event, high, horizon=tau)
        gap, error = means.difference, means.std_err
    except NotEnoughDataError:  # we refuse to go beyond a group's follow-up; R carries the curve on
        assert any(km[key]["rmst"]["tau_beyond_follow_up"] for key in km)
        gap = km["high"]["rmst"]["estimate"] - km["low"]["rmst"]["estimate"]
        error = math.hypot(km["high"]["rmst"]["se"], km["low"]["rmst"]["se"])
    return {
        **{f"n_{key}": int(mine.sum()) for key, mine in groups.items()},
        **{f"events_{key}": int(entry.event[mine].sum()) for key, mine in groups.items()},
        "logrank": {
            "chisq": test.statistic, "df": test.degrees, "p": test.p_value, "observed_low": test.observed[0],
            "observed_high": test.observed[1], "expected_low": test.expected[0], "expected_high": test.expected[1],
            "variance": test.variance[1, 1],
        },
        "cox": {
            "hr": ratio.ratio, "hr_lower": ratio.low, "hr_upper": ratio.high, "beta": ratio.log_ratio,
            "se": ratio.std_err, "wald_p": ratio.p_value, "lr_chisq": model.likelihood_ratio,
            "lr_p": model.likelihood_ratio_p, "score_chisq": model.score_statistic, "score_p": model.score_p,
            "loglik_null": model.log_likelihood_null, "loglik": model.log_likelihood,
        },
        "zph": {"chisq": zph.statistic, "p": zph.p_value},
        "km": km,
        "rmst_difference_high_minus_low": {"estimate": gap, "se": error},
    }  # fmt: skip


def compute(entry: Any) -> dict[str, Any]:
    r = entry.answer
    ours: dict[str, Any] = {"n": entry.risk.size}
    if "events" in r:
        ours["events"] = int(entry.event.sum())
    if "n_unique_x" in r:
        ours["n_unique_x"] = np.unique(entry.risk).size
    if "concordance" in r:
        ours |= discrimination(entry)
    if "fold_c_index" in r:
        ours |= folds(entry)
    if "maxstat" in r:
        ours["maxstat"] = cut(entry)
    return ours | {
        name: split(entry, name, r[name]) for name in ("at_cutpoint", "at_median", "at_median_ge") if name in r
    }


def differences(ours: Any, r: Any, path: str, tails: dict[str, tuple[float, float]]) -> list[str]:
    """Each field of R's that is not matched, in words."""
    name = path.rpartition("/")[2]
    if isinstance(r, dict):
        found = []
        for key, value in r.items():
            if key in NOT_COMPUTED or (path == "" and key in DESCRIBES):
                continue
            if not isinstance(ours, dict) or key not in ours:
                found.append(f"{path}/{key}: nothing is computed for it")
            else:
                found += differences(ours[key], value, f"{path}/{key}", tails)
        return found
    if isinstance(r, list):
        if len(ours) != len(r):
            return [f"{path}: {len(ours)} values, R has {len(r)}"]
        return [line for mine, value in zip(ours, r, strict=True) for line in differences(mine, value, path, tails)]
    if r is None or ours is None:
        return [] if r is None and ours is None else [f"{path}: {ours}, R has {r}"]
    short = "/".join(path.split("/")[-2:])
    default = EXACT if name in EXACTLY else TOLERANCES.get(name, (1e-9, 1e-9))
    relative, absolute = tails.get(name) or REFINED.get(short) or default
    near = abs(float(ours) - float(r)) <= absolute + relative * abs(float(r))
    return [] if near else [f"{path}: {ours}, R has {r}"]


def monte_carlo(r: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Tolerances that depend on what R's Monte Carlo knew."""
    p = r["maxstat"]["p"]
    chance = max(p["condMC"], p["gauss_quadrature"])
    spread = math.sqrt(chance * (1 - min(chance, 1)) * (1 / p["condMC_B"] + 1 / DRAWS))
    return {
        "exactGauss": (0, max(3 * (p["exactGauss_error"] or 0), 2e-3)),
        "condMC": (0, 4.5 * spread + 3 / DRAWS),
    }


def test_every_number_of_the_entry_is_r_s(any_entry: Any) -> None:
    r = any_entry.answer
    found = differences(compute(any_entry), r, "", monte_carlo(r))
    assert not found, "\n".join(found)


def test_an_entry_without_risks_is_refused(refused_entry: Any) -> None:
    assert refused_entry.risk.size == 0
    with pytest.raises((NotEnoughDataError, ClinicalError)):
        maxstat(refused_entry.risk, refused_entry.time, refused_entry.event)


def test_a_field_that_nobody_computes_is_found() -> None:
    r = {"maxstat": {"statistic": 2.0, "new": 1.0}}
    found = differences({"maxstat": {"statistic": 2.1}}, r, "", {})
    assert [line.partition(":")[0] for line in found] == ["/maxstat/statistic", "/maxstat/new"]
