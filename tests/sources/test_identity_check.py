"""What says who a patient is is pointed out, without quoting it; study numbers and clinical facts are not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from survdash import usecases
from survdash.sources.identity_check import identity_hints


def table(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns, index=["TCGA-2F-A9KO", "TCGA-2F-A9KP", "TCGA-2F-A9KQ"])


@pytest.mark.parametrize(
    ("column", "values"),
    [("patient_name", ["a", "b", "c"]), ("PatientName", ["a", "b", "c"]), ("dateOfBirth", ["1", "2", "3"]),
     ("DOB", ["1", "2", "3"]), ("MRN", ["1", "2", "3"]), ("姓名", ["张三", "李四", "王五"]),
     ("E-Mail", ["a", "b", "c"]),
     ("x", ["1950-03-02", "1961-12-24", "1944-01-31"]), ("x", ["02.03.1950", "24.12.1961", "31.01.1944"]),
     ("contact", ["a@b.org", "c@d.org", "e@f.org"]), ("who", ["Meier, Anna", "Schulz, Ben", "Müller, Eva"]),
     ("n", ["11010519491231002X", "110105194912310021", "110105194912310022"]),
     ("t", ["+49 170 1234567", "+49 171 1234567", "+1 202 555 0100"])],
)  # fmt: skip
def test_it_is_pointed_out_and_no_value_is_quoted(column: str, values: list[str]) -> None:
    (hint,) = identity_hints(table(age=[60.0, 61.0, 62.0], **{column: values}))
    assert repr(column) in hint
    assert not any(value in hint for value in values if len(value) > 1)


def test_case_ids_that_are_names_are_pointed_out() -> None:
    named = pd.DataFrame({"age": [60.0, 61.0]}, index=["Meier, Anna", "Schulz, Ben"])
    assert "case ids look like a name" in identity_hints(named)[0]


def test_clinical_facts_and_study_numbers_are_not() -> None:
    facts = table(
        time_months=[1.5, 2.0, 30.25], event=[True, False, True], age=[60.0, 61.0, 62.0], sex=["female"] * 3,
        stage=["Stage II"] * 3, site=["2F"] * 3, year_of_diagnosis=[2010, 2011, 2012], oncotree_code=["BLCA"] * 3,
        tissue_source_site_name=["Indivumed"] * 3, tumour_grade=["High"] * 3, nominal=[1, 2, 3],
    )  # fmt: skip
    assert identity_hints(facts) == []


def test_no_published_table_is_suspected(shared: Path) -> None:
    for name in ("blca", "luad"):
        path = shared / "tcga" / f"{name}_mutsig.csv.zip"
        told = usecases.preview_import(usecases.ImportRequest(table=path, name=name)).report
        assert not [doubt for doubt in told.doubts if "who the patients are" in doubt or "case ids look" in doubt]


def test_the_preview_says_it_before_anything_is_stored(tmp_path: Path) -> None:
    rows = [f"P{i:02d},{i + 1},{i % 2},{i / 7:.3f},Meier{i}" for i in range(30)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["case_id,survival_months,censorship,TP53_rnaseq,patient_name", *rows]))
    told = usecases.preview_import(usecases.ImportRequest(table=path, name="mine")).report
    assert any("'patient_name'" in doubt for doubt in told.doubts)
    assert not any("Meier" in doubt for doubt in told.doubts)
