import numpy as np
import pytest

import survdash.statistics
from survdash.errors import ClinicalError, InputError, NotEnoughDataError
from survdash.statistics.inputs import check_labels, check_level, check_risk, check_seed, check_survival


def test_no_patient_is_not_enough():
    with pytest.raises(NotEnoughDataError, match="no patient"):
        check_survival([], [])


def test_columns_of_different_length_are_named():
    with pytest.raises(ClinicalError, match=r"\(2,\)"):
        check_survival([1, 2], [1])


def test_missing_risk_is_found_in_its_row():
    with pytest.raises(ClinicalError, match="row 3"):
        check_risk([1, 2, np.inf], 3)


def test_labels_sort_and_risk_words_keep_their_order():
    values, codes = check_labels(["high", "low", "high", "medium"], 4, name="group")
    assert values.tolist() == ["low", "medium", "high"]
    assert codes.tolist() == [2, 0, 2, 1]
    values, codes = check_labels([True, False], 2, name="group")
    assert (values.tolist(), codes.tolist()) == ([False, True], [1, 0])
    with pytest.raises(ClinicalError, match="no fold"):
        check_labels(np.array([None, "a"], object), 2, name="fold")


def test_public_names_are_pinned():
    assert set(survdash.statistics.__all__) >= {
        "at_risk", "concordance", "concordance_uno", "hazard_ratio", "kaplan_meier", "logrank", "maxstat",
    }  # fmt: skip
    for name in survdash.statistics.__all__:
        assert callable(getattr(survdash.statistics, name))


def test_the_package_s_examples_run():
    import doctest

    assert doctest.testmod(survdash.statistics).failed == 0


def test_words_where_numbers_belong_are_said_in_words():
    with pytest.raises(ClinicalError, match=r"follow-up times are not all numbers.*'long'"):
        check_survival([1.0, "long"], [1, 0])
    with pytest.raises(ClinicalError, match=r"risks are not all numbers.*'high'"):
        check_risk(["high", 0.5], 2)
    with pytest.raises(ClinicalError, match="mixes words and numbers"):
        check_labels(np.array(["a", 1], object), 2, name="group")
    with pytest.raises(ClinicalError, match="times to look up are not all numbers"):
        survdash.statistics.at_risk([1, 2], ["x"])


def test_a_missing_value_of_pandas_is_a_missing_label():
    import pandas as pd

    with pytest.raises(ClinicalError, match=r"1 patients have no fold; the first is in row 2"):
        check_labels(pd.Series(["a", pd.NA], dtype=object), 2, name="fold")


def test_levels_and_seeds_out_of_range_are_refused():
    with pytest.raises(InputError, match="confidence level"):
        check_level(1.0)
    with pytest.raises(InputError, match="seed of -1"):
        check_seed(-1)
