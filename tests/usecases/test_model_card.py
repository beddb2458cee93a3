from __future__ import annotations

from survdash.cohort import Cohort
from survdash.usecases.model_card import describe_population, known_failures

ROW = {"factor": "sex", "level": "male", "patients": 40, "c": 0.52, "c_low": 0.41, "c_high": 0.63}


def test_weaknesses_are_told_from_the_figures() -> None:
    evaluation = {"cindex": {"low": 0.53}, "horizons": {"12": {"ici": 0.02}, "36": {"ici": 0.08}, "60": {"note": "no"}}}
    words = " ".join(known_failures(90, evaluation, [ROW]))
    assert "beyond 90 months" in words
    assert "hardly better than chance" in words
    assert "At 36 months its chances are off by 8 points" in words
    assert "sex male" in words
    strong = {"cindex": {"low": 0.7}, "horizons": {"36": {"ici": 0.01}}}
    assert "off by" not in " ".join(known_failures(90, strong, [{**ROW, "c_low": 0.6}]))


def test_small_groups_are_told_together(cohort: Cohort) -> None:
    told = describe_population(cohort)
    assert told["patients"] == 60
    assert told["sex"] == {"female": 60}
    from dataclasses import replace

    sites = ["a"] * 52 + ["b"] * 5 + ["c"] * 3
    told = describe_population(replace(cohort, patients=cohort.patients.assign(site=sites)))
    assert told["site"] == {"a": 52, "others, each fewer than 10": 8}
