"""Genes × samples: the right cell in the right place, lines of one gene, and cells that are no numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from survdash.errors import GeneError
from survdash.sources.gene_matrix import Merge, read_matrix, sample_columns

TABLE = (
    "Hugo_Symbol\tEntrez_Gene_Id\tS1\tS2\tS3\n"
    "MYC\t4609\t1\t2\t3\nTP53\t7157\t4\tNA\t6\nMYC\t4609\t10\t20\t30\nOTHER\t1\tx\tx\tx\n\t5\t1\t1\t1\n"
)
CHOSEN = {"S3": "P1", "S1": "P2"}


def _write(tmp_path: Path, text: str = TABLE) -> Path:
    path = tmp_path / "matrix.txt"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("merge", "myc"), [("sum", [33.0, 11.0]), ("mean", [16.5, 5.5])])
def test_values_are_found_by_gene_and_sample(tmp_path: Path, merge: Merge, myc: list[float]) -> None:
    values, notes = read_matrix(_write(tmp_path), CHOSEN, symbols={"MYC", "TP53", "BRCA1"}, merge=merge)
    assert list(values.index) == ["P1", "P2"]
    assert list(values.columns) == ["MYC", "TP53"]
    assert values["MYC"].to_list() == myc
    assert values["TP53"].to_list() == [6.0, 4.0]
    told = " ".join(notes)
    for words in ("1 genes that are not among those wanted", "1 lines name no gene", "1 genes stand on several lines"):
        assert words in told


def test_lines_that_disagree_are_left_out_where_nothing_can_be_made_of_them(tmp_path: Path) -> None:
    values, notes = read_matrix(_write(tmp_path), CHOSEN, symbols={"MYC", "TP53"}, merge="equal")
    assert list(values.columns) == ["TP53"]
    assert "their lines disagree: MYC" in " ".join(notes)


def test_missing_cells_stay_missing(tmp_path: Path) -> None:
    values, _ = read_matrix(_write(tmp_path), {"S2": "P3"}, symbols={"TP53"}, merge="sum")
    assert np.isnan(values.loc["P3", "TP53"])


@pytest.mark.parametrize("cell", ["high", "inf", "1,5", "1e999"])
def test_a_cell_that_is_no_number_is_named_by_gene_line_and_sample(tmp_path: Path, cell: str) -> None:
    path = _write(tmp_path, f"Hugo_Symbol\tS1\nTP53\t{cell}\n")
    with pytest.raises(GeneError, match=r"TP53 \(line 2\) of sample S1 is no finite number"):
        read_matrix(path, CHOSEN, symbols={"TP53"}, merge="sum")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Entrez_Gene_Id\tS1\n7157\t1\n", "no column of gene symbols"),
        ("Hugo_Symbol\tS1\tS1\nTP53\t1\t2\n", "have two columns"),
        ("Hugo_Symbol\tS9\nTP53\t1\n", "no column of a sample"),
        ("Hugo_Symbol\tS1\nOTHER\t1\n", "none of the 1 genes"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(GeneError, match=words):
        read_matrix(_write(tmp_path, text), CHOSEN, symbols={"TP53"}, merge="sum")


def test_ids_and_older_forms_of_a_symbol_are_known(tmp_path: Path) -> None:
    path = _write(tmp_path, "Ensembl_ID\tS1\nENSG00000141510.16\t7\nENSG1.1\t8\n")
    values, notes = read_matrix(
        path, CHOSEN, symbols={"TP53"}, merge="mean", symbol_of={"ENSG00000141510": "TP53"}
    )
    assert values["TP53"].to_list() == [7.0]
    assert "1 lines name no gene" in " ".join(notes)
    path = _write(tmp_path, "sample\tS1\nTP53|7157\t7\n?|100130426\t8\n")
    assert read_matrix(path, CHOSEN, symbols={"TP53"}, merge="mean")[0].shape == (1, 1)
    assert sample_columns(path) == ("S1",)
