import numpy as np
import pytest

from survdash.errors import ClinicalError, InputError
from survdash.statistics import concordance, kaplan_meier, subgroup_table


@pytest.fixture
def cohort():
    generator = np.random.default_rng(0)
    risk = generator.normal(size=200)
    time, event = generator.exponential(np.exp(-risk)), generator.random(200) < 0.6
    factors = {
        "age": generator.normal(60, 10, size=200).astype(object),
        "sex": generator.choice(["female", "male"], size=200).astype(object),
        "site": np.where(np.arange(200) < 12, "small", "large").astype(object),
    }
    return risk, time, event, factors


def test_rows_hold_each_group_s_own_values(cohort):
    risk, time, event, factors = cohort
    factors["sex"][:3] = None
    predicted = 1 - np.exp(-np.exp(risk))
    rows = subgroup_table(risk, time, event, factors, predicted=predicted, horizon=1, resamples=50)
    middle = np.median(factors["age"].astype(float))
    assert [(row.factor, row.level) for row in rows] == [
        ("all", ""), ("age", f"up to {middle:g}"), ("age", f"above {middle:g}"), ("sex", "female"), ("sex", "male"),
        ("sex", "unknown"), ("site", "large"), ("site", "small"),
    ]  # fmt: skip
    women = factors["sex"] == "female"
    row = rows[3]
    assert row.c == pytest.approx(concordance(risk[women], time[women], event[women]), rel=1e-12)
    assert row.c_low < row.c < row.c_high
    assert row.predicted == predicted[women].mean()
    assert row.observed == 1 - kaplan_meier(time[women], event[women]).at([1])[0][0]
    assert rows[5].note == f"too small: 3 patients, {int(event[:3].sum())} deaths"
    assert np.isnan(rows[7].c)
    assert rows[7].note.startswith("too small: 12 patients")
    assert sum(row.patients for row in rows if row.factor == "sex") == 200


def test_with_folds_it_is_the_mean_over_folds_and_a_bare_fold_is_noted(cohort):
    risk, time, event, _ = cohort
    fold = np.arange(200) % 2
    first = subgroup_table(risk, time, event, {}, fold=fold, resamples=20)[0]
    wanted = np.mean([concordance(risk[fold == k], time[fold == k], event[fold == k]) for k in (0, 1)])
    assert first.c == pytest.approx(wanted, rel=1e-12)
    lonely = subgroup_table(risk, time, event, {}, fold=np.arange(200) == 7, resamples=20)[0]
    assert "no c-index" in lonely.note


def test_refusals(cohort):
    risk, time, event, _ = cohort
    with pytest.raises(InputError, match="together"):
        subgroup_table(risk, time, event, {}, horizon=1)
    with pytest.raises(ClinicalError, match="sex"):
        subgroup_table(risk, time, event, {"sex": ["male"]})


def test_a_few_numbers_are_named_as_shortly_as_tells_them_apart(cohort):
    risk, time, event, _ = cohort
    ages = np.where(np.arange(200) % 2, 71.123456789, 40.0)
    close = np.where(np.arange(200) % 2, 71.123456789, 71.123457)
    rows = subgroup_table(risk, time, event, {"age": ages, "close": close}, resamples=10)
    assert [row.level for row in rows[1:3]] == ["40", "71.12"]
    # Within a step of the last digit shown.
    assert [float(row.level) for row in rows[3:]] == pytest.approx([71.123456789, 71.123457], abs=2e-8)
    assert rows[3].level != rows[4].level
