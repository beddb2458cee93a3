from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from survdash.bag_file import BagFile, new_bag_file
from survdash.case import BagOrigin
from survdash.errors import BagError, CohortError, UnknownNameError
from survdash.sources.cohort_folder import read_cohort, read_facts, write_cohort

ORIGIN = BagOrigin(encoder="net", weights="ab", dim=3)


@pytest.fixture
def parts():
    cases = pd.Index(["B", "A", "C"], name="case_id")
    patients = pd.DataFrame(
        {
            "time_months": [1.0, 2.5, 3.0],
            "event": [True, False, True],
            "age": [60, None, 70],
            "sex": ["male", None, "female"],
            "stage": ["Stage I", None, None],
            "site": ["x", "y", "z"],
            "grade": ["G1", None, "G2"],
        },
        index=cases,
    )
    genes = pd.DataFrame({"TP53_rna": [0.5, np.nan], "MYC_cnv": [1.0, -2.0]}, index=["C", "B"])

    def fill(writer):
        for slide, value in (("s2", 2.0), ("s1", 1.0)):
            writer.add_slide(slide, [(np.full((2, 3), value), np.zeros((2, 2)))], {})

    return {
        "name": "made",
        "title": "Made",
        "simulated": True,
        "endpoint": "overall survival",
        "patients": patients,
        "genes": genes,
        "gene_groups": {"Z first": ("TP53_rna",), "A second": ("MYC_cnv", "TP53_rna")},
        "slides": pd.Series({"s2": "A", "s1": "C"}),
        "folds": pd.Series({"A": 1, "B": 0}),
        "source": {"table": {"file": "t.csv"}},
        "bags": fill,
        "bag_origin": ORIGIN,
    }


def test_what_is_written_is_read(parts, tmp_path):
    write_cohort(tmp_path / "made", **parts)
    cohort = read_cohort(tmp_path / "made")
    assert (cohort.name, cohort.title, cohort.simulated, cohort.endpoint) == ("made", "Made", True, "overall survival")
    assert list(cohort.patients.index) == ["A", "B", "C"]
    assert cohort.patients["time_months"].tolist() == [2.5, 1.0, 3.0]
    assert cohort.patients["event"].dtype == bool
    assert cohort.patients[["age", "sex", "stage", "grade"]].isna().to_numpy().sum(axis=0).tolist() == [1, 1, 2, 1]
    assert cohort.genes.index.tolist() == ["B", "C"]
    assert set(map(str, cohort.genes.dtypes)) == {"float32"}
    assert np.isnan(cohort.genes.loc["B", "TP53_rna"])
    assert list(cohort.gene_groups.items()) == list(parts["gene_groups"].items()), "groups keep their order"
    assert dict(cohort.slides) == {"s1": "C", "s2": "A"}
    assert dict(cohort.folds) == {"A": 1, "B": 0}
    assert cohort.bag_origin.dim == 3
    assert cohort.source == {"table": {"file": "t.csv"}}
    with BagFile(cohort.bag_path) as bags:
        assert bags.read(["s1"]).features.tolist() == [[1.0] * 3] * 2
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        "bags.h5",
        "cohort.json",
        "folds.csv",
        "genes.parquet",
        "patients.parquet",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["made"], "nothing temporary is left"


def test_the_digest_follows_the_content_and_nothing_else(parts, tmp_path):
    def key(name: str, **changed: object) -> str:
        write_cohort(tmp_path / name, **{**parts, **changed})
        return read_cohort(tmp_path / name).digest

    first = key("a")
    assert key("b", source={"table": {"file": "other", "date": "2026-01-01"}}) == first
    assert key("c", patients=parts["patients"].iloc[::-1]) == first
    older = parts["patients"].assign(age=61.0)
    for changed in (
        {"patients": older},
        {"folds": None},
        {"genes": parts["genes"] + 1},
        {"title": "x"},
        {"gene_groups": dict(reversed(parts["gene_groups"].items()))},
    ):
        assert key("d", **changed) != first


