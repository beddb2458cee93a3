"""The shipped demo is what its generator makes."""

from __future__ import annotations

import filecmp
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.bag_file import BagFile
from survdash.settings import SHIPPED_MODELS
from survdash.simulation.patients import DEMO_SEED, simulate_cohort, simulate_patients
from survdash.store import folder_bytes
from survdash.usecases.cases import write_sample_case
from survdash.usecases.demo import PATIENTS, RECIPES, SAMPLES, embed_simulated
from survdash.usecases.library import list_runs, open_cohort, open_run


def test_a_few_patients_made_anew_equal_the_shipped_ones() -> None:
    cohort = open_cohort("demo")
    numbers = (1, 77, 200)
    again = simulate_patients(numbers, seed=DEMO_SEED)
    shipped = cohort.patients.loc[again.patients.index]
    pd.testing.assert_frame_equal(shipped[list(again.patients.columns)], again.patients, check_dtype=False)
    pd.testing.assert_frame_equal(cohort.genes.loc[again.genes.index], again.genes, check_dtype=False)
    with BagFile(cohort.bag_path) as file:
        for position, case in enumerate(again.patients.index):
            made, _ = embed_simulated(again, position)
            kept = file.read(cohort.slides_of(case))
            np.testing.assert_array_equal(kept.coords, made.coords)
            # Processors round sums differently and float16 keeps eleven bits: a last bit or two of values up to 6.
            np.testing.assert_allclose(
                kept.features.astype(float), made.features.astype(float), rtol=4e-3, atol=4e-3
            )


def test_the_true_risk_is_kept_for_the_oracle_and_no_model_is_shown_it() -> None:
    cohort = open_cohort("demo")
    simulated = simulate_cohort(PATIENTS, seed=DEMO_SEED)
    np.testing.assert_allclose(cohort.patients["true_risk"], simulated.true_risk)
    assert "true_risk" not in cohort.genes


def test_the_shipped_models_are_of_the_recipes_and_their_titles_say_that_they_are_narrow() -> None:
    shipped = {run.name: run for run in list_runs("demo")}
    kept = [open_run("demo", name).card.recipe for name in shipped]
    assert len(kept) == len(RECIPES)
    assert all(recipe in kept for recipe in RECIPES)
    assert all(("width 64" in run.title) == (name != "cox_ridge") for name, run in shipped.items())


def test_the_sample_cases_are_made_by_the_command_and_stand_in_no_cohort(tmp_path: Path) -> None:
    for number in range(SAMPLES):
        slide, genes = write_sample_case(tmp_path / str(number), number=number)
        shipped = SHIPPED_MODELS / "demo" / f"sample_{number + 1}"
        assert filecmp.cmp(genes, shipped / "genes.csv", shallow=False)
        assert slide.stat().st_size < 1_200_000


def test_everything_shipped_for_the_demo_fits_in_20_mb() -> None:
    assert sum(folder_bytes(path) for path in SHIPPED_MODELS.glob("demo*")) <= 20_000_000
