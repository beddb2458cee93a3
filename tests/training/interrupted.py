"""A training for the tests that is killed from outside: ``python interrupted.py FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from survdash.case import Survival
from survdash.training import checkpoint
from survdash.training.data import ModelData
from survdash.training.loop import fit_fold
from survdash.training.recipe import Recipe

RECIPE = Recipe(model="snn", modalities=("genes",), options={"width": 16}, epochs=400, stop="inner")


def made_data() -> ModelData:
    """40 made patients with six genes, four folds."""
    rng = np.random.default_rng(0)
    return ModelData(
        case_ids=np.array([f"P{number:02d}" for number in range(40)], dtype=object),
        survival=Survival(time_months=rng.uniform(1, 90, 40), event=rng.random(40) < 0.7),
        genes=rng.normal(size=(40, 6)).astype(np.float32), columns=tuple("abcdef"),
        groups=(np.arange(3), np.arange(3, 6)), bags=None, folds=np.arange(40) % 4,
    )


if __name__ == "__main__":
    checkpoint.KEEP_EVERY_SECONDS = 0.0  # after every epoch
    fit_fold(made_data(), RECIPE, fold=0, kept=Path(sys.argv[1]))
