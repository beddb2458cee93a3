from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash.errors import GeneError, SurvdashError
from survdash.genes import functional_groups
from survdash.sources.gene_groups import deal_genes, read_gene_groups

GENES = pd.DataFrame(np.zeros((2, 4)), columns=["TP53_rna", "TP53_cnv", "MYC_rna", "FOO_mut"])


def test_the_published_ragged_table_is_the_papers_six(tcga):
    table = read_gene_groups(tcga / "gene_groups.csv")
    assert table.groups == functional_groups()
    assert list(table.groups) == list(functional_groups())


def test_three_and_fifty_groups_and_titles_with_commas(tmp_path):
    for count in (1, 3, 50):
        titles = [f'"Pathway {number}, a/b (reactome)"' for number in range(count)]
        lines = [",".join(titles), ",".join("TP53" for _ in titles), ",".join(["MYC"] + [""] * (count - 1))]
        path = tmp_path / f"{count}.csv"
        path.write_text("\n".join(lines) + ("\n" if count > 1 else ",\n"))
        if count == 1:
            path.write_text("group,symbol\n" + "\n".join(f'{titles[0]},{gene}' for gene in ("TP53", "MYC")))
        dealt = deal_genes(GENES, path)
        assert len(dealt.groups) == count
        assert dealt.groups["Pathway 0, a/b (reactome)"] == ("MYC_rna", "TP53_cnv", "TP53_rna")
        assert dealt.source["file"] == path.name
        assert f"{count} functional groups of {path.name} in place of the paper's six." in dealt.notes


def test_what_is_left_out_is_said(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text("one,two\nTP53,KRAS\nEGFR,\n")
    dealt = deal_genes(GENES, path)
    assert dealt.groups == {"one": ("TP53_cnv", "TP53_rna")}
    assert dealt.notes == (
        "1 functional groups of g.csv in place of the paper's six.",
        "No gene of the table belongs to: two.",
        "2 of 4 gene columns belong to no functional group.",
        "2 symbols of g.csv are not in the table: EGFR, KRAS.",
    )


def test_all_faults_are_named_with_line_and_column(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text("one,one,<b>two</b>,,empty\nTP53,MYC,7-Sep,KRAS,\n=1+1,,A B,,\n")
    with pytest.raises(GeneError) as caught:
        read_gene_groups(path)
    for said in (
        "title one stands twice", "'<b>two</b>' cannot be a title", "<b>two</b>, line 2: 7-Sep is a gene that Excel",
        "column 4 has no title", "group empty has no gene", "one, line 3: '=1+1' is no gene symbol",
        "<b>two</b>, line 3: 'A B' is no gene symbol",
    ):  # fmt: skip
        assert said in caught.value.message


@pytest.mark.parametrize("title", ["=cmd()", "-x", "<script>", "a\u202eb", "x" * 121, "`a`", "__"])
def test_titles_that_could_do_harm_are_refused(tmp_path, title):
    path = tmp_path / "g.csv"
    path.write_text(f"{title},other\nTP53,MYC\n", encoding="utf-8")
    with pytest.raises(GeneError, match="cannot be a title"):
        read_gene_groups(path)


@pytest.mark.parametrize("content", [b"", b"one,two\n", b"one\nTP53\n", b"\xff\xfe", b"group,symbol\n,TP53\n"])
def test_what_is_no_table_of_groups_is_refused(tmp_path, content):
    (tmp_path / "g.csv").write_bytes(content)
    with pytest.raises(SurvdashError):
        read_gene_groups(tmp_path / "g.csv")


def test_groups_that_fit_nothing_are_refused(tmp_path):
    (tmp_path / "g.csv").write_text("one,two\nKRAS,EGFR\n")
    with pytest.raises(GeneError, match="No gene of the table belongs to: one, two"):
        deal_genes(GENES, tmp_path / "g.csv")
    with pytest.raises(GeneError, match="no genes to deal"):
        deal_genes(None, tmp_path / "g.csv")
    assert deal_genes(None).groups == {}
