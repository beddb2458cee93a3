from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

from survdash.errors import GeneError
from survdash.genes import describe_panel, functional_groups, group_columns, split_column


@pytest.mark.parametrize(
    ("name", "parts"),
    [("TP53_rnaseq", ("TP53", "rna")), ("TP53_rna", ("TP53", "rna")),
     ("A_B_cnv", ("A_B", "cnv")), ("KRAS_mut", ("KRAS", "mut")),
     ("TP53", ("TP53", None)), ("_mut", ("_mut", None)), ("Y_RNA", ("Y_RNA", None))],
)  # fmt: skip
def test_a_column_is_symbol_and_kind(name, parts):
    assert split_column(name) == parts


def test_the_groups_are_the_published_ones_in_their_order(shared):
    with (shared / "tcga" / "gene_groups.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    ours = functional_groups()
    assert list(ours) == list(rows[0])
    for title, symbols in ours.items():
        assert symbols == {row[title].strip() for row in rows if row[title] and row[title].strip()}


def test_a_column_joins_every_group_of_its_symbol():
    groups = {"one": frozenset({"A", "B"}), "two": frozenset({"B", "C"})}
    assert group_columns(["C_mut", "B_rna", "A_cnv", "Z_rna"], groups) == {
        "one": ("A_cnv", "B_rna"),
        "two": ("B_rna", "C_mut"),
    }
    with pytest.raises(GeneError, match="No gene of the table belongs to: two"):
        group_columns(["A_rna"], groups)


def test_a_panel_describes_grouped_columns_once_and_leaves_gaps_out():
    genes = pd.DataFrame({"A_rna": [0.0, 1.0, np.nan, 2.0], "B_rna": [5.0] * 4, "Z_rna": [9.0] * 4})
    panel = describe_panel(genes, {"one": ("B_rna", "A_rna"), "two": ("A_rna",)})
    assert panel.columns == ("B_rna", "A_rna")
    assert panel.mean == (5.0, 1.0)
    assert panel.std == (0.0, pytest.approx(np.sqrt(2 / 3)))  # of 0, 1, 2 with n in the denominator
    # Linear quantiles of 0, 1, 2: 0.5 % and 99.5 % of the way.
    assert (panel.low[1], panel.high[1]) == (pytest.approx(0.01), pytest.approx(1.99))
