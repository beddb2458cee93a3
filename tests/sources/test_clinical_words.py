from __future__ import annotations

import pytest

from survdash.sources.clinical_words import (
    SEXES,
    key_of_header,
    meaning_of_status,
    says_cause_of_death,
    unit_in_header,
    why_identifier,
)
from survdash.sources.column_mapping import fold


@pytest.mark.parametrize(
    ("meaning", "words"),
    [
        ("dead", "Dead|DECEASED|1:DECEASED|died of disease|Dead of other causes|verstorben|Tod|Exitus|décédé|死亡"),
        ("alive", "Alive|LIVING|0:LIVING|lebt|Am Leben|vivant|en vie|存活|alive with disease|NED|censored"),
        ("ignore", "unknown|Unbekannt|k.A.|Not Reported|inconnu|不详"),
        (None, "0|1|yes|no|ja|oui|event|x|2|lost to follow-up|失访|relapsed|deadline"),
    ],
)
def test_words_of_a_status_in_four_languages_and_what_is_left_open(meaning, words):
    assert {word: meaning_of_status(word) for word in words.split("|")} == dict.fromkeys(words.split("|"), meaning)


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        ("case", "case_id|Patient|PATIENT_ID|Patient-ID|Fall-Nr.|Pat.-Nr.|bcr_patient_barcode|病案号|N° patient"),
        ("time", "OS_MONTHS|survival_months|os.time|FollowUp (months)|Überleben (Tage)|生存时间(月)|Survie (mois)"),
        ("status", "OS_STATUS|OS|vital_status|Status|event|censorship|verstorben|Lebensstatus|statut vital|生存状态"),
        ("diagnosis", "diagnosis_date|DiagnosisDate|Erstdiagnose|Diagnosedatum|Date du diagnostic|确诊日期"),
        ("last_contact", "last_contact|Last follow-up date|Letzter Kontakt|Date de dernières nouvelles|末次随访日期"),
        ("death", "date_of_death|Death date|Todesdatum|Sterbedatum|Date de décès|死亡日期"),
        ("birth", "Date of birth|DOB|Geburtsdatum|Date de naissance|出生日期"),
        ("age", "age|Age at diagnosis|AGE|Alter|Alter bei ED|Âge|年龄(岁)"),
        ("sex", "sex|Gender|Geschlecht|Sexe|性别"),
        ("stage", "stage|ajcc_pathologic_tumor_stage|AJCC Stage|UICC|UICC-Stadium|Stade|病理分期"),
        ("site", "site|Hospital|Klinik|Zentrum|医院"),
        (None, "Ki-67|grade|Name|histology|death|ER status|time to treatment|smoker|TP53"),
    ],
)  # fmt: skip
def test_headers_in_four_languages(key, headers):
    assert {header: key_of_header(header) for header in headers.split("|")} == dict.fromkeys(headers.split("|"), key)


def test_units_in_headers():
    told = {"OS_MONTHS": "months", "os.days": "days", "Überleben in Jahren": "years", "生存时间(天)": "days",
            "time": None, "Survie (mois)": "months"}  # fmt: skip
    assert {header: unit_in_header(header) for header in told} == told


@pytest.mark.parametrize(
    ("header", "texts"),
    [
        ("Name", []), ("PatientName", []), ("Vorname", []), ("姓名", []), ("MRN", []), ("Telefon", []), ("PLZ", []),
        ("Date of birth", []), ("Versicherten-Nr.", []), ("x", ["Müller, Hans", "Doe, Jane", "?"]),
        ("x", ["a@b.org", "c@d.de"]), ("x", ["+49 171 1234567"]), ("x", ["11010519491231002X"]), ("x", ["078-05-1120"]),
    ],
)  # fmt: skip
def test_what_may_name_a_person_is_found_by_header_and_by_cells(header, texts):
    assert why_identifier(header, texts)


@pytest.mark.parametrize(
    ("header", "texts"),
    [("grade", ["G1", "G2"]), ("stage", ["pT2, N0"]), ("Ki-67", ["10", "20"]),
     ("histology", ["serous, high grade"] * 2), ("tumour name", []), ("code", ["C34.1"]), ("date", ["2020-01-01"])],
)  # fmt: skip
def test_clinical_columns_are_no_identifiers(header, texts):
    assert why_identifier(header, texts) is None


def test_causes_of_death_and_sexes():
    assert says_cause_of_death("Todesursache")
    assert says_cause_of_death("cause_of_death")
    assert not says_cause_of_death("death")
    assert (SEXES["w"], SEXES[fold("Männlich")], SEXES["女"]) == ("female", "male", "female")
