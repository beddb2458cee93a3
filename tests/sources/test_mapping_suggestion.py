from __future__ import annotations

from pathlib import Path

import pytest

from survdash.errors import ClinicalError
from survdash.sources.column_mapping import ColumnMapping, parse_mapping
from survdash.sources.hospital_table import read_hospital_table
from survdash.sources.mapping_suggestion import suggest_mapping

GERMAN = """Fall-Nr;Name;Geburtsdatum;Erstdiagnose;Letzter Kontakt;Todesdatum;Status;Geschlecht;UICC;Grading;Befund
P1;Müller, Hans;13.02.1950;01.02.2015;03.04.2016;;lebt;m;II;G2;{long}
P2;Meier, Eva;01.12.1960;01.02.2015;03.04.2016;05.06.2017;verstorben;w;III;G3;{long}
P3;Schulz, Jo;01.12.1940;01.03.2015;03.04.2018;;unbekannt;w;k.A.;G1;{long}
""".replace("{long}", "Herr Müller stellte sich am 3. Mai in unserer Ambulanz vor, begleitet von seiner Frau.")


def suggest(tmp_path: Path, text: str, **options: object):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path, suggest_mapping(path, **options)


def asked(suggestion) -> dict[str, tuple[str, ...]]:
    return {question.key: question.choices for question in suggestion.questions}


def test_a_german_table_with_dates_needs_no_answer_and_keeps_no_name(tmp_path):
    path, made = suggest(tmp_path, GERMAN)
    assert made.questions == ()
    mapping = made.complete()
    assert mapping == ColumnMapping(
        case="Fall-Nr", diagnosis="Erstdiagnose", last_contact="Letzter Kontakt", death="Todesdatum", status="Status",
        status_words={"lebt": "alive", "verstorben": "dead", "unbekannt": "ignore"}, birth="Geburtsdatum",
        sex="Geschlecht", stage="UICC", keep=("Grading",), missing=("k.A.",), dates="dmy",
    )
    assert parse_mapping(made.to_yaml()) == mapping
    assert set(made.identifiers) == {"Name"}
    assert "free text" in made.left_out["Befund"]
    patients = read_hospital_table(path, mapping=mapping).patients
    assert patients["age"].round(1).tolist() == [65.0, 54.2]
    assert patients["stage"].tolist() == ["II", "III"]


def test_what_numbers_mean_and_what_a_time_counts_is_asked_with_counts(tmp_path):
    _, made = suggest(tmp_path, "ID;time;status;age\nA;400;1;60\nB;1400;0;50\nC;30;0;70\n")
    assert asked(made) == {
        "case": ("ID", "time", "age"), "unit": ("days", "months", "years"), "status_words": ("dead", "alive", "ignore"),
    }  # fmt: skip
    assert [(one.word, one.count, one.meaning) for one in made.status_words] == [("0", 2, None), ("1", 1, None)]
    unit = next(question for question in made.questions if question.key == "unit")
    assert "half of them above 400, the longest 1400" in unit.words
    text = made.to_yaml()
    assert "column 'status' has '0' in 2 lines, '1' in 1 lines" in text
    with pytest.raises(ClinicalError) as caught:
        parse_mapping(text)
    assert all(f"{key} is still open" in caught.value.message for key in ("case", "unit", "status_words"))
    mapping = made.complete(case="ID", unit="days", status_words={"1": "dead", "0": "alive"})
    assert (mapping.age, mapping.unit, mapping.status_words["0"]) == ("age", "days", "alive")
    with pytest.raises(ClinicalError, match="case is missing"):
        made.complete()


def test_words_that_are_plain_are_proposed_and_the_others_asked(tmp_path):
    _, made = suggest(tmp_path, "case_id,OS_MONTHS,OS_STATUS\nA,1.5,1:DECEASED\nB,2.5,0:LIVING\nC,3,lost\n")
    assert made.draft["status_words"] == {"1:DECEASED": "dead", "0:LIVING": "alive"}
    assert asked(made) == {"status_words": ("dead", "alive", "ignore")}
    mapping = made.complete(status_words={"lost": "alive"})
    assert mapping.status_words == {"1:deceased": "dead", "0:living": "alive", "lost": "alive"}
    assert mapping.unit == "months"


def test_a_header_that_speaks_of_censoring_says_what_its_1_usually_means(tmp_path):
    _, made = suggest(tmp_path, "case_id,survival_months,censorship\nA,1.5,1\nB,2.5,0\n")
    assert "there 1 usually means alive" in made.questions[0].words


def test_several_columns_that_may_be_the_time_are_offered(tmp_path):
    _, made = suggest(tmp_path, "case_id,OS_MONTHS,follow up,vital_status\nA,1.5,2,Dead\nB,2.5,3,Alive\n")
    assert asked(made)["time"] == ("OS_MONTHS", "follow up")


def test_of_several_columns_of_a_status_the_words_are_shown_with_counts(tmp_path):
    _, made = suggest(tmp_path, "case_id,OS_MONTHS,event,vital_status\nA,1.5,1,Dead\nB,2.5,0,Alive\nC,3,0,Alive\n")
    assert asked(made)["status"] == ("event", "vital_status")
    text = made.to_yaml()
    assert "column 'event' has '0' in 2 lines, '1' in 1 lines; column 'vital_status' has 'Alive' in 2 lines" in text
    assert "(choose: event, vital_status)" in text
    with pytest.raises(ClinicalError, match=r"status is still open .*status_words is still open"):
        parse_mapping(text)


def test_ambiguous_dates_and_decimals_are_asked(tmp_path):
    _, made = suggest(tmp_path, "case,diagnosis date,last contact,death date\nA,01/02/2015,03/04/2016,\n")
    assert asked(made)["dates"] == ("iso", "dmy", "mdy", "excel")
    _, made = suggest(tmp_path, 'case,os days,vital status\nA,"1,234",Dead\nB,"2,345",Alive\n')
    assert asked(made)["decimal"] == ("point", "comma")


def test_a_status_is_found_by_its_words_and_a_header_whose_cells_do_not_fit_is_passed_over(tmp_path):
    _, made = suggest(tmp_path, "case,time,result\nA,1.5,Dead\nB,2.5,Alive\n")
    assert made.draft["status"] == "result"
    _, made = suggest(tmp_path, "case,survival,vital status\nA,long,Dead\nB,short,Alive\n")
    assert "time" not in made.draft
    assert "time" in asked(made)


def test_ages_in_days_and_sexes_in_numbers_are_asked(tmp_path):
    _, made = suggest(tmp_path, "case,os days,vital status,age,sex\nA,15,Dead,26548,1\nB,25,Alive,20000,2\n")
    assert {"age_unit", "sex_words"} <= asked(made).keys()
    assert "'1' in 1 lines" in next(question.words for question in made.questions if question.key == "sex_words")


def test_control_signs_in_headers_cannot_break_out_of_a_comment(tmp_path):
    _, made = suggest(tmp_path, 'case,time,status,"x\ncase: evil"\nA,1.5,1,2\nB,2.5,0,3\n')
    assert sum(line.startswith("case:") for line in made.to_yaml().splitlines()) == 1
