"""What fusion reaches with more patients of the demo's generator, and what each part of the network is worth there.

Draws as many patients as asked for, writes each slide as a TIFF and sends it through reader, tissue rule and encoder as
the shipped demo's were; half a CPU second a patient, once: each bag is kept in the data folder, and a run that was
stopped goes on there, in its training too. Then, with the demo's own recipes and five folds for each cohort (those of
the first 200 patients are the shipped demo's):

- for the first 200, 500, 1,000, ... patients, c of the true risk (the oracle), of the best model that sees one
  modality (a network or ridge Cox), of the paper's network, and of the default; and the share of the way between the
  first two that the last has gone. The interval draws patients anew within folds, all together; the models are not
  trained anew.
- for each size of ``--ablate``, each part of the network left out, over three seeds, paired with the whole one.

``python -m benchmarks.demo_large --sizes 200 500 1000 2000 --ablate 200 [--jobs N]``
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import survdash.simulation
from survdash.bag_file import BagFile
from survdash.cohort import Cohort
from survdash.features.embed import embed_slide, save_bag
from survdash.features.facts import VERSION
from survdash.features.registry import DEFAULT_ENCODER, weights_file
from survdash.nets.registry import DEFAULT_MODEL, PAPERS_MODEL
from survdash.settings import settings
from survdash.simulation.drawing import MPP, draw_slide
from survdash.simulation.patients import DEMO_SEED, case_id, simulate_cohort, simulate_patients
from survdash.simulation.pyramid import write_pyramid
from survdash.sources.cohort_folder import read_cohort
from survdash.spread import spread
from survdash.statistics.bootstrap import concordance_draws
from survdash.store import digest, file_sha256
from survdash.training.crossval import crossval
from survdash.training.data import model_data
from survdash.training.recipe import Recipe
from survdash.usecases.demo import RECIPES, write_demo_cohort

SIZES = (200, 500, 1000, 2000)
PARTS = ("alignment", "cross_attention", "transport")
SEEDS = (0, 1, 2)
BOTH = ("genes", "slide")
PAPERS = next(recipe for recipe in RECIPES if recipe.model == PAPERS_MODEL and recipe.modalities == BOTH)
# With a thousand patients fourteen epochs overfit the slide.
FUSED = replace(PAPERS, model=DEFAULT_MODEL, epochs=5)
DRAWS = 2000


def home() -> Path:
    """Where everything lies; another place when the generator, the encoder or the rules of embedding change."""
    sources = sorted(Path(str(survdash.simulation.__file__)).parent.glob("*.py"))
    made_by = {path.name: file_sha256(path) for path in sources}
    _, weights = weights_file(DEFAULT_ENCODER)
    key = digest({"sources": made_by, "weights": weights, "embedding": VERSION, "seed": DEMO_SEED})
    return settings().data_dir / "demo_large" / key


def embed(*, number: int, folder: Path) -> None:
    """Draw, write and embed the slide of one patient, unless it was done before."""
    target = folder / f"{case_id(number)}.h5"
    if target.exists():
        return
    patient = simulate_patients((number,), seed=DEMO_SEED)
    with TemporaryDirectory() as work:
        slide = Path(work) / "slide.tiff"
        write_pyramid(draw_slide(patient.slides[0], seed=DEMO_SEED), slide, mpp=MPP)
        made = embed_slide(slide)
    save_bag(made, target, slide_id="slide")
    made.bag_path.unlink()  # kept once is enough


def make(patients: int, *, jobs: int) -> Cohort:
    """The cohort of the first ``patients`` patients with its folds; what is missing of it is made."""
    target = home() / f"first-{patients}"
    if not target.is_dir():
        pieces: list[Mapping[str, object]] = [{"number": number, "folder": home()} for number in range(1, patients + 1)]
        for _ in spread(embed, pieces, jobs=jobs):
            pass
        simulated = simulate_cohort(patients, seed=DEMO_SEED)
        bags = []
        for case in simulated.patients.index:
            with BagFile(home() / f"{case}.h5") as file:
                bags.append((file.read(["slide"]), file.attributes("slide")))
        write_demo_cohort(target, simulated, bags)
    return read_cohort(target)


def held_out_risk(cohort: Cohort, recipe: Recipe, *, jobs: int) -> np.ndarray:
    """Out-of-fold risks, in the order of the patients; folds trained before are taken as they are."""
    result = crossval(model_data(cohort, recipe.modalities), recipe, jobs=jobs, work=home() / "training")
    table = result.predictions.set_index("case_id").loc[cohort.patients.index]
    return table["risk"].to_numpy()


def draw(cohort: Cohort, risks: list[np.ndarray]) -> np.ndarray:
    """Mean c of the folds of each risk, first in the data and then in each draw: (risks, 1 + DRAWS)."""
    survival, folds = cohort.survival, cohort.folds.loc[cohort.patients.index]  # type: ignore[union-attr]
    values, draws = concordance_draws(risks, survival.time_months, survival.event, folds.to_numpy(), resamples=DRAWS)
    return np.column_stack([values, draws])


def interval(values: np.ndarray, digits: str) -> str:
    """The value in the data and 95 % of the draws."""
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return f"{values[0]:{digits}} ({low:{digits}} to {high:{digits}})"


def show_sizes(sizes: list[int], *, jobs: int) -> None:
    """The demo's recipes on more and more patients."""
    ridge = next(recipe for recipe in RECIPES if recipe.model == "cox_ridge")
    single = [recipe for recipe in RECIPES if len(recipe.modalities) == 1]
    single += [replace(ridge, modalities=(name,)) for name in BOTH]
    names = [replace(recipe, options={}).run_name(BOTH) for recipe in single]
    print(f"\n| patients / deaths | oracle | {' | '.join(names)} | ridge, both | glg, both | default, both | "
          "default - best single | share of the way |")  # fmt: skip
    print("|---" * (len(names) + 7) + "|")
    for size in sizes:
        cohort = make(size, jobs=jobs)
        truth = cohort.patients["true_risk"].to_numpy()
        risks = [truth, *(held_out_risk(cohort, recipe, jobs=jobs) for recipe in (*single, ridge, PAPERS, FUSED))]
        oracle, *alone, with_ridge, papers, fused = draw(cohort, risks)
        best = max(alone, key=lambda row: row[0])
        print(
            f"| {size:,} / {int(cohort.survival.event.sum()):,} | {oracle[0]:.3f} | "
            f"{' | '.join(f'{row[0]:.3f}' for row in alone)} | {with_ridge[0]:.3f} | {papers[0]:.3f} | "
            f"{interval(fused, '.3f')} | "
            f"{interval(fused - best, '+.3f')} | {interval((fused - best) / (oracle - best), '.0%')} |",
            flush=True,
        )


