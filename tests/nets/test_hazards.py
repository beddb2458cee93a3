from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from survdash.nets.hazards import risk_from_logits, survival_from_logits

LOGITS = st.lists(st.floats(-60, 60), min_size=1, max_size=6)


def test_two_bins_by_hand():
    logits = torch.tensor([0.0, math.log(3)], dtype=torch.float64)  # hazards 1/2 and 3/4
    assert survival_from_logits(logits).tolist() == pytest.approx([0.5, 0.125], abs=1e-12)
    assert risk_from_logits(logits).item() == pytest.approx(-0.625, abs=1e-12)


@given(logits=LOGITS)
def test_survival_is_a_curve_and_the_risk_is_bounded(logits):
    survival = survival_from_logits(torch.tensor(logits, dtype=torch.float64))
    assert torch.all((survival >= 0) & (survival <= 1))
    assert torch.all(survival.diff() <= 0)
    assert -len(logits) <= risk_from_logits(torch.tensor(logits, dtype=torch.float64)).item() <= 0


@given(logits=LOGITS, data=st.data())
def test_a_higher_hazard_in_any_bin_is_never_a_lower_risk(logits, data):
    bin_number = data.draw(st.integers(0, len(logits) - 1))
    worse = list(logits)
    worse[bin_number] += 1.0
    before, after = (risk_from_logits(torch.tensor(one, dtype=torch.float64)).item() for one in (logits, worse))
    assert after >= before
