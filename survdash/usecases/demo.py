"""Make the shipped demo cohort and its models anew: simulated patients, drawn slides, real features, real training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from survdash.bag_file import BagFile, BagWriter
from survdash.case import Bag
from survdash.cohort import Cohort
from survdash.genes import group_columns
from survdash.progress import Report, silent, track
from survdash.simulation.drawing import MPP, draw_slide
from survdash.simulation.patients import DEMO_SEED, SimulatedCohort, simulate_cohort
from survdash.simulation.pyramid import write_pyramid
from survdash.sources.cohort_folder import read_cohort, write_cohort
from survdash.sources.fold_files import make_folds, seed_of
from survdash.training.recipe import Recipe
from survdash.usecases.cases import write_sample_case
from survdash.usecases.library import DEMO
from survdash.usecases.training import crossval

PATIENTS = 200
SAMPLES = 2
# Narrow networks keep five folds of each method small enough to ship; longer steps make up for it, in fewer epochs.
NARROW, LEARNING_RATE, EPOCHS = 64, 5e-4, 14
RECIPES = (
    *(
        Recipe(
            model=model, modalities=modalities, epochs=EPOCHS, learning_rate=LEARNING_RATE, options={"width": NARROW}
        )
        for model, modalities in (
            ("glg", ("genes", "slide")), ("glg", ("genes",)), ("glg", ("slide",)), ("snn", ("genes",)),
            ("attnmil", ("slide",)),
        )
    ),
    Recipe(model="cox_ridge", modalities=("genes", "slide")),
)



def make_demo(out: Path, *, report: Report = silent) -> Cohort:
    """Simulate, draw, embed and write the demo cohort at ``out/demo``, train its models beside it, and two samples.

    The features come out of the same files, reader, tissue rule and encoder that an uploaded slide goes through.

    Raises
    ------
    SurvdashError
        Whatever stops one of the steps.
    """
    simulated = simulate_cohort(PATIENTS, seed=DEMO_SEED)
    bags = [
        embed_simulated(simulated, number)
        for number in track(range(PATIENTS), step="Drawing and embedding slides", report=report)
    ]
    write_demo_cohort(out / DEMO, simulated, bags)
    for recipe in RECIPES:
        cohort = read_cohort(out / DEMO)
        name = replace(recipe, options={}).run_name(cohort.modalities)  # all are narrow: no need to say it of each
        crossval(cohort, recipe, folder=out / f"{DEMO}-{name}", name=name, report=report)
    for number in range(SAMPLES):
        write_sample_case(out / DEMO / f"sample_{number + 1}", number=number)
    return read_cohort(out / DEMO)


def embed_simulated(simulated: SimulatedCohort, position: int) -> tuple[Bag, dict[str, str | float]]:
    """Draw one patient's slide, write it as a TIFF, embed that file; the bag and what made it."""
    from survdash.features.embed import embed_slide

    with TemporaryDirectory() as folder:
        slide = Path(folder) / "slide.tiff"
        write_pyramid(draw_slide(simulated.slides[position], seed=simulated.seed), slide, mpp=MPP)
        made = embed_slide(slide)
    with BagFile(made.bag_path) as file:
        return file.read([made.slide_id]), file.attributes(made.slide_id)


def write_demo_cohort(folder: Path, simulated: SimulatedCohort, bags: list[tuple[Bag, dict[str, str | float]]]) -> None:
    """Write the cohort folder; the true risk goes in as a column of the patient table, for the oracle's c-index."""
    patients = simulated.patients.assign(true_risk=simulated.true_risk)
    folds = make_folds(patients["event"].to_numpy(bool), seed=seed_of(patients))
    slide_ids = [f"{case}-slide" for case in patients.index]

    def fill(writer: BagWriter) -> None:
        for slide_id, (bag, attributes) in zip(slide_ids, bags, strict=True):
            writer.add_slide(slide_id, [(np.asarray(bag.features), np.asarray(bag.coords))], attributes)

    write_cohort(
        folder, name=DEMO, title="Demo (simulated patients)", simulated=True, endpoint="overall survival (simulated)",
        patients=patients, genes=simulated.genes, gene_groups=group_columns(simulated.genes.columns),
        slides=dict(zip(slide_ids, patients.index, strict=True)), folds=pd.Series(folds, index=patients.index),
        source={"generator": "survdash.simulation", "seed": simulated.seed, "simulated": True},
        bags=fill, bag_origin=bags[0][0].origin,
    )