def show_ablations(size: int, *, jobs: int) -> None:
    """Each part of the network left out, each seed beside the whole network of that seed."""
    cohort = make(size, jobs=jobs)
    variants = {"whole": PAPERS}
    variants |= {f"without {name}": replace(PAPERS, options={**PAPERS.options, name: False}) for name in PARTS}
    risks = [
        held_out_risk(cohort, replace(recipe, seed=seed), jobs=jobs) for recipe in variants.values() for seed in SEEDS
    ]
    rows = draw(cohort, risks).reshape(len(variants), len(SEEDS), -1)
    means = dict(zip(variants, rows.mean(axis=1), strict=True))
    print(f"\n{size:,} patients, mean of {len(SEEDS)} seeds:\n")
    print("| network | c, mean of folds | less the whole one | c of each seed |\n|---|---|---|---|")
    for (name, values), seeds in zip(means.items(), rows[:, :, 0], strict=True):
        gap = "" if name == "whole" else interval(values - means["whole"], "+.3f")
        each = " ".join(f"{c:.3f}" for c in seeds)
        print(f"| {name.replace('_', ' ')} | {interval(values, '.3f')} | {gap} | {each} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[], help=f"for instance {' '.join(map(str, SIZES))}")
    parser.add_argument("--ablate", nargs="+", type=int, default=[], help="sizes at which parts are left out")
    parser.add_argument("--jobs", type=int, default=1, help="processes that draw, embed and train")
    chosen = parser.parse_args()
    if not chosen.sizes and not chosen.ablate:
        print("Skipped, for it takes an hour: say which --sizes, and where to --ablate.")
    if chosen.sizes:
        show_sizes(chosen.sizes, jobs=chosen.jobs)
    for size in chosen.ablate:
        show_ablations(size, jobs=chosen.jobs)


if __name__ == "__main__":
    main()
