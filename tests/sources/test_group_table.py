from __future__ import annotations

import pytest

from survdash.errors import GeneError
from survdash.genes import functional_groups
from survdash.sources.group_table import read_group_table


def write(path, text):
    path.write_text(text)
    return path


def test_the_published_layout_is_read(tcga):
    read = read_group_table(tcga / "gene_groups.csv")
    assert read.groups == functional_groups()  # the shipped table is of the same families, one gene a line
    assert list(read.groups) == list(functional_groups())
    assert read.source["file"] == "gene_groups.csv"


def test_columns_are_ragged_and_titles_free(tmp_path):
    path = write(tmp_path / "p.csv", ',"Apoptosis, intrinsic",A/B\n0,TP53 ,MYC\n1,BAX,\n2,BAX,\n')
    assert read_group_table(path).groups == {
        "Apoptosis, intrinsic": frozenset({"TP53", "BAX"}), "A/B": frozenset({"MYC"}),
    }  # fmt: skip


def test_all_faults_are_told_at_once(tmp_path):
    path = write(tmp_path / "p.csv", "One,One,,Two,Three,Four\nTP53,MYC,KRAS,,0.5,TP53;MYC\n,,,,BAX,\n")
    with pytest.raises(GeneError) as caught:
        read_group_table(path)
    for words in (
        "p.csv: ", "group One stands twice", "column 3 has no title", "group Two has no gene",
        "line 2, group Three: '0.5' is no gene symbol", "line 2, group Four: 'TP53;MYC' is no gene symbol",
    ):
        assert words in caught.value.message


def test_a_table_of_row_numbers_has_no_group(tmp_path):
    with pytest.raises(GeneError, match="there is no group"):
        read_group_table(write(tmp_path / "p.csv", ",\n0,1\n"))
