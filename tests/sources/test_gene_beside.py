"""Genes beside a table of patients: joined by case, nobody filled in, faults by line and column."""

from __future__ import annotations

import pandas as pd
import pytest

from survdash.errors import GeneError
from survdash.sources.gene_beside import read_gene_beside

CASES = pd.Index(["A", "B", "C"], name="case_id")


def read(tmp_path, text: str, cases: pd.Index = CASES):
    (tmp_path / "g.csv").write_text(text)
    return read_gene_beside(tmp_path / "g.csv", cases)


def test_genes_are_joined_by_case_and_strangers_are_counted(tmp_path):
    made = read(tmp_path, "case_id,TP53_rnaseq,KRAS,batch\nX,9,1,p\nB,2.5,0,q\nA,,1,q\n")
    assert made.genes.index.tolist() == ["A", "B"]
    assert made.genes.columns.tolist() == ["KRAS_mut", "TP53_rna"]
    assert made.genes.loc["B"].tolist() == [0.0, 2.5]
    assert made.genes["TP53_rna"].isna().tolist() == [True, False]
    assert made.notes[0] == "Gene table: 2 of 3 patients found; 1 others left out."
    assert "that are no genes: batch" in made.notes[1]
    assert set(made.source) == {"file", "sha256"}


@pytest.mark.parametrize(("text", "said"), [
    ("name,TP53_rnaseq\nA,1\n", "names no patient"), ("case_id,batch\nA,x\n", "has no gene column"),
    ("case_id,TP53_rnaseq\nX,1\n", "none of its 1 patients is in the cohort"),
    ("case_id,TP53_rnaseq\nA,1\nA,2\n", "case A has two values of TP53_rna"),
    ("case_id,TP53_rnaseq\nA,x\n", "TP53_rna in line 2 is not a number: x"),
    ("case_id,TP53\nA,3\n", "do not say what they are"), ("case_id,TP53_rnaseq\n,1\n", "case_id is missing in 1 lines"),
])  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, text, said):
    with pytest.raises(GeneError, match=said):
        read(tmp_path, text)
