from __future__ import annotations

import contextlib
import csv
import datetime
import io
import random
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl import Workbook

from survdash.cohort import PATIENT_COLUMNS
from survdash.errors import ClinicalError, SurvdashError
from survdash.sources.column_mapping import ColumnMapping
from survdash.sources.hospital_table import HospitalTable, read_hospital_table
from survdash.sources.mapping_suggestion import suggest_mapping
from survdash.sources.outcome_check import doubt_outcome
from survdash.sources.research_csv import read_research_csv

WORDS = {"verstorben": "dead", "lebt": "alive"}
SIMPLE = ColumnMapping(case="id", time="t", unit="months", status="s", status_words={"1": "dead", "0": "alive"})
DAYS = 365.25 / 12


def write(path: Path, rows: list[list[object]], *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    path.write_bytes(buffer.getvalue().encode(encoding))
    return path


def read_text(tmp_path: Path, text: str, mapping: ColumnMapping = SIMPLE) -> HospitalTable:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    return read_hospital_table(path, mapping=mapping)


def german(value: float) -> str:
    return repr(value).replace(".", ",")


COHORTS = ("blca_mutsig", "luad_rnaseq_cnv", "more/kirp_mutsig")  # of luad ages are missing


@pytest.mark.parametrize("name", COHORTS)
def test_a_real_cohort_written_the_german_way_comes_back_cell_by_cell(tcga, tmp_path, name):
    columns = ["case_id", "survival_months", "censorship", "age", "is_female", "site", "oncotree_code"]
    table = pd.read_csv(tcga / f"{name}.csv.zip", compression="zip", usecols=columns, dtype=str)
    rows = table.fillna("").drop_duplicates("case_id").to_dict("records")
    random.Random(5).shuffle(rows)
    written = [["Fall-Nr.", "Überleben (Monate)", "Status", "Alter", "Geschlecht", "Klinik", "Größe"]]
    for row in rows:
        age = german(float(row["age"])) if row.get("age") else "k.A."
        written.append([
            row["case_id"], german(float(row["survival_months"])),
            "lebt" if float(row["censorship"]) else "verstorben", age, {"1": "w", "0": "m"}[row["is_female"][:1]],
            row["site"], row["oncotree_code"],
        ])  # fmt: skip
    path = write(tmp_path / "haus.csv", written, delimiter=";", encoding="cp1252")
    suggestion = suggest_mapping(path)
    assert suggestion.questions == ()
    read = read_hospital_table(path, mapping=suggestion.complete())
    assert len(read.patients) == len(rows)
    assert read.dropped == ()
    for row in rows:
        patient = read.patients.loc[row["case_id"]]
        assert patient["time_months"] == float(row["survival_months"])
        assert patient["event"] == (float(row["censorship"]) == 0)
        assert patient["age"] == float(row["age"]) if row.get("age") else np.isnan(patient["age"])
        assert patient["sex"] == ("female" if row["is_female"][:1] == "1" else "male")
        assert (patient["site"], patient["Größe"]) == (row["site"], row["oncotree_code"])
    research = read_research_csv(tcga / f"{name}.csv.zip").patients
    same = [column for column in PATIENT_COLUMNS if column != "stage"]
    pd.testing.assert_frame_equal(read.patients[same], research[same])


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%m/%d/%Y", "excel"])
def test_dates_made_from_the_months_of_a_real_cohort_give_the_months_back_to_the_day(blca, tmp_path, form):
    rng = random.Random(11)
    rows: list[list[object]] = [["Patient", "Diagnosis date", "Last contact", "Death date", "Vital", "Birth date"]]
    days = {}
    for case, patient in blca.patients.sample(frac=1, random_state=3).iterrows():
        begin = datetime.date(2009, 1, 1) + datetime.timedelta(days=rng.randrange(1500))
        days[case] = max(round(patient["time_months"] * DAYS), 1)
        end = begin + datetime.timedelta(days=days[case])
        birth = begin - datetime.timedelta(days=round(patient["age"] * 365.25))
        cells = [begin, begin if patient["event"] else end, end if patient["event"] else None, birth]
        texts = [None if cell is None else cell if form == "excel" else cell.strftime(form) for cell in cells]
        rows.append([case, texts[0], texts[1], texts[2], "Dead" if patient["event"] else "Alive", texts[3]])
    if form == "excel":
        path, book = tmp_path / "t.xlsx", Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    else:
        path = write(tmp_path / "t.csv", rows)
    read = read_hospital_table(path, mapping=suggest_mapping(path).complete())
    assert read.patients.index.equals(blca.patients.index)
    assert read.patients["event"].equals(blca.patients["event"])
    # Exactly the days that were written; against the months of the file half a day is lost.
    assert np.round(read.patients["time_months"] * DAYS).astype(int).to_dict() == days
    np.testing.assert_allclose(read.patients["age"], blca.patients["age"], atol=0.51 / 365.25)
    assert "birth" not in "".join(map(str, read.patients.columns)).lower()


patients = st.lists(
    st.tuples(st.integers(1, 14_000), st.booleans(), st.one_of(st.none(), st.integers(18, 99)),
              st.sampled_from([None, "female", "male"]), st.sampled_from([None, "Stage II", "pT2, N0; R0", "=x"])),
    min_size=1, max_size=12,
)  # fmt: skip
LOCALES = st.fixed_dictionaries({
    "delimiter": st.sampled_from(["comma", "semicolon", "tab", "bar"]), "decimal": st.sampled_from(["comma", "point"]),
    "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "gb18030"]),
    "dates": st.sampled_from(["iso", "dmy", "mdy", "excel"]), "by_dates": st.booleans(),
    "missing": st.sampled_from(["", "NA", "unbekannt"]), "unit": st.sampled_from(["days", "months", "years"]),
})  # fmt: skip
SIGNS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
DATES = {"iso": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}


def written_day(day: datetime.date, order: str) -> str:
    return str((day - datetime.date(1899, 12, 30)).days) if order == "excel" else day.strftime(DATES[order])


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cohort=patients, locale=LOCALES, seed=st.integers(0, 99))
def test_any_cohort_written_in_any_locale_is_read_equal(tmp_path_factory, cohort, locale, seed):
    per_unit = {"days": 1.0, "months": DAYS, "years": 365.25}[locale["unit"]]
    rows, begin = [], datetime.date(1985, 7, 9)
    for number, (days, event, age, sex, stage) in enumerate(cohort):
        time = repr(days / per_unit).replace(".", "," if locale["decimal"] == "comma" else ".")
        end = written_day(begin + datetime.timedelta(days=days), locale["dates"])
        facts = [f"Größe-{number}", age, sex, stage]
        told = [written_day(begin, locale["dates"]), end, end if event else None] if locale["by_dates"] else [time]
        cells = [*facts, "verstorben" if event else "lebt", *told]
        rows.append([locale["missing"] if cell is None else cell for cell in cells])
    random.Random(seed).shuffle(rows)
    head = ["id", "age", "sex", "stage", "status"]
    head += ["ED", "LK", "Tod"] if locale["by_dates"] else ["time"]
    path = tmp_path_factory.mktemp("any") / "t.csv"
    write(path, [head, *rows], delimiter=SIGNS[locale["delimiter"]], encoding=locale["encoding"])
    outcome = ({"diagnosis": "ED", "last_contact": "LK", "death": "Tod", "dates": locale["dates"]} if locale["by_dates"]
               else {"time": "time", "unit": locale["unit"]})  # fmt: skip
    mapping = ColumnMapping(
        case="id", age="age", sex="sex", stage="stage", status="status", status_words=WORDS, missing=("unbekannt",),
        decimal=locale["decimal"], delimiter=locale["delimiter"],
        encoding=None if locale["encoding"] == "utf-8-sig" else locale["encoding"], **outcome,
    )  # fmt: skip
    made = read_hospital_table(path, mapping=mapping, today=datetime.date(2100, 1, 1)).patients
    assert len(made) == len(cohort)
    for number, (days, event, age, sex, stage) in enumerate(cohort):
        patient = made.loc[f"Größe-{number}"]
        np.testing.assert_allclose(patient["time_months"], days / DAYS, rtol=1e-14)  # a quotient, back and forth
        assert patient["event"] == event
        assert (None if np.isnan(patient["age"]) else patient["age"]) == age
        assert (None if pd.isna(patient["sex"]) else patient["sex"]) == sex
        assert (None if pd.isna(patient["stage"]) else patient["stage"]) == stage


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,t,s\nA,12,1\nB,5,0\nA,15,0\n", "case A has 2 outcomes in 't', 's' (line 2: 12, dead; line 4: 15, alive)"),
        ('id,t,s\nA,"1,234",1\n', "'1,234' in column 't', line 2, may be one thousand"),
        ("id,t,s\nA,12 months,1\n", "column 't', line 2: '12 months' is no number"),
        ('id,t,s\nA,"=5+7",1\n', "column 't', line 2: '=5+7' is no number"),
        ('id,t,s\n"=cmd|x",5,1\n', "column 'id', line 2: '=cmd|x' cannot name a patient"),
        ("id,t,s\nA,5,2\n", "column 's': the mapping does not say what '2' means (1 lines, the first is 2)"),
        ("id,t,s\nA,5,1\n,6,0\n", "column 'id', line 3: '' names no patient"),
        ("id,t\nA,5\n", "there is no column 's'"),
        ("id,t,s\nA,-5,1\nB,,0\n", "no patient has an outcome: 1 case: follow-up below zero (A in line 2)"),
    ],
)  # fmt: skip
def test_planted_errors_are_refused_with_row_and_column(tmp_path, text, said):
    with pytest.raises(ClinicalError, match=r"^t\.csv") as caught:
        read_text(tmp_path, text)
    assert said in caught.value.message
    assert caught.value.hint