def test_a_ready_bag_file_is_copied_and_must_name_the_same_slides(parts, tmp_path):
    with new_bag_file(tmp_path / "ready.h5", ORIGIN) as writer:
        parts["bags"](writer)
    write_cohort(tmp_path / "made", **{**parts, "bags": tmp_path / "ready.h5", "bag_origin": None})
    origin = read_cohort(tmp_path / "made").bag_origin
    assert (origin.encoder, origin.weights, origin.dim) == ("net", "ab", 3)
    with pytest.raises(BagError, match="1 slides have no bag, 1 bags have no case"):
        write_cohort(tmp_path / "made", **{**parts, "bags": tmp_path / "ready.h5", "slides": {"s1": "C", "s9": "A"}})
    with pytest.raises(CohortError, match="names 2 slides but has no bags"):
        write_cohort(tmp_path / "made", **{**parts, "bags": None})
    with pytest.raises(CohortError, match="without a statement"):
        write_cohort(tmp_path / "made", **{**parts, "bag_origin": None})


def test_a_failed_write_leaves_the_old_cohort(parts, tmp_path):
    write_cohort(tmp_path / "made", **parts)
    before = read_cohort(tmp_path / "made").digest

    def stop(writer):
        raise KeyboardInterrupt

    for changed, error in (
        ({"bags": stop}, KeyboardInterrupt),
        ({"slides": {"s1": "C", "s2": "Q"}}, CohortError),
        ({"patients": parts["patients"].drop(columns="age")}, CohortError),
    ):
        with pytest.raises(error):
            write_cohort(tmp_path / "made", **{**parts, **changed})
        assert read_cohort(tmp_path / "made").digest == before
        assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_changed_or_lost_file_is_noticed_and_named(parts, tmp_path):
    write_cohort(tmp_path / "made", **parts)
    (tmp_path / "made" / "bags.h5").unlink()
    (tmp_path / "made" / "folds.csv").write_text("case_id,fold\nA,0\n")
    with pytest.raises(CohortError, match=r"bags.h5 is missing; folds.csv has changed.*Import the cohort again"):
        read_cohort(tmp_path / "made")
    with pytest.raises(CohortError, match="Install survdash anew"):
        read_cohort(tmp_path / "made", shipped=True)


def test_the_facts_are_those_of_the_cohort_without_gene_values_and_read_once(parts, tmp_path):
    write_cohort(tmp_path / "made", **parts)
    whole, facts = read_cohort(tmp_path / "made"), read_facts(tmp_path / "made")
    pd.testing.assert_frame_equal(facts.patients, whole.patients)
    assert facts.genes.index.tolist() == whole.genes.index.tolist()
    assert facts.genes.shape == (2, 0)
    assert (facts.digest, facts.modalities, facts.gene_groups) == (whole.digest, whole.modalities, whole.gene_groups)
    assert facts.cases_with(("genes", "slide")).tolist() == whole.cases_with(("genes", "slide")).tolist()
    assert read_facts(tmp_path / "made") is facts


def test_the_facts_follow_the_files(parts, tmp_path):
    write_cohort(tmp_path / "made", **parts)
    before = read_facts(tmp_path / "made")
    write_cohort(tmp_path / "made", **parts | {"title": "Made anew"})
    assert read_facts(tmp_path / "made").title == "Made anew"
    assert before.title == "Made"
    for name in ("patients.parquet", "genes.parquet", "folds.csv"):
        whole = (tmp_path / "made" / name).read_bytes()
        (tmp_path / "made" / name).write_bytes(whole[:-1])
        with pytest.raises(CohortError, match=f"{name} has changed"):
            read_facts(tmp_path / "made")
        (tmp_path / "made" / name).write_bytes(whole)
    (tmp_path / "made" / "bags.h5").unlink()
    with pytest.raises(CohortError, match=r"bags.h5 is missing"):
        read_facts(tmp_path / "made")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: {**content, "schema_version": 99}, "has schema 99; this survdash reads up to 1"),
        (lambda content: {**content, "name": 3, "simulated": "perhaps"}, "name: .*; simulated: "),
        (lambda content: {key: value for key, value in content.items() if key != "digest"}, "digest: Field required"),
        (lambda content: [], "malformed"),
    ],
)
def test_a_malformed_or_newer_manifest_is_refused(parts, tmp_path, change, said):
    write_cohort(tmp_path / "made", **parts)
    manifest = tmp_path / "made" / "cohort.json"
    manifest.write_text(json.dumps(change(json.loads(manifest.read_text()))))
    with pytest.raises(CohortError, match=said):
        read_cohort(tmp_path / "made")


def test_an_absent_cohort_is_an_unknown_name(tmp_path):
    with pytest.raises(UnknownNameError, match="There is no cohort 'none'"):
        read_cohort(tmp_path / "none")
