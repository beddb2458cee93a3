from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.genes import functional_groups
from survdash.sources.gene_names import _gene_ids, hint_of, is_excel_date, translate

SYMBOLS = frozenset().union(*functional_groups().values())


def test_every_gene_of_the_six_groups_but_one_has_an_id():
    ours = {name for pair in _gene_ids().values() for name in pair}
    assert SYMBOLS - ours == {"CCL3L1"}, "on alternative assemblies only, in the table's release"


# From the Ensembl web site, for genes that every paper names.
@pytest.mark.parametrize(
    ("gene", "symbol"),
    [("ENSG00000141510", "TP53"), ("ENSG00000141736", "ERBB2"), ("ENSG00000136997", "MYC"),
     ("ENSG00000133703", "KRAS"), ("ENSG00000146648", "EGFR"), ("ENSG00000012048", "BRCA1")],
)  # fmt: skip
def test_well_known_ids_are_their_genes(gene, symbol):
    made = translate([gene, f"{gene}.17", f"{gene}_rnaseq", f"{gene}.2_cnv"])
    assert made.names == (symbol, symbol, f"{symbol}_rnaseq", f"{symbol}_cnv")
    assert made.notes == ("4 Ensembl ids were translated to symbols by the table of survdash.",)


def test_a_gene_is_called_as_the_model_calls_it():
    assert translate(["ENSG00000133794"]).names == ("BMAL1",)
    assert translate(["ENSG00000133794"], known={"ARNTL"}).names == ("ARNTL",)
    assert translate(["ENSG00000133794"], known={"ARNTL", "BMAL1"}).names == ("BMAL1",)


def test_unknown_ids_stay_and_copies_on_the_y_chromosome_are_left_out():
    made = translate(["ENSG99999999999", "ENSG00000182378.15_PAR_Y", "TP53"])
    assert made.names == ("ENSG99999999999", "PLCXD1", "TP53")
    assert made.left_out == {1}
    assert made.notes[1:] == (
        "1 Ensembl ids are not in that table: ENSG99999999999.",
        "1 second copies on the Y chromosome (_PAR_Y) were left out.",
    )


@given(names=st.lists(st.text(max_size=20) | st.sampled_from(sorted(SYMBOLS)), max_size=20))
def test_what_is_no_id_stays_as_it_is(names):
    made = translate(names)
    assert (made.names, made.left_out, made.notes) == (tuple(names), frozenset(), ())


def test_other_names_are_hints_where_one_gene_is_meant():
    known = SYMBOLS
    assert hint_of("MLL2", known) == "KMT2D"
    assert hint_of("her2", known) == "ERBB2"
    assert hint_of("PD-L1", {"CD274"}) == "CD274"
    assert hint_of("IL8", known) == "CXCL8", "a former symbol, by the table of ids"
    assert hint_of("BMAL1", known) == "ARNTL", "the groups keep the former one"
    assert hint_of("MARCH1", {"MARCHF1"}) == "MARCHF1"
    assert hint_of("TP53", known) is None
    assert hint_of("nobody", known) is None


@pytest.mark.parametrize("name", ["1-Mar", "7-Sep", "2. Sep", "Mar-01", "Sep-07", "01. Mrz", "2-Dez", "2023-03-01",
                                  "2023-09-02 00:00:00", "09/07/2023", "1-DEC"])  # fmt: skip
def test_dates_of_excel_are_known(name):
    assert is_excel_date(name)


def test_no_gene_of_the_table_looks_like_a_date():
    assert not [name for pair in _gene_ids().values() for name in pair if is_excel_date(name)]
