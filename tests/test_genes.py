from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash.errors import GeneError
from survdash.genes import describe_panel, functional_groups, group_columns, split_column

GROUPS = {"first": frozenset({"TP53", "APC"}), "second": frozenset({"TP53", "KIT"})}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("TP53", ("TP53", None)),
        ("TP53_rnaseq", ("TP53", "rna")),
        ("TP53_rna", ("TP53", "rna")),
        ("NKX2-1_cnv", ("NKX2-1", "cnv")),
        ("KIT_mut", ("KIT", "mut")),
        ("_mut", ("_mut", None)),
        ("C1_ORF_mut", ("C1_ORF", "mut")),
    ],
)
def test_symbol_and_kind(name, parts):
    assert split_column(name) == parts


def test_the_six_groups_are_those_of_the_field(shared):
    theirs = pd.read_csv(shared / "tcga" / "gene_groups.csv")  # one column a group, padded
    assert list(functional_groups()) == list(theirs.columns)
    for title, symbols in functional_groups().items():
        assert symbols == set(theirs[title].dropna())


def test_a_column_joins_every_group_of_its_symbol_and_a_stranger_none():
    dealt = group_columns(["TP53_rna", "APC_cnv", "KIT_mut", "TTN_mut"], GROUPS)
    assert dealt == {"first": ("APC_cnv", "TP53_rna"), "second": ("KIT_mut", "TP53_rna")}


def test_a_group_without_a_gene_is_named():
    with pytest.raises(GeneError, match="second"):
        group_columns(["APC_rna"], GROUPS)


def test_a_panel_tells_each_column_once_and_ignores_what_is_missing():
    values = np.arange(1001.0)
    table = pd.DataFrame(
        {"TP53_rna": values, "APC_cnv": np.r_[np.nan, np.ones(1000)], "KIT_mut": values, "TTN_mut": 0.0}
    )
    panel = describe_panel(table, group_columns(table.columns, GROUPS))
    assert panel.columns == ("APC_cnv", "TP53_rna", "KIT_mut")
    assert (panel.mean[0], panel.std[0]) == (1.0, 0.0)
    assert (panel.low[1], panel.mean[1], panel.high[1]) == (5.0, 500.0, 995.0)