def test_times_that_cannot_be_used_leave_the_patient_out_with_case_and_line(tmp_path):
    read = read_text(tmp_path, "id,t,s\nA,12,1\nB,-1,0\nC,0,1\nD,,1\nE,5,\n\nF,-3,1\n")
    assert list(read.patients.index) == ["A"]
    assert read.dropped == (
        "2 cases: follow-up below zero (B in line 3, F in line 8)", "1 case: follow-up of zero (C in line 4)",
        "1 case: no follow-up time (D in line 5)", "1 case: no status (E in line 6)",
    )  # fmt: skip
    assert read.left_out[0] == ("B", 3, "follow-up below zero")
    assert read.lines == 6


def test_a_flipped_status_contradicts_the_clinical_words_of_another_column(tmp_path):
    lines = [f"P{n},{10 + n},{n % 2},{'Alive' if n % 2 else 'Dead'}" for n in range(20)]
    read = read_text(tmp_path, "\n".join(["id,t,s,vital", *lines]))
    doubts = doubt_outcome(read.patients, said_dead=read.said_dead)
    assert doubts[0].startswith("Column vital says the opposite of the outcome for 20 of 20 patients (P0, P1, ")
    assert doubts[0].endswith("by its words 10 of them died: is the status flipped?")


def test_months_that_are_days_are_doubted(tmp_path):
    read = read_text(tmp_path, "\n".join(["id,t,s", *(f"P{n},{200 + 30 * n},{n % 3 // 2}" for n in range(41))]))
    (doubt,) = doubt_outcome(read.patients)
    assert doubt.startswith("Follow-up reaches 1400 months (117 years)")
    assert doubt.endswith("are these days?")


