from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from survdash.errors import GeneError, SurvdashError
from survdash.genes import GenePanel, describe_panel, group_columns
from survdash.sources.gene_table import GeneTable, match_genes, read_gene_table


@pytest.fixture(scope="module")
def panel(blca) -> GenePanel:
    return describe_panel(blca.genes, group_columns(blca.genes.columns))


@pytest.fixture
def small() -> GenePanel:
    columns = ("TP53_rna", "TP53_cnv", "MYC_rna", "KRAS_mut", "EGFR_rna")
    return GenePanel(
        columns=columns,
        groups={"one": columns[:3], "two": columns[3:]},
        mean=(0,) * 5,
        std=(1,) * 5,
        low=(-2, -1, -2, 0, -2),
        high=(2, 1, 2, 1, 2),
    )


def table_of(values: pd.Series, name: str = "patient.csv") -> GeneTable:
    return GeneTable(
        name=name, sha256="", genes=tuple(values.index), values=values.to_numpy(float), not_numeric=(), ignored=()
    )


def test_every_real_patient_of_blca_passes_with_every_value_in_its_place(blca, panel):
    for case, row in blca.genes.iterrows():
        check = match_genes(table_of(row), panel)
        np.testing.assert_array_equal(
            check.values.to_numpy(), row[list(panel.columns)].to_numpy(float), err_msg=str(case)
        )
        assert check.missing == check.duplicated == check.not_numeric == ()


def test_a_patients_own_line_of_the_research_table_is_read_in_any_form(blca, panel, shuffled_blca, tmp_path):
    _, header, rows = shuffled_blca
    row = dict(zip(header, rows[0], strict=True))
    genes = {name: value for name, value in row.items() if name.endswith(("_rnaseq", "_cnv"))}
    paths = [tmp_path / name for name in ("wide.csv", "long.tsv", "bare_header.csv", "wide.xlsx")]
    paths[0].write_text(f"{','.join(header)}\n{','.join(rows[0])}\n")
    paths[1].write_text(
        "gene\tvalue\n" + "\n".join(f" {name} \t{value}" for name, value in genes.items()), encoding="utf-8-sig"
    )
    paths[2].write_text("\n".join(f"{name};{value}" for name, value in genes.items()))
    pd.DataFrame([{name: float(value) for name, value in genes.items()}]).to_excel(paths[3], index=False)
    told = blca.genes.loc[row["case_id"], list(panel.columns)].to_numpy()
    for path in paths:
        check = match_genes(read_gene_table(path), panel)
        np.testing.assert_array_equal(check.values.to_numpy().astype(np.float32), told, err_msg=path.name)
    assert "survival_months" in read_gene_table(paths[0]).ignored


def test_counts_tpm_and_their_logarithms_are_refused_for_a_model_of_z_scores(panel):
    generator = np.random.default_rng(0)
    for _ in range(5):
        level = generator.normal(6, 3, len(panel.columns))
        for name, values in (
            ("counts", np.round(2 ** np.clip(level, 0, None))),
            ("TPM", 2 ** (level - 3)),
            ("log2 TPM", np.log2(1 + 2 ** (level - 3))),
            ("log2 counts", np.log2(1 + 2**level)),
            ("ones", np.ones(level.size)),
            ("0 to 1", generator.random(level.size)),
        ):
            scaled = pd.Series(values, index=list(panel.columns)).where(
                [c.endswith("_rna") for c in panel.columns], 0.0
            )
            with pytest.raises(GeneError, match=r"another scale|below zero") as caught:
                match_genes(table_of(scaled), panel)
            assert "model card" in caught.value.hint, name


def test_z_scores_are_refused_for_a_model_of_logarithms(panel, blca):
    shifted = dataclasses.replace(panel, low=tuple(0.0 for _ in panel.columns), high=tuple(15.0 for _ in panel.columns))
    with pytest.raises(GeneError, match=r"another scale|below zero"):
        match_genes(table_of(blca.genes.iloc[0]), shifted)


def test_a_table_that_lacks_two_fifths_is_refused_with_counts_of_each_group(blca, panel):
    kept = blca.genes.iloc[0].sample(frac=0.6, random_state=1)
    with pytest.raises(GeneError) as caught:
        match_genes(table_of(kept), panel)
    for group, columns in panel.groups.items():
        missing = len(set(columns) - set(kept.index))
        assert f"{group} {missing} of {len(columns)}" in caught.value.message
    assert match_genes(table_of(kept), panel, max_missing=0.6).per_group["missing"].sum() > 0


def test_a_tenth_may_be_missing_and_is_reported_by_group(blca, panel):
    kept = blca.genes.iloc[5].sample(frac=0.92, random_state=1)
    check = match_genes(table_of(kept), panel)
    assert set(check.missing) == set(panel.columns) - set(kept.index)
    assert check.values.isna().sum() == len(check.missing)
    for row in check.per_group.itertuples():
        assert row.expected == len(panel.groups[row.group]) == row.found + row.missing
    assert "the median of the training patients stands in for them" in check.warnings[0]


