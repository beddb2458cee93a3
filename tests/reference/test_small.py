"""The statistics against R on data that are in the repository: these tests run wherever survdash does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from survdash.statistics import concordance, hazard_ratio, kaplan_meier, logrank, maxstat

CURVES = json.loads((Path(__file__).parent / "km_small.json").read_text())
CUT = json.loads((Path(__file__).parent / "maxstat_small.json").read_text())
DATA = {name: np.array(values, float) for name, values in CURVES["data"].items()}


def numbers(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values])


@pytest.mark.parametrize("key", CURVES["kaplan_meier"])
def test_curves_and_their_bands(key: str) -> None:
    transform, arm = key.split("/")
    mine = DATA["group"] == int(arm)
    ours = kaplan_meier(DATA["time"][mine], DATA["event"][mine], transform=transform)  # type: ignore[arg-type]
    r: dict[str, Any] = CURVES["kaplan_meier"][key]
    assert ours.time.tolist() == r["time"]
    assert ours.at_risk.tolist() == r["at_risk"]
    assert ours.events.tolist() == r["events"]
    # The same products of the same fractions: only the order of rounding differs.
    np.testing.assert_allclose(ours.survival, r["survival"], rtol=1e-13, atol=1e-15)
    known = ~np.isnan(numbers(r["low"]))  # R gives no limits where the curve has reached zero
    np.testing.assert_allclose(ours.low[known], numbers(r["low"])[known], rtol=1e-11)
    np.testing.assert_allclose(ours.high[known], numbers(r["high"])[known], rtol=1e-11)
    assert ours.median == r["median"]


def test_logrank() -> None:
    ours, r = logrank(DATA["time"], DATA["event"], DATA["group"]), CURVES["logrank"]
    assert ours.statistic == pytest.approx(r["statistic"], rel=1e-12)
    assert ours.p_value == pytest.approx(r["p_value"], rel=1e-11)


def test_hazard_ratio() -> None:
    ours, r = hazard_ratio(DATA["time"], DATA["event"], DATA["group"]), CURVES["hazard_ratio"]
    # R was told to iterate until the likelihood moves by less than 1e-12 of itself: half of its digits are the peak's.
    for name in ("ratio", "low", "high", "std_err", "p_value"):
        assert getattr(ours, name) == pytest.approx(r[name], rel=1e-6), name


def test_concordance() -> None:
    assert concordance(DATA["risk"], DATA["time"], DATA["event"]) == pytest.approx(CURVES["concordance"], rel=1e-14)


def test_cutpoint_and_its_p_values() -> None:
    ours = maxstat(DATA["risk"], DATA["time"], DATA["event"])
    assert ours.statistic == pytest.approx(CUT["statistic"], rel=1e-12)
    assert ours.cutpoint == CUT["cutpoint"]
    assert ours.candidates.tolist() == CUT["candidates"]
    np.testing.assert_allclose(ours.standardised, CUT["standardised"], rtol=1e-12)
    assert ours.p_lau92 == pytest.approx(CUT["p_lau92"], rel=1e-10)
    assert ours.p_lau94 == pytest.approx(CUT["p_lau94"], rel=1e-10)
    assert ours.p_hl == pytest.approx(CUT["p_hl"], rel=1e-10)
    # R integrates the normal law by random points, to an absolute 1e-3; with its seed it comes this near.
    assert ours.p_exact_gauss == pytest.approx(CUT["p_exact_gauss"], abs=1e-4)


def test_both_files_say_what_made_them() -> None:
    for made in (CURVES, CUT):
        assert set(made["made_by"]) == {"R", "survival", "maxstat", "script"}
        assert (Path(__file__).parent / made["made_by"]["script"]).is_file()
        assert made["data"] == CURVES["data"]