def test_lines_that_agree_become_one_patient_and_gaps_are_filled_but_never_of_an_outcome(tmp_path):
    mapping = ColumnMapping(**{**{key: getattr(SIMPLE, key) for key in ("case", "time", "unit", "status")},
                               "status_words": {"1": "dead", "0": "alive"}, "stage": "stage"})  # fmt: skip
    read = read_text(tmp_path, "id,t,s,stage\nA,12,1,\nB,7,0,I\nA,12,1,II\nA,,,II\n", mapping)
    assert read.patients.loc["A", ["time_months", "event", "stage"]].tolist() == [12.0, True, "II"]
    told = "1 patients stand on several lines that agree; they became one row each: A in lines 2, 4, 5"
    assert read.repeated == (told,)
    assert "1 facts missing in one line of a patient were taken from another line." in read.notes
    with pytest.raises(ClinicalError, match=r"case A has 2 outcomes .*line 2: 12, nothing; line 3: nothing, dead"):
        read_text(tmp_path, "id,t,s,stage\nA,12,,I\nA,,1,I\n", mapping)
    with pytest.raises(ClinicalError, match=r"case A has 2 values of column 'stage' \(I in line 2, II in line 3\)"):
        read_text(tmp_path, "id,t,s,stage\nA,12,1,I\nA,12,1,II\n", mapping)