def test_names_are_matched_exactly_and_bare_symbols_where_one_kind_is_left(small):
    def match(**values: float):
        return match_genes(table_of(pd.Series(values, dtype=float)), small, max_missing=1.0)

    assert match(MYC=0.5).values["MYC_rna"] == 0.5
    assert match(MYC_rnaseq=0.5).values["MYC_rna"] == 0.5
    assert match(MYC_rna=0.5).values["MYC_rna"] == 0.5
    assert match(KRAS=1).values["KRAS_mut"] == 1
    assert match(TP53_cnv=1, TP53=0.5).values["TP53_rna"] == 0.5
    two = match(TP53=0.5)
    assert two.values.isna().all()
    assert "1 symbols could be of several kinds: TP53." in two.warnings
    other = match(myc=0.5, MYC_cnv=1, FOO=3)
    assert other.values.isna().all()
    assert "1 names differ from a gene in upper and lower case only: myc for MYC." in other.warnings
    assert "3 names are not among the model's genes: myc, MYC_cnv, FOO." in other.warnings


def test_faults_of_single_values_are_reported_by_group(small, write_table):
    path = write_table(
        [
            {"gene": "TP53_rna", "value": "high"},
            {"gene": "TP53_cnv", "value": 2},
            {"gene": "MYC", "value": 4.5},
            {"gene": "KRAS", "value": 0.3},
            {"gene": "EGFR", "value": 1},
            {"gene": "EGFR_rnaseq", "value": 1.0},
        ]
    )
    check = match_genes(read_gene_table(path), small, max_missing=0.5)
    assert check.not_numeric == check.missing == ("TP53_rna",)
    assert check.out_of_range == ("MYC_rna", "KRAS_mut")  # 4.5 is beyond 2 + half of 4; a mutation is 0 or 1
    assert check.duplicated == ()
    assert check.per_group.set_index("group").loc["one"].to_dict() == {
        "expected": 3,
        "found": 2,
        "missing": 1,
        "duplicated": 0,
        "not_numeric": 1,
        "out_of_range": 1,
    }


def test_a_gene_given_twice_must_have_one_value(small):
    twice = pd.Series([0.5, 0.5, 1.0], index=["MYC_rna", "MYC_rnaseq", "EGFR_rna"])
    check = match_genes(table_of(twice), small, max_missing=1.0)
    assert check.duplicated == ("MYC_rna",)
    twice.iloc[1] = 0.7
    with pytest.raises(GeneError) as caught:
        match_genes(table_of(twice), small)
    assert "1 genes are given with different values: MYC_rna 0.5 and 0.7" in caught.value.message
    assert "too many genes are missing: one 2 of 3, two 1 of 2" in caught.value.message, "all faults at once"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"gene,value\n", "no gene with a number"),
        (b"TP53,MYC,KRAS\n", "has a header but no values"),
        (b"Dear colleague, see below\nyours, me\n", "no gene with a number"),
        (b"\x00\x01\x02", "binary"),
        (b"TP53,MYC,EGFR\n1,2,3\n4,5,6\n", "2 different lines; one patient"),
        (b"gene,value\n,1\n", "1 lines name no gene"),
        (b"gene;value\nTP53;0,5\n", "no gene with a number"),
        (b"case_id,age\nA,50\n", "no gene with a number"),
    ],
)
def test_files_that_are_no_gene_table_are_refused(tmp_path, content, said):
    path = tmp_path / "g.csv"
    path.write_bytes(content)
    with pytest.raises(GeneError, match=r"^g\.csv") as caught:
        read_gene_table(path)
    assert said in caught.value.message
    if b"0,5" in content:
        assert "decimal mark" in caught.value.hint


@pytest.mark.usefixtures("small_limit")
def test_a_table_above_the_limit_is_refused(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text("gene,value\n" + "A,1\n" * 50_000)
    with pytest.raises(GeneError, match="larger than"):
        read_gene_table(path)


@hypothesis_settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=80) | st.text("TP53_rna,MYC\t;\n1.5-", max_size=80).map(str.encode))
def test_no_file_brings_out_another_error_than_ours(tmp_path_factory, small, content):
    path = tmp_path_factory.mktemp("fuzz") / "g.csv"
    path.write_bytes(content)
    try:
        check = match_genes(read_gene_table(path), small, max_missing=1.0)
    except SurvdashError:
        return
    assert tuple(check.values.index) == small.columns


@given(order=st.permutations(range(5)))
def test_the_order_of_columns_does_not_matter(order):
    columns = ("TP53_rna", "TP53_cnv", "MYC_rna", "KRAS_mut", "EGFR_rna")
    panel = GenePanel(
        columns=columns, groups={"all": columns}, mean=(0,) * 5, std=(1,) * 5, low=(-2,) * 5, high=(2,) * 5
    )
    values = pd.Series([0.1, 1, 0.3, 1, 0.5], index=columns)
    check = match_genes(table_of(values.iloc[list(order)]), panel)
    assert check.values.equals(values)


