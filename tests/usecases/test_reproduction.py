"""The paper's protocol on a few made bags: what is finished stays, published numbers stand beside, none is invented."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from survdash.errors import BagError, InputError, UnknownNameError
from survdash.usecases.library import list_runs, open_cohort
from survdash.usecases.reproduction import TABLE_1, TABLE_2, Protocol, paper_cohort, recipes_of, reproduce

PATIENTS, FOLDS = 24, 2


@pytest.fixture
def protocol(tmp_path: Path) -> Protocol:
    """Two dozen patients in the layout of the public tables, a bag of thirty tiles each."""
    rng = np.random.default_rng(0)
    ids = [f"TCGA-AA-{number:04d}" for number in range(PATIENTS)]
    from survdash.genes import functional_groups

    genes = sorted({sorted(members)[number] for members in functional_groups().values() for number in range(3)})
    signal = rng.normal(size=PATIENTS)
    table = pd.DataFrame({
        "case_id": ids, "slide_id": [f"{case}-01Z-00-DX1.svs" for case in ids], "site": "AA", "is_female": 1,
        "oncotree_code": "BLCA", "age": 60, "survival_months": 1 + rng.exponential(30 * np.exp(-signal)),
        "censorship": (rng.random(PATIENTS) < 0.3).astype(int), "train": 1.0,
        **{f"{gene}_rnaseq": signal + rng.normal(size=PATIENTS) for gene in genes},
    })  # fmt: skip
    table.to_csv(tmp_path / "blca_rnaseq_cnv.csv.zip", index=False)
    splits, bags = tmp_path / "splits" / "blca", tmp_path / "bags"
    splits.mkdir(parents=True)
    bags.mkdir()
    for fold in range(FOLDS):
        held = [case for number, case in enumerate(ids) if number % FOLDS == fold]
        columns = {"train": pd.Series([case for case in ids if case not in held]), "val": pd.Series(held)}
        pd.DataFrame(columns).to_csv(splits / f"splits_{fold}.csv")
    for slide in table["slide_id"]:
        with h5py.File(bags / f"{Path(slide).stem}.h5", "w") as file:
            file["features"] = rng.normal(size=(30, 1024)).astype(np.float16)
            file["coords"] = np.zeros((30, 2), np.int32)
    return Protocol(cancer="BLCA", bags=bags, tables=tmp_path, out=tmp_path / "out", epochs=1, methods=("snn", "glg"),
                    ablations=("transport",))  # fmt: skip


def test_tables_and_figure_stand_beside_the_published_and_runs_are_taken_up(protocol: Protocol) -> None:
    found = reproduce(protocol)
    assert [row["model"] for row in found["table_1"]] == ["snn", "glg"]
    assert [row["without"] for row in found["table_2"]] == ["transport", ""]
    assert [row["published"] for row in found["table_1"]] == [0.606, 0.731]  # Table 1 of the paper
    assert found["figure_4"]["published_p"] == "not known"
    assert {path.name for path in protocol.out.iterdir()} == {
        "table_1.csv", "table_2.csv", "figure_4.html", "reproduction.md", "reproduction.json",
    }  # fmt: skip
    seconds = {row["version"]: row["seconds"] for row in found["table_1"]}
    again = reproduce(protocol)
    assert {row["version"]: row["seconds"] for row in again["table_1"]} == seconds  # not trained again
    assert json.loads((protocol.out / "reproduction.json").read_text())["finished"] == 3
    assert "not known" in (protocol.out / "reproduction.md").read_text()
    assert open_cohort("blca-paper").bag_origin.dim == 1024  # type: ignore[union-attr]
    assert len(list_runs("blca-paper")) == 3


def test_all_of_the_paper_s_runs_have_its_training(protocol: Protocol) -> None:
    cohort = paper_cohort(protocol)
    recipes = recipes_of(cohort, Protocol(cancer="BLCA", bags=protocol.bags, out=protocol.out))
    assert [one.model for one in recipes] == [*TABLE_1, *["glg"] * len(TABLE_2)]
    assert {(one.epochs, one.learning_rate, one.batch_cases, one.stop) for one in recipes} == {(20, 2e-4, 32, "last")}
    assert all("clinical" not in one.modalities for one in recipes)
    with pytest.raises(UnknownNameError, match="glg_linear"):
        recipes_of(cohort, Protocol(cancer="BLCA", bags=protocol.bags, out=protocol.out, methods=("glg_linear",)))


def test_what_is_not_the_paper_s_is_refused(protocol: Protocol, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="BRCA"):
        reproduce(Protocol(cancer="BRCA", bags=protocol.bags, out=protocol.out))
    with pytest.raises(InputError, match="--tables"):
        reproduce(Protocol(cancer="BLCA", bags=protocol.bags, out=protocol.out, tables=tmp_path / "nowhere"))
    for path in protocol.bags.iterdir():
        with h5py.File(path, "w") as file:
            file["features"], file["coords"] = np.ones((5, 512), np.float16), np.zeros((5, 2), np.int32)
    with pytest.raises(BagError, match="1,024"):
        reproduce(protocol)
