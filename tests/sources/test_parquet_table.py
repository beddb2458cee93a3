"""Parquet is read as the same table would be as text, with the same limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash.errors import ClinicalError
from survdash.sources.parquet_table import is_parquet, read_parquet
from survdash.sources.research_csv import read_research_csv


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame({
        " case_id ": ["P1", "P0", "P2"], "survival_months": [3.0, 2.5, 7.0], "censorship": [0, 1, 0],
        "TP53_rnaseq": np.array([0.1, np.nan, 3.0], np.float32), "KRAS": [True, False, False],
        "stage": pd.Categorical(["I", None, "II"]),
    })  # fmt: skip


def test_a_parquet_table_says_the_same_as_its_csv(table, tmp_path):
    table.to_parquet(tmp_path / "t.parquet", index=False)
    table.astype({"KRAS": int}).to_csv(tmp_path / "t.csv", index=False)
    assert is_parquet(tmp_path / "t.parquet")
    assert not is_parquet(tmp_path / "t.csv")
    assert not is_parquet(tmp_path / "none")
    ours, text = read_research_csv(tmp_path / "t.parquet"), read_research_csv(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(ours.genes, text.genes)
    pd.testing.assert_frame_equal(ours.patients, text.patients)
    assert ours.source["sha256"] != text.source["sha256"]


def test_dates_lists_and_bytes_are_refused_by_name(tmp_path):
    for column in (pd.to_datetime(["2020-01-01"]), [[1, 2]], [b"x"]):
        pd.DataFrame({"case_id": ["P"], "odd": column}).to_parquet(tmp_path / "t.parquet")
        with pytest.raises(ClinicalError, match="column 'odd' holds neither numbers nor text"):
            read_parquet(tmp_path / "t.parquet", error=ClinicalError)


def test_a_small_file_that_unpacks_to_much_and_a_damaged_one_are_refused(tmp_path, small_limit):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": np.zeros(1_000_000)}).to_parquet(path)
    assert path.stat().st_size < 10_000
    with pytest.raises(ClinicalError, match=r"larger than 0.1 MB when unpacked"):
        read_parquet(path, error=ClinicalError)
    path.write_bytes(b"PAR1" + b"x" * 100)
    with pytest.raises(ClinicalError, match="damaged Parquet file"):
        read_parquet(path, error=ClinicalError)