def test_an_endless_name_does_not_fill_a_warning(tmp_path):
    groups = {"all": ("TP53_rna",)}
    panel = GenePanel(columns=groups["all"], groups=groups, mean=(0.0,), std=(1.0,), low=(-3.0,), high=(3.0,))
    path = tmp_path / "genes.csv"
    path.write_text(f"TP53_rna,{'A' * 200_000}_rna\n0.5,1\n")
    assert max(map(len, match_genes(read_gene_table(path), panel).warnings)) < 200


def test_ensembl_ids_give_what_symbols_give(small, write_table):
    symbols = {"TP53_rna": 0.5, "TP53_cnv": 1, "MYC": -0.5, "KRAS": 1, "EGFR": 0.25}
    ids = {"ENSG00000141510_rna": 0.5, "ENSG00000141510.17_cnv": 1, "ENSG00000136997.20": -0.5, "ENSG00000133703": 1,
           "ENSG00000146648.3": 0.25}  # fmt: skip
    checks = []
    for table in (symbols, ids):
        path = write_table([{"gene": gene, "value": value} for gene, value in table.items()])
        checks.append(match_genes(read_gene_table(path), small))
    assert checks[0].values.equals(checks[1].values)
    assert checks[1].warnings == ("5 Ensembl ids were translated to symbols by the table of survdash.",)


def test_two_ids_of_one_gene_must_have_one_value(small):
    twice = pd.Series([0.5, 0.7], index=["MYC", "ENSG00000136997.20"])
    with pytest.raises(GeneError, match=r"1 genes are given with different values: MYC_rna 0\.5 and 0\.7"):
        match_genes(table_of(twice), small, max_missing=1.0)
    twice.index = ["MYC", "ENSG00000136997.20_PAR_Y"]
    check = match_genes(table_of(twice), small, max_missing=1.0)
    assert check.values["MYC_rna"] == 0.5
    assert "1 second copies on the Y chromosome (_PAR_Y) were left out." in check.warnings


def test_other_names_and_dates_are_hinted_at_and_never_taken(small):
    columns = (*small.columns, "ERBB2_rna")
    panel = GenePanel(
        columns=columns, groups={"all": columns}, mean=(0,) * 6, std=(1,) * 6, low=(-2,) * 6, high=(2,) * 6
    )  # fmt: skip
    given = pd.Series([0.5, 1.0, 0.1, 0.2], index=["HER2", "P53", "MYC", "7-Sep"])
    check = match_genes(table_of(given), panel, max_missing=1.0)
    assert check.values.notna().sum() == 1
    hint = next(words for words in check.warnings if "other names" in words)
    assert "HER2 for ERBB2, P53 for TP53" in hint
    assert any("1 names are dates that Excel has made of gene symbols" in words and "7-Sep" in words
               for words in check.warnings)  # fmt: skip
    both = match_genes(table_of(pd.Series([0.5, 0.6], index=["HER2", "ERBB2"])), panel, max_missing=1.0)
    assert not any("other names" in words for words in both.warnings), "the gene itself is there"


@pytest.mark.parametrize("text", ["gene,value\nTP53_rna,0.5\nMYC,=SUM(B2:B9)\n", "TP53_rna,MYC\n0.5,=SUM(B2:B9)\n"])
def test_a_formula_in_place_of_a_value_is_refused_with_its_gene(tmp_path, text):
    (tmp_path / "g.csv").write_text(text)
    with pytest.raises(GeneError, match=r"g\.csv: 1 genes hold a formula in place of a value: MYC has =SUM\(B2:B9\)"):
        read_gene_table(tmp_path / "g.csv")


def test_a_star_counts_file_of_the_gdc_is_read_as_log2_tpm(small, tmp_path):
    path = tmp_path / "x.rna_seq.augmented_star_gene_counts.tsv"
    header = "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded\n"
    lines = [("N_unmapped", "", "", 7, 7, 7, ""), ("ENSG00000136997.20", "MYC", "protein_coding", 90, 1, 1, 7.0),
             ("ENSG00000146648.18", "EGFR", "protein_coding", 40, 1, 1, 0.0)]  # fmt: skip
    body = "".join("\t".join(map(str, line)) + "\n" for line in lines)
    path.write_text("# gene-model: GENCODE v36\n" + header + body)
    check = match_genes(read_gene_table(path), small, max_missing=1.0)
    assert (check.values["MYC_rna"], check.values["EGFR_rna"]) == (3.0, 0.0)
    assert check.warnings[0] == f"{path.name} is a STAR-Counts table; its TPM were read as log2(TPM + 1)."
