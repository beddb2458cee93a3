"""The report of an import: counts that follow from the tables, doubts that a mistake raises, JSON there and back."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from survdash.errors import CohortError
from survdash.sources.preview import (
    FoldFacts,
    ImportReport,
    describe_columns,
    describe_folds,
    describe_genes,
    describe_groups,
    doubt_folds,
    read_report,
    report_from_json,
    report_to_json,
)
from survdash.sources.research_csv import LeftOut


@pytest.fixture
def patients() -> pd.DataFrame:
    return pd.DataFrame(
        {"time_months": [1.5, 20.0, 30.0, np.inf], "event": [True, False, True, False], "age": [60, np.nan, 70, 80],
         "sex": ["male", None, "female", "male"]}, index=list("ABCD"),
    )  # fmt: skip


def test_columns_have_a_type_a_range_and_their_gaps(patients):
    time, event, age, sex = describe_columns(patients)
    assert (time.kind, time.low, time.high, time.missing) == ("number", 1.5, 30.0, 0)  # infinity is no value
    assert (event.kind, event.values) == ("yes or no", (("yes", 2), ("no", 2)))
    assert (age.low, age.high, age.missing, age.distinct) == (60, 80, 1, 3)
    assert (sex.kind, sex.values, sex.missing) == ("words", (("male", 2), ("female", 1)), 1)


def test_genes_are_told_by_kind_over_any_number_of_columns():
    rng = np.random.default_rng(0)
    rna = rng.normal(size=(9, 700)).astype(np.float32)
    rna[0, :5] = np.nan
    columns = [f"G{number}_rna" for number in range(700)]
    genes = pd.DataFrame(rna, columns=columns).assign(TP53_mut=np.float32(1), X_cnv=np.float32("nan"))
    cnv, mut, expression = describe_genes(genes)
    assert (expression.columns, expression.patients, expression.missing) == (700, 9, 5)
    assert (expression.low, expression.high) == (np.nanmin(rna), np.nanmax(rna))
    # the median of the blocks' medians, of 256 columns each, is close to that of all
    assert expression.middle == pytest.approx(np.nanmedian(rna), abs=0.05)
    assert (mut.low, mut.middle, mut.high) == (1, 1, 1)
    assert (cnv.missing, cnv.low, cnv.middle, cnv.high) == (9, None, None, None)
    assert describe_genes(None) == ()


def test_groups_count_symbols_against_the_paper_s_lists_and_others_against_themselves():
    ours, theirs = describe_groups({"Oncogenes": ("MYC_rna", "MYC_cnv", "KRAS_rna"), "Mine": ("TP53_mut",)})
    assert (ours.found, ours.of, ours.columns) == (2, 328, 3)
    assert (theirs.found, theirs.of) == (1, 1)


def test_folds_count_who_is_held_out_and_who_of_them_died(patients):
    told = describe_folds(pd.Series({"A": 0, "B": 0, "C": 1}), patients)
    assert told == (FoldFacts(fold=0, patients=2, events=1), FoldFacts(fold=1, patients=1, events=1))
    assert describe_folds(None, patients) == ()


@pytest.fixture
def plausible() -> pd.DataFrame:
    event = np.arange(40) % 2 == 0
    vital = np.where(event, "Dead", "Alive")
    cases = [f"P{i:02d}" for i in range(40)]
    return pd.DataFrame({"time_months": np.linspace(2, 90, 40), "event": event, "vital": vital}, index=cases)


def test_a_fold_without_deaths_is_doubted():
    folds = (FoldFacts(fold=0, patients=4, events=2), FoldFacts(fold=1, patients=4, events=0))
    assert doubt_folds(folds) == ("Nobody who is held out in fold 2 died: no risk can be judged there.",)
    assert doubt_folds(folds[:1]) == ()


@pytest.fixture
def report(plausible) -> ImportReport:
    folds = describe_folds(pd.Series(0, index=plausible.index), plausible)
    return ImportReport(
        name="mine", cases=40, events=20, event_rate=0.5, median_follow_up_months=None, median_survival_months=12.5,
        alive=((12.0, 0.5),), slides=0, cases_with_slides=0, dropped=("1 case: why (X)",), folds=1, genes=0,
        notes=("note",), doubts=(), left_out=(LeftOut(case_id="X", line=3, reason="why"),),
        columns=describe_columns(plausible), gene_kinds=(), gene_groups=(), fold_table=folds, endpoint="os",
        sources={"table": {"file": "t.csv", "sha256": "ab"}, "imported": "2026-01-01"},
    )


def test_a_report_survives_its_json(report, tmp_path):
    text = json.dumps(report_to_json(report))
    assert report_from_json(json.loads(text)) == report
    (tmp_path / "import_report.json").write_text(text)
    assert read_report(tmp_path) == report
    assert read_report(tmp_path / "none") is None


@pytest.mark.parametrize(("change", "said"), [
    ({"schema_version": 99}, "schema 99; this survdash reads up to 1"), ({"cases": "many"}, "malformed: cases"),
    ({"columns": [{"name": "a"}]}, "malformed: columns"), ({"schema_version": None}, "schema None"),
])  # fmt: skip
def test_a_malformed_or_newer_report_is_refused(report, tmp_path, change, said):
    (tmp_path / "import_report.json").write_text(json.dumps(report_to_json(report) | change))
    with pytest.raises(CohortError, match=said):
        read_report(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000])
def test_a_report_that_is_no_json_object_is_refused(tmp_path, content):
    (tmp_path / "import_report.json").write_text(content)
    with pytest.raises(CohortError):
        read_report(tmp_path)
