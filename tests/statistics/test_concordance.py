import itertools
import time as clock

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from survdash.errors import ClinicalError, InputError, NotEnoughDataError
from survdash.statistics import concordance, concordance_std_err, concordance_uno
from survdash.statistics.concordance import count_by_patient, count_pairs
from survdash.statistics.inputs import check_survival

rows_strategy = st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.integers(-5, 5)), min_size=2, max_size=30)


def test_agrees_with_scikit_survival(entry_by_id):
    from sksurv.metrics import concordance_index_censored

    entry = entry_by_id("veteran/karno")
    theirs = concordance_index_censored(entry.event, entry.time, entry.risk)[0]
    assert concordance(entry.risk, entry.time, entry.event) == pytest.approx(theirs, rel=1e-12)


def test_a_constant_risk_is_chance():
    assert concordance([1, 1, 1], [1, 2, 3], [1, 1, 0]) == 0.5


@pytest.mark.parametrize(("time", "event"), [([1.0], [1]), ([1, 2], [0, 0]), ([2, 1], [1, 0]), ([1, 1], [1, 1])])
def test_refuses_where_nothing_compares(time, event):
    with pytest.raises(NotEnoughDataError):
        concordance(np.arange(len(time)), time, event)


def test_refuses_missing_risks():
    with pytest.raises(ClinicalError, match="row 2"):
        concordance([1, np.nan], [1, 2], [1, 1])
    with pytest.raises(ClinicalError):
        concordance([1], [1, 2], [1, 1])


@given(rows=rows_strategy, seed=st.integers(0, 2**32 - 1))
def test_row_order_units_and_rising_functions_of_risk_do_not_matter(rows, seed):
    time, event, risk = (np.array(column) for column in zip(*rows, strict=True))
    order = np.random.default_rng(seed).permutation(time.size)
    try:
        here = concordance(risk, time, event)
    except NotEnoughDataError:
        assume(False)
    assert concordance(np.exp(risk[order]), 12.0 * time[order], event[order]) == here
    # Ties count half either way round, so the two always sum to one.
    assert here + concordance(-risk, time, event) == pytest.approx(1.0, abs=1e-15)


@given(rows=rows_strategy)
def test_counting_pair_by_pair_gives_the_same(rows):
    concordant = tied = total = 0
    for (t, e, r), (u, f, s) in itertools.permutations(rows, 2):
        if e and (t < u or (t == u and not f)):
            total, concordant, tied = total + 1, concordant + (r > s), tied + (r == s)
    assume(total)
    time, event, risk = zip(*rows, strict=True)
    pairs = count_pairs(risk, time, event)
    assert (pairs.concordant, pairs.tied_risk) == (concordant, tied)
    assert pairs.value == pytest.approx((concordant + tied / 2) / total, abs=1e-15)


def test_uno_is_harrell_without_censoring(entry_by_id):
    entry = entry_by_id("lung/age")
    risk, time = entry.risk[entry.event], entry.time[entry.event]
    died = np.ones(time.size, bool)
    ours = concordance_uno(risk, time, died, train_time=time, train_event=died)
    assert ours == pytest.approx(concordance(risk, time, died), rel=1e-12)


def test_uno_weights_pairs_by_the_chance_of_being_seen():
    # Censoring at 2 of the three still followed: G = 1 before, 2/3 after; weights 1 at t = 1, 9/4 at t = 3.
    time, event, risk = [1.0, 2.0, 3.0, 4.0], [1, 0, 1, 1], [1.0, 0.0, 3.0, 2.0]
    # t = 1: beats one of three; t = 3: beats its only one.
    wanted = (1 * 1 + 9 / 4 * 1) / (1 * 3 + 9 / 4 * 1)
    assert concordance_uno(risk, time, event, train_time=time, train_event=event) == pytest.approx(wanted, rel=1e-12)
    early = concordance_uno(risk, time, event, train_time=time, train_event=event, tau=2.5)
    assert early == pytest.approx(1 / 3, rel=1e-12)


def test_uno_refuses_what_censoring_cannot_tell():
    full = {"train_time": [1.0, 2.0, 3.0], "train_event": [1, 0, 0]}
    with pytest.raises(NotEnoughDataError, match="followed as long"):
        concordance_uno([2.0, 1.0], [4.0, 5.0], [1, 1], **full)
    with pytest.raises(NotEnoughDataError, match="before the horizon"):
        concordance_uno([2.0, 1.0], [2.0, 3.0], [1, 1], tau=1.0, **full)
    with pytest.raises(NotEnoughDataError, match="cannot be computed"):
        concordance_uno([2.0, 1.0], [3.0, 5.0], [1, 0], **full)  # everybody is censored by then
    with pytest.raises(InputError):
        concordance_uno([2.0, 1.0], [2.0, 3.0], [1, 1], tau=-1.0, **full)


@pytest.mark.parametrize("tau", [None, 36.0, 60.0])
def test_uno_is_scikit_survival_s_with_ties(entry_by_id, tau):
    from sksurv.metrics import concordance_index_ipcw
    from sksurv.util import Surv

    entry = entry_by_id("blca/MCAT/raw")
    outcome = Surv.from_arrays(entry.event, entry.time)
    theirs = concordance_index_ipcw(outcome, outcome, entry.risk, tau=tau)[0]
    ours = concordance_uno(entry.risk, entry.time, entry.event, train_time=entry.time, train_event=entry.event, tau=tau)
    assert ours == pytest.approx(theirs, rel=1e-12)


@given(rows=rows_strategy)
def test_influence_is_the_change_of_the_value_when_a_patient_weighs_more(rows):
    time, event, risk = (np.array(column) for column in zip(*rows, strict=True))
    try:
        influence = count_by_patient(risk.astype(float), check_survival(time, event)).influence
    except NotEnoughDataError:
        assume(False)

    def value(weight):
        credit = (risk[:, None] > risk) + 0.5 * (risk[:, None] == risk)
        pairs = event[:, None] & ((time[:, None] < time) | ((time[:, None] == time) & ~event))
        both = weight[:, None] * weight * pairs
        return (both * credit).sum() / both.sum()

    heavier = np.ones(time.size)
    heavier[0] += 1e-6
    assert (value(heavier) - value(np.ones(time.size))) / 1e-6 == pytest.approx(influence[0], abs=1e-4)
    assert concordance_std_err(risk, time, event) == pytest.approx(np.sqrt((influence**2).sum()))


def test_a_hundred_thousand_patients_are_counted_in_seconds():
    generator = np.random.default_rng(0)
    risk, time = generator.normal(size=100_000), generator.exponential(size=100_000)
    start = clock.process_time()
    assert concordance(risk, time, generator.random(100_000) < 0.5) == pytest.approx(0.5, abs=0.01)
    assert clock.process_time() - start < 5  # about 0.5 s alone; all pairs would be five thousand million
