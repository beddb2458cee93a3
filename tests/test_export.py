"""What leaves the house as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from survdash.artefact import INTENDED_USE
from survdash.cohort import Cohort
from survdash.export import (
    DANGEROUS,
    export_comparison,
    export_predictions,
    latex_comparison,
    latex_text,
    safe_cell,
    without_names,
    write_csv,
)
from survdash.prediction import Prediction


def a_prediction(**changes: object) -> Prediction:
    months = np.arange(49.0)
    values: dict[str, object] = {
        "case_id": "A-1", "cohort": "c", "model": "c-glg", "model_version": "0" * 12, "modalities": ("genes",),
        "role": "new case", "fold": None, "simulated": True, "risk": -1.25, "percentile": 50.0, "group": "low",
        "cutpoint": -1.0, "months": months, "survival": np.exp(-months / 40), "low": np.exp(-months / 30),
        "high": np.exp(-months / 50), "warnings": (), "provenance": {"model": "c-glg"},
    }
    return Prediction(**values | changes)  # type: ignore[arg-type]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_tells_who_by_what_how_likely_and_for_what_use() -> None:
    (row,) = rows_of(export_predictions([a_prediction()]).csv)
    assert (row["case_id"], row["role"], row["group"], row["fold"]) == ("A-1", "new case", "low", "")
    assert float(row["survival_12_months"]) == round(np.exp(-12 / 40), 6)
    assert "research use only" in row["notice"].lower()


def test_a_horizon_beyond_the_data_is_empty_not_guessed() -> None:
    (row,) = rows_of(export_predictions([a_prediction()]).csv)
    assert row["survival_36_months"]
    assert row["survival_60_months"] == row["low_60_months"] == ""


def test_a_model_that_gives_one_answer_has_no_band_to_export() -> None:
    alive = np.exp(-np.arange(49.0) / 40)
    one = a_prediction(survival=alive, low=alive, high=alive)
    (row,) = rows_of(export_predictions([one]).csv)
    assert row["survival_12_months"]
    assert row["low_12_months"] == row["high_12_months"] == ""


def test_a_comparison_is_safe_and_says_what_it_is_of(cohort: Cohort) -> None:
    table = pd.DataFrame({
        "run": ["glg", "=cmd()"], "cases": [200, 180], "mean": [0.7, 0.65], "difference": [0.0, -0.05],
        "p_holm": [float("nan"), 0.2], "best": [False, False],
    })
    export = export_comparison(table, cohort, versions={"glg": "a" * 12, "=cmd()": "b" * 12})
    first, second = rows_of(export.csv)
    assert (second["run"], second["difference"], second["best"]) == ("'=cmd()", "-0.050000", "0")
    assert (first["cohort"], first["cases"], first["p_holm"], first["simulated"]) == ("made", "200", "", "1")
    assert first["notice"] == second["notice"] == INTENDED_USE
    provenance = json.loads(export.sidecar())
    assert provenance["model_versions"]["glg"] == "a" * 12
    assert provenance["cohort_digest"] == cohort.digest
    turned = export_comparison(table, cohort, versions={"=cmd()": "b" * 12, "glg": "a" * 12})
    assert export.sidecar() == turned.sidecar()


def a_table(**changes: object) -> pd.DataFrame:
    """Three runs as ``compare_models`` gives them; the last is on other folds."""
    nan = float("nan")
    return pd.DataFrame({
        "run": ["glg", "snn", "rsf"], "title": ["GLG & 100 %", "a_b {c} \\\\ $x^2$", "R#1 ~ <3"],
        "modalities": ["genes + slide", "genes", "genes"], "cases": [200] * 3, "common": [180] * 3, "folds": [5, 5, 3],
        "fold_source": ["given", "given", "made by site"], "seeds": [3, 1, 1], "mean": [0.7, 0.65, 0.6],
        "sd": [0.01, 0.02, 0.03], "low": [0.6] * 3, "high": [0.8] * 3, "difference": [0.0, -0.05, nan],
        "difference_low": [nan, -0.09, nan], "difference_high": [nan, -0.01, nan], "p_holm": [nan, 0.0004, nan],
        "best": [True, False, False], "published": [0.731, 0.606, nan],
        "published_note": ["published, other features"] * 2 + [""], "published_source": ["A 2025"] * 2 + [""],
    } | changes)  # fmt: skip


def latex_of(table: pd.DataFrame, cohort: Cohort) -> str:
    return latex_comparison(table, cohort, versions=dict.fromkeys(table["run"], "a" * 12))


def body_of(text: str) -> list[str]:
    lines = text.splitlines()
    return lines[lines.index("\\midrule") + 1:lines.index("\\bottomrule")]


def unescaped(text: str, letter: str) -> int:
    return len(re.findall(rf"(?<!\\){re.escape(letter)}", text))


def test_a_latex_table_has_as_many_cells_as_columns_and_its_braces_close(cohort: Cohort) -> None:
    for table in (a_table(), a_table(published=float("nan"))):
        text = latex_of(table, cohort)
        (columns,) = re.findall(r"\\begin\{tabular\}\{([lrc]+)\}", text)
        head = text.splitlines()[text.splitlines().index("\\toprule") + 1]
        for line in [head, *body_of(text)]:
            assert unescaped(line, "&") == len(columns) - 1
            assert line.endswith(r" \\")
        code = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        assert unescaped(code, "{") == unescaped(code, "}")
        assert unescaped(code, "%") == 0  # a percent sign would swallow the rest of its line
        assert unescaped(code, "$") % 2 == 0
        assert re.findall(r"\\(begin|end)\{(\w+)\}", code) == [
            ("begin", "table"), ("begin", "tabular"), ("end", "tabular"), ("end", "table")]  # fmt: skip
        assert ("Published" in head) == table["published"].notna().any()


def test_the_rows_of_a_latex_table_say_what_the_table_says(cohort: Cohort) -> None:
    text = latex_of(a_table(), cohort)
    first, second, third = body_of(text)
    assert first.startswith(r"GLG \& 100 \% & genes + slide & 5, given & 3 & \textbf{\boldmath $0.700 \pm 0.010$} & ")
    assert first.endswith(r"& -- & -- & 0.731 \\")
    assert r"a\_b \{c\} \textbackslash{}\textbackslash{} \$x\textasciicircum{}2\$" in second
    assert r"$-0.050$ ($-0.090$ to $-0.010$) & $<$0.001 & 0.606 \\" in second
    assert "bf" not in second
    assert third.endswith(r"3, made by site & 1 & $0.600 \pm 0.030$ & 0.600--0.800 & -- & -- & -- \\")
    assert "180 patients of Made" in text
    assert "Last column: published, other features, from A 2025; not ranked" in text
    assert INTENDED_USE in text
    assert "Simulated patients" in text


def test_no_name_breaks_out_of_the_comments_of_a_latex_table(cohort: Cohort) -> None:
    text = latex_of(a_table(), replace(cohort, digest="d\n\\\\input{evil}"))
    assert all(line.startswith("%") for line in text.splitlines()[:6])
    assert "\n\\\\input" not in text


@given(st.text())
def test_latex_text_has_no_letter_that_latex_would_obey(text: str) -> None:
    printed = latex_text(text)
    assert "\n" not in printed
    known = r"\\text(backslash|asciitilde|asciicircum|less|greater)\{\}|\\ldots\{\}|\$\\(pm|times|mu)\$"
    plain = re.sub(known, "", printed)
    assert not set(re.sub(r"\\[&%$#_{}]", "", plain)) & set("\\&%$#_{}~^")


def test_a_formula_in_a_name_is_text_in_a_spreadsheet() -> None:
    (row,) = rows_of(export_predictions([a_prediction(case_id='=HYPERLINK("http://x")')]).csv)
    assert row["case_id"].startswith("'=")


def test_equal_predictions_give_equal_bytes_and_the_sidecar_names_them() -> None:
    one, two = export_predictions([a_prediction()]), export_predictions([a_prediction()])
    assert (one.csv, one.sidecar()) == (two.csv, two.sidecar())
    assert "csv_sha256" in one.sidecar()


@given(st.text())
def test_no_text_cell_starts_like_a_formula_and_a_reader_gets_it_back(text: str) -> None:
    cell = safe_cell(text)
    assert not cell.startswith(DANGEROUS)
    text_file = io.StringIO(write_csv(["a", "b"], [[text, 1]]), newline="")
    assert list(csv.reader(text_file))[1] == [cell, "1"]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_numbers_stay_numbers(value: float) -> None:
    assert abs(float(safe_cell(value)) - value) <= 5e-7  # six decimals are kept


def test_names_of_people_leave_the_house_as_pseudonyms_and_study_numbers_as_they_are() -> None:
    studied = [a_prediction(case_id=name) for name in ("TCGA-2F-A9KO", "P07", "SIM-0001")]
    assert without_names(studied) == studied
    named = [a_prediction(case_id=name) for name in ("Miller, Anna", "Müller, Bernd", "P7")]
    made = without_names(named)
    assert [case.case_id for case in made] == [case.case_id for case in without_names(named)]
    assert len({case.case_id for case in made}) == 3
    text = export_predictions(made).csv
    assert not any(word in text for word in ("Miller", "Anna", "Bernd"))
    assert text.count("case-") == 3
