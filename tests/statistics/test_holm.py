import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from survdash.statistics import holm


def test_holm_is_r_s_p_adjust():
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") gives 0.03 0.06 0.06 0.02.
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02], rtol=1e-12)
    np.testing.assert_allclose(holm([0.04, np.nan, 0.6]), [0.08, np.nan, 0.6])
    assert holm([]).size == 0


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(p):
    given_p, adjusted = np.array(p), holm(p)
    assert (adjusted >= given_p).all()
    assert (adjusted <= np.minimum(1, given_p * given_p.size) + 1e-15).all()
    order = np.argsort(given_p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()
