"""What is stored of a patient is what the full explanation says, without a network."""

from __future__ import annotations

import subprocess
import sys

import pytest

from survdash import usecases
from survdash.errors import UnknownNameError
from survdash.settings import SHIPPED_MODELS
from survdash.usecases.explaining import explain_patient


@pytest.fixture(autouse=True)
def demo():
    if not (SHIPPED_MODELS / "demo" / "cohort.json").is_file():
        pytest.skip("the demo cohort is not here; make it: python -m survdash make-demo")


def test_it_says_what_the_explanation_says():
    seen = usecases.glance_at_patient("demo", "glg", "SIM-0001")
    told = usecases.glance_of(explain_patient("demo", "glg", "SIM-0001"))
    assert [(row.parts, row.group, row.at) for row in seen.ledger.rows] == [
        (row.parts, row.group, row.at) for row in told.ledger.rows
    ]
    assert seen.ledger.disagree == told.ledger.disagree
    assert seen.familiarity == told.familiarity
    assert [one.case_id for one in seen.neighbours] == [one.case_id for one in told.neighbours]
    assert "SIM-0001" not in [one.case_id for one in seen.neighbours]


def test_a_model_without_a_fused_vector_knows_no_like_patients():
    seen = usecases.glance_at_patient("demo", "cox_ridge", "SIM-0001")
    assert seen.neighbours == ()
    assert seen.ledger.rows


def test_unknown_patients_are_named():
    with pytest.raises(UnknownNameError, match="nobody"):
        usecases.glance_at_patient("demo", "glg", "nobody")


def test_it_costs_no_torch():
    script = "import sys; from survdash import usecases; usecases.glance_at_patient('demo', 'glg', 'SIM-0001'); " \
             "usecases.what_if_range('demo', 'glg', 'SIM-0001'); sys.exit('torch' in sys.modules)"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
