import subprocess
import sys

import numpy as np
import pytest

import survdash.statistics
from survdash.errors import ClinicalError, NotEnoughDataError
from survdash.statistics.inputs import check_labels, check_risk, check_survival


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


def test_import_brings_no_heavy_library():
    code = (
        "import sys, survdash.statistics\n"
        "print(sorted({'torch', 'pandas', 'sksurv', 'lifelines', 'streamlit', 'plotly', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_s_examples_run():
    import doctest

    assert doctest.testmod(survdash.statistics).failed == 0
