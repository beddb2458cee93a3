"""Sample patients for the upload."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openslide
import pandas as pd
import pytest

from survdash.errors import InputError
from survdash.simulation.patients import DEMO_SEED, simulate_cohort, simulate_patients
from survdash.simulation.sample_case import FIRST_NUMBER, sample_case


def test_a_sample_is_a_slide_and_the_genes_of_one_patient_outside_the_demo(tmp_path: Path) -> None:
    slide, genes = sample_case(tmp_path / "case")
    assert slide.stat().st_size < 1_200_000
    with openslide.OpenSlide(slide) as opened:
        assert float(opened.properties["openslide.mpp-x"]) == pytest.approx(0.5)
    table = pd.read_csv(genes)
    assert list(table.columns) == ["gene", "value"]
    truth = simulate_patients((FIRST_NUMBER,), seed=DEMO_SEED).genes.iloc[0]
    demo = simulate_cohort(200, seed=DEMO_SEED).genes
    assert list(table["gene"]) == list(truth.index) == list(demo.columns)
    np.testing.assert_allclose(table["value"], truth, rtol=6e-4, atol=1e-6)  # written with four digits
    assert np.abs(demo.to_numpy() - table["value"].to_numpy()).mean(axis=1).min() > 0.1  # nobody of the demo cohort


def test_the_same_sample_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (sample_case(tmp_path / name, number=1) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_first_two_samples_are_a_low_and_a_high_risk() -> None:
    risk = simulate_patients((FIRST_NUMBER, FIRST_NUMBER + 1), seed=DEMO_SEED).true_risk
    demo = simulate_cohort(200, seed=DEMO_SEED).true_risk
    assert risk[0] < np.quantile(demo, 0.4)
    assert risk[1] > np.quantile(demo, 0.75)


@pytest.mark.parametrize("number", [-1, 995])
def test_a_sample_that_cannot_be_is_refused(number: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sample patient"):
        sample_case(tmp_path, number=number)
