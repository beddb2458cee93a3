"""Gene columns: one row a patient whatever the lines, narrow, and equal to what a plain reading gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash.sources.gene_rows import BLOCK, read_gene_rows
from survdash.sources.table_file import TextTable


def table_of(values: pd.DataFrame) -> tuple[TextTable, dict[str, list[int]]]:
    frame = values.set_axis(range(values.shape[1]), axis=1).reset_index(drop=True)
    table = TextTable(name="t.csv", sha256="", columns=tuple(values.columns), frame=frame, delimiter=",")
    places: dict[str, list[int]] = {}
    for place, name in enumerate(values.columns):
        places.setdefault(name, []).append(place)
    return table, places


@pytest.mark.parametrize("order", [["B", "A", "C"], ["A", "B", "C"]])
def test_lines_of_distinct_cases_are_sorted_and_narrowed(order):
    values = pd.DataFrame({"Z_rna": [1.1, 2.2, 3.3], "A_rna": [4.0, np.nan, 6.0]}, index=order)
    genes, notes = read_gene_rows(*table_of(values), pd.Series(order), [])
    expected = values.sort_index()[["A_rna", "Z_rna"]].astype(np.float32)
    pd.testing.assert_frame_equal(genes, expected, check_names=False)
    assert genes.index.name == "case_id"
    assert notes == ("1 gene values are missing and stay missing.",)


def test_several_lines_of_a_case_are_put_together_over_any_number_of_columns():
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(4, 2 * BLOCK + 3)), columns=[f"G{i:05d}_rna" for i in range(2 * BLOCK + 3)])
    wide.iloc[3] = wide.iloc[0]
    wide.iloc[3, 7] = np.nan
    wide.iloc[0, BLOCK + 1] = np.nan
    genes, notes = read_gene_rows(*table_of(wide), pd.Series(["A", "B", "C", "A"]), [])
    np.testing.assert_array_equal(genes.loc["B"], wide.iloc[1].astype(np.float32))
    assert not genes.isna().any(axis=None)
    assert notes == ("2 gene values missing in one line of a case were taken from another line of it.",)


def test_contradictions_are_faults_that_name_case_column_and_line():
    faults: list[str] = []
    values = pd.DataFrame([[1.0, 1.0], [2.0, 3.0]], columns=["A_rna", "A_rna"])
    read_gene_rows(*table_of(values), pd.Series(["P", "Q"]), faults)
    assert faults == ["gene column A_rna stands 2 times with different values"]
    faults.clear()
    read_gene_rows(*table_of(values[["A_rna"]].iloc[:, :1]), pd.Series(["P", "P"]), faults)
    assert faults == ["case P has two values of A_rna: 1.0 and 2.0 (line 3)"]
    faults.clear()
    huge = pd.DataFrame({"A_rna": [1e300, 1.0], "B_rna": ["x", "1"]})
    read_gene_rows(*table_of(huge), pd.Series(["P", "Q"]), faults)
    assert faults == ["B_rna in line 2 is not a number: x (1 lines)", "a gene value is too large (above 3e38)"]


def test_no_gene_column_is_no_table():
    table, _ = table_of(pd.DataFrame({"a": [1]}))
    assert read_gene_rows(table, {}, pd.Series(["P"]), []) == (None, ())
