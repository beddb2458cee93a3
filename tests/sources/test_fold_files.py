from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.errors import CohortError, NotEnoughDataError
from survdash.sources.fold_files import make_folds, read_folds, seed_of


def write(folder: Path, *splits: tuple[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for number, (train, val) in enumerate(splits):
        rows = [
            f"{i},{t},{v}" for i, (t, v) in enumerate(zip(train.ljust(9), val.ljust(9), strict=True)) if (t + v).strip()
        ]
        (folder / f"splits_{number}.csv").write_text("\n".join([",train,val", *rows]))
    return folder


def test_published_folds_hold_every_case_of_blca_out_once(tcga, blca):
    table = read_folds(tcga / "splits" / "blca", blca.patients.index)
    assert table.count == 5
    assert table.notes == ()
    assert table.folds.index.equals(blca.patients.index)
    for fold in range(5):
        val = pd.read_csv(tcga / "splits" / "blca" / f"splits_{fold}.csv")["val"].dropna()
        assert set(table.folds.index[table.folds == fold]) == set(val)


def test_strangers_and_cases_without_fold_are_counted(tmp_path):
    table = read_folds(write(tmp_path / "f", ("CD", "AB"), ("AB", "CX")), pd.Index(["A", "B", "C", "D"]))
    assert dict(table.folds) == {"A": 0, "B": 0, "C": 1}
    assert table.notes == (
        "1 cases of the fold files are not in the cohort (X in splits_1.csv line 3, column val).",
        "1 cases of the cohort are held out in no fold (D).",
    )


def test_all_faults_of_the_fold_files_are_told_at_once(tmp_path):
    folder = write(tmp_path / "f", ("AB", "AC"), ("B", "CDD"))
    (folder / "splits_3.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CohortError) as caught:
        read_folds(folder, pd.Index(list("ABCD")))
    for said in (
        "files are numbered 0, 1, 3",
        "splits_0.csv: 1 cases stand in train and val (A)",
        "splits_1.csv names D twice in val",
        "splits_3.csv lacks the column train and val",
        "case C is held out twice, in splits_0.csv line 3 and in splits_1.csv line 2",
    ):
        assert said in caught.value.message


def test_folds_of_another_cohort_are_refused(tmp_path):
    folder = write(tmp_path / "f", ("CD", "AB"), ("AB", "CD"))
    with pytest.raises(CohortError, match="no case of the cohort is held out in fold 0, 1"):
        read_folds(folder, pd.Index(["P", "Q"]))
    with pytest.raises(CohortError, match="has no file"):
        read_folds(tmp_path, pd.Index(["A"]))


@given(
    events=st.lists(st.booleans(), min_size=5, max_size=80).filter(lambda e: sum(e) >= 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_made_folds_share_deaths_and_patients_evenly_and_depend_on_the_seed_alone(events, seed):
    event = np.array(events)
    folds = make_folds(event, k=5, seed=seed)
    for counts in (np.bincount(folds, minlength=5), np.bincount(folds[event], minlength=5)):
        assert counts.max() - counts.min() <= 1
    np.testing.assert_array_equal(folds, make_folds(event, k=5, seed=seed))


def test_another_seed_deals_other_folds_and_too_few_deaths_deal_none():
    event = np.arange(40) % 2 == 0
    assert (make_folds(event, seed=1) != make_folds(event, seed=2)).any()
    with pytest.raises(NotEnoughDataError, match="4 deaths cannot be dealt into 5 folds"):
        make_folds(np.arange(40) < 4, seed=0)


def test_the_seed_depends_on_the_patients_not_on_their_order(blca):
    patients = blca.patients
    assert seed_of(patients) == seed_of(patients.sample(frac=1, random_state=1))
    changed = patients.copy()
    changed.loc[changed.index[0], "time_months"] += 1
    assert seed_of(changed) != seed_of(patients)
