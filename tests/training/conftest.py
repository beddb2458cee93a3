"""A small cohort with a planted truth: one gene and the tiles' first feature shorten life."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash.bag_file import new_bag_file
from survdash.case import BagOrigin
from survdash.cohort import Cohort

CASES, FOLDS, TILE_DIM = 60, 3, 8
GROUPS = {f"group {number}": (f"G{number}A_rna", f"G{number}B_rna") for number in range(6)}


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """60 patients, three folds; patient P00 has two slides, the last has none and no fold."""
    rng = np.random.default_rng(0)
    ids = [f"P{number:02d}" for number in range(CASES)]
    columns = [name for members in GROUPS.values() for name in members]
    genes = pd.DataFrame(rng.normal(size=(CASES, 12)), index=ids, columns=columns)
    tumour = rng.normal(size=CASES)
    hazard = np.exp(1.5 * genes["G0A_rna"].to_numpy() + 1.5 * tumour)
    time = 1 + rng.exponential(30 / hazard)
    origin = BagOrigin(encoder="made", weights="", dim=TILE_DIM)
    path = tmp_path_factory.mktemp("cohort") / "bags.h5"
    slides = {f"{case}-1": case for case in ids[:-1]} | {"P00-2": "P00"}
    with new_bag_file(path, origin) as writer:
        for slide, case in slides.items():
            tiles = rng.normal(size=(5, TILE_DIM))
            tiles[:, 0] += 3 * tumour[ids.index(case)]
            writer.add_slide(slide, [(tiles, np.zeros((5, 2), np.int32))], {})
    facts = {"age": 60.0, "sex": "female", "stage": "II", "site": "A"}
    patients = pd.DataFrame({"time_months": time, "event": rng.random(CASES) < 0.8, **facts}, index=ids)
    return Cohort(
        name="made",
        title="Made",
        simulated=True,
        endpoint="overall survival",
        patients=patients,
        genes=genes,
        gene_groups=GROUPS,
        bag_path=path,
        slides=pd.Series(slides),
        bag_origin=origin,
        folds=pd.Series(np.arange(CASES - 1) % FOLDS, index=ids[:-1]),
    )