def test_kept_columns_are_numbers_or_text_as_written_and_all_others_are_named(tmp_path):
    mapping = ColumnMapping(case="id", time="t", unit="months", status="s", status_words={"1": "dead", "0": "alive"},
                            keep=("score", "code", "note", "mixed"), decimal="comma")  # fmt: skip
    text = 'id;t;s;score;code;note;mixed;Name\nA;12;1;"1,5";007;"=1+1";3;x\nB;13,5;0;;010;;high;y\n'
    read = read_text(tmp_path, text, mapping)
    assert read.patients["score"].tolist()[0] == 1.5
    assert read.patients["code"].tolist() == ["007", "010"]
    assert read.patients["note"].tolist()[0] == "=1+1"
    assert read.patients["mixed"].tolist() == ["3", "high"]
    assert read.ignored == ("Name",)
    assert any("note in line 2: '=1+1'" in note for note in read.notes)
    assert tuple(read.patients.columns[: len(PATIENT_COLUMNS)]) == PATIENT_COLUMNS


@pytest.mark.parametrize(("unit", "age"), [(None, "61.5"), ("months", "738"), ("days", "22462.875")])
def test_ages_of_every_unit_are_years_and_impossible_ones_are_faults(tmp_path, unit, age):
    mapping = ColumnMapping(case="id", time="t", unit="months", status="s", status_words={"1": "dead"}, age="age",
                            age_unit=unit, decimal="point")  # fmt: skip
    assert read_text(tmp_path, f"id,t,s,age\nA,5,1,{age}\n", mapping).patients.loc["A", "age"] == 61.5
    with pytest.raises(ClinicalError, match=r"column 'age': case A would be .* years old"):
        read_text(tmp_path, "id,t,s,age\nA,5,1,99999\n", mapping)


def test_a_non_utf_8_file_that_is_not_western_is_asked_about_and_read_once_it_is_named(tmp_path):
    rows: list[list[object]] = [["病案号", "时间", "状态"], ["A", "5", "死亡"], ["B", "7", "存活"]]
    path = write(tmp_path / "t.csv", rows, encoding="gb18030")
    facts = {"case": "病案号", "time": "时间", "unit": "months", "status": "状态",
             "status_words": {"死亡": "dead", "存活": "alive"}}  # fmt: skip
    with pytest.raises(ClinicalError, match=r"not UTF-8: line 1 .*State encoding in the mapping"):
        read_hospital_table(path, mapping=ColumnMapping(**facts))
    read = read_hospital_table(path, mapping=ColumnMapping(**facts, encoding="gb18030"))
    assert read.patients["event"].tolist() == [True, False]


@pytest.mark.usefixtures("small_limit")
def test_a_table_above_the_limit_and_a_bomb_are_refused(tmp_path):
    big = tmp_path / "big.csv"
    with big.open("wb") as file:
        file.write(b"id,t,s\nA,5,1\n")
        file.truncate(2_000_000_000)
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", "id,t,s\n" + "A,5,1\n" * 1_000_000)
    assert bomb.stat().st_size < 50_000
    for path in (big, bomb):
        with pytest.raises(ClinicalError, match=rf"{path.name} (has 2,000 MB and )?is larger than 0\.1 MB"):
            read_hospital_table(path, mapping=SIMPLE)


def test_the_source_tells_how_the_table_was_read_in_plain_values(tmp_path):
    import json

    read = read_text(tmp_path, "id,t,s\nA,12,1\n")
    source = json.loads(json.dumps(read.source))
    assert (source["file"], source["read as"], source["times"]) == ("t.csv", "UTF-8, comma", "months")
    assert source["mapping"]["case"] == "id"


GERMAN = """Fall-Nr;Name;Geburtsdatum;Erstdiagnose;Letzter Kontakt;Todesdatum;Status;Geschlecht;UICC;Alter
P1;Müller, Hans;13.02.1950;01.02.2015;03.04.2016;;lebt;m;II;61,5
P2;Meier, Eva;01.12.1960;01.02.2015;03.04.2016;05.06.2017;verstorben;50;III;1.234,5
"""
ODD = st.sampled_from(
    [b";", b"\n", b'"', b"\0", b"=", b"31.02.2015", b"1e999", b"9" * 400, b"\xff", b"inf", b"9999-12-31"]
)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(encoding=st.sampled_from(["utf-8", "cp1252", "utf-16"]), begin=st.integers(0, 300), length=st.integers(0, 30),
       put=ODD | st.binary(max_size=8))  # fmt: skip
def test_no_damage_to_a_table_brings_out_another_error_than_ours(tmp_path_factory, encoding, begin, length, put):
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    whole = GERMAN.encode(encoding)
    path.write_bytes(whole[:begin] + put + whole[begin + length :])
    with contextlib.suppress(SurvdashError):
        suggestion = suggest_mapping(path)
        mapping = suggestion.complete(**({"dates": "dmy"} if suggestion.questions else {}))
        read_hospital_table(path, mapping=mapping)
