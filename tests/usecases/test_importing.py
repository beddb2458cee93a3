"""Look first, then import: the same report both times, stored with the cohort; the worker does it too."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survdash import usecases
from survdash.errors import Cancelled, CohortError, InputError
from survdash.jobs import record
from survdash.progress import silent
from survdash.usecases.importing import (
    HANDLERS,
    cancer_of,
    find_outcome,
    report_of,
    request_from_json,
    request_to_json,
)

HEADER = "case_id,survival_months,censorship,vital_status,TP53_rnaseq"


def write(path: Path, patients: int = 40, *, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    rows = [f"P{i:02d},{2 + i},{i % 2},{50 + i},{rng.normal():.6f},BLCA" for i in range(patients)]
    path.write_text("\n".join(["case_id,survival_months,censorship,age,TP53_rnaseq,oncotree_code", *rows]))
    return path


@pytest.fixture
def request_of(tmp_path: Path) -> usecases.ImportRequest:
    return usecases.ImportRequest(table=write(tmp_path / "t.csv"), name="mine")


def test_the_preview_writes_nothing_and_is_the_report_that_is_stored(request_of, data_dir):
    seen = usecases.preview_import(request_of)
    assert not (data_dir / "cohorts").exists()
    assert seen.curve.size == 40
    told = usecases.run_import(request_of).report
    assert told == seen.report
    assert usecases.cohort_report("mine") == told
    assert usecases.import_cohort(request_of.table, name="mine").notes != told.notes  # it says what it replaces


def test_median_follow_up_is_the_reverse_kaplan_meier_median():
    # Censored at 10, 20, 30, 40 and a death at 25: the reverse curve is 0.8, 0.6, then 0.3 at 30. By hand.
    patients = pd.DataFrame({"time_months": [10.0, 20, 25, 30, 40], "event": [False, False, True, False, False]})
    outcome = find_outcome(patients)
    assert outcome.median_follow_up_months == 30
    assert outcome.median_survival_months is None
    assert outcome.alive == ((12.0, 1.0), (36.0, pytest.approx(2 / 3)))
    died = find_outcome(patients.assign(event=True))
    assert died.median_follow_up_months is None


def test_an_older_cohort_of_the_name_its_models_and_the_state_before_are_told(request_of, data_dir):
    usecases.run_import(request_of)
    (data_dir / "cohorts" / "mine" / "runs" / "glg").mkdir(parents=True)
    told = usecases.preview_import(request_of).report
    assert told.notes[-1] == (
        "A cohort of this name is here and is replaced, its 1 trained models with it (glg); "
        "'undo-import mine' brings it back."
    )
    # The same tables again replace nothing, as when a job whose worker was killed is done a second time.
    usecases.run_import(request_of)
    assert usecases.preview_import(request_of).report.notes[-1] == told.notes[-1]
    lines = request_of.table.read_text().splitlines()
    request_of.table.write_text("\n".join(lines[:-1]))
    usecases.run_import(request_of)
    assert usecases.preview_import(request_of).report.notes[-1].startswith("The state that the import before that")


def test_a_cohort_without_a_report_says_what_its_tables_say(request_of):
    told = usecases.run_import(request_of).report
    again = report_of(usecases.open_cohort("mine"))
    same = ("cases", "events", "median_follow_up_months", "alive", "genes", "columns", "gene_kinds", "fold_table")
    assert [getattr(again, name) for name in same] == [getattr(told, name) for name in same]
    assert "not known" in again.notes[0]
    demo = usecases.cohort_report("demo")
    assert (demo.cases, demo.name) == (200, "demo")


def test_days_for_months_a_flipped_status_and_features_that_know_the_outcome_are_doubted(tmp_path):
    def doubts(rows: list[str], features: Path | None = None) -> tuple[str, ...]:
        (tmp_path / "t.csv").write_text("\n".join([HEADER, *rows]))
        request = usecases.ImportRequest(table=tmp_path / "t.csv", name="mine", features=features)
        return usecases.preview_import(request).report.doubts

    people = [(f"P{i:02d}", 2 + i, i % 2, i / 7) for i in range(60)]
    words = ("Dead", "Alive")
    assert doubts([f"{who},{months},{alive},{words[alive]},{gene}" for who, months, alive, gene in people]) == ()
    (told,) = doubts([f"{who},{30 * months},{alive},{words[alive]},{gene}" for who, months, alive, gene in people])
    assert told.endswith("are these days?")
    (told,) = doubts([f"{who},{months},{alive},{words[1 - alive]},{gene}" for who, months, alive, gene in people])
    assert told.startswith("Column vital_status says the opposite of the outcome for 60 of 60 patients")
    assert told.endswith("is the status flipped?")
    leak = tmp_path / "f.csv"
    leak.write_text("case_id,area_HE,good_HE\n" + "\n".join(f"{who},{months * 1.5},{months % 7}"
                                                             for who, months, _, _ in people))  # fmt: skip
    (told,) = doubts([f"{who},{months},{alive},{words[alive]},{gene}" for who, months, alive, gene in people], leak)
    assert told.startswith("Column 'area_HE' orders the patients by their outcome")


def test_the_cancer_is_that_of_nine_in_ten_patients(request_of):
    told = usecases.preview_import(request_of).report
    assert cancer_of(told) == "BLCA"
    (column,) = [one for one in told.columns if one.name == "oncotree_code"]

    def with_codes(*values: tuple[str, int], missing: int = 0):
        return replace(told, columns=(replace(column, values=values, missing=missing),))

    assert cancer_of(with_codes(("UEC", 30), ("USC", 8), ("UCEC", 2))) == "UCEC"
    assert cancer_of(with_codes(("LUAD", 20), ("LUSC", 20))) is None
    assert cancer_of(with_codes(("BLCA", 15), missing=25)) is None
    assert cancer_of(replace(told, columns=())) is None


def test_the_worker_imports_what_the_page_files(request_of):
    job = usecases.file_import(request_of)
    done = HANDLERS[usecases.IMPORT](record.read_payload(job), silent, threading.Event())
    assert (done["name"], done["cases"]) == ("mine", 40)
    assert len(usecases.open_cohort("mine").patients) == 40
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        HANDLERS[usecases.IMPORT](record.read_payload(job), silent, cancel)


def test_a_request_goes_to_json_and_back_and_a_strange_one_is_refused(request_of, tmp_path):
    full = replace(request_of, folds=tmp_path / "f", features=tmp_path / "x.csv", by_site=True, mapping=tmp_path / "m")
    for one in (request_of, full):
        assert request_from_json(request_to_json(one)) == one
    with pytest.raises(InputError, match="Another version"):
        request_from_json(request_to_json(full) | {"colour": "red"})
    with pytest.raises(CohortError, match="cannot name"):
        usecases.file_import(replace(request_of, name="Not a name"))
    assert not record.job_ids()


HOSPITAL = "ID,Weeks,Status,Site\n" + "\n".join(f"P{i:02d},{400 + i},{'dead' if i % 2 else 'alive'},S{i % 9}"
                                              for i in range(40))  # fmt: skip
MAPPING = """case: ID
time: Weeks
unit: days
status: Status
status_words: {dead: [dead], alive: [alive]}
site: Site
"""


def test_a_hospital_s_table_is_imported_through_its_mapping(tmp_path):
    (tmp_path / "t.csv").write_text(HOSPITAL)
    (tmp_path / "m.yaml").write_text(MAPPING)
    (tmp_path / "f.csv").write_text("case_id,area_HE\n" + "\n".join(f"P{i:02d},{i}" for i in range(40)))
    told = usecases.import_cohort(tmp_path / "t.csv", name="clinic", mapping=tmp_path / "m.yaml",
                                  features=tmp_path / "f.csv", by_site=True)  # fmt: skip
    assert (told.cases, told.events, told.slides, told.genes) == (40, 20, 40, 0)
    cohort = usecases.open_cohort("clinic")
    assert cohort.patients.loc["P07", "time_months"] == pytest.approx(407 / (365.25 / 12))
    assert (cohort.folds.groupby(cohort.patients["site"]).nunique() == 1).all()


def test_a_hospital_s_genes_stand_beside_it_and_nowhere_twice(tmp_path, request_of):
    (tmp_path / "h.csv").write_text(HOSPITAL)
    (tmp_path / "m.yaml").write_text(MAPPING)
    genes = tmp_path / "g.csv"
    genes.write_text("case_id,TP53_rnaseq,MYC_rnaseq\n" + "\n".join(f"P{i:02d},{i},{-i}" for i in range(30)))
    told = usecases.import_cohort(tmp_path / "h.csv", name="clinic", mapping=tmp_path / "m.yaml", genes=genes)
    assert (told.cases, told.genes) == (40, 2)
    assert "Gene table: 30 of 40 patients found; 0 others left out." in told.notes
    cohort = usecases.open_cohort("clinic")
    assert cohort.genes.loc["P07"].tolist() == [-7, 7]
    assert len(cohort.cases_with(("genes",))) == 30
    with pytest.raises(CohortError, match="has genes already"):
        usecases.preview_import(replace(request_of, genes=genes))


def test_a_table_without_genes_and_slides_is_seen_but_not_stored_and_nobody_is_asked(tmp_path, data_dir):
    rows = [f"P{i:02d},{2 + i},{i % 2}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["case_id,survival_months,censorship", *rows]))
    request = usecases.ImportRequest(table=tmp_path / "t.csv", name="bare")
    assert any("cannot be stored yet" in doubt for doubt in usecases.preview_import(request).report.doubts)
    with pytest.raises(CohortError, match="neither genes nor slides"):
        usecases.run_import(request, agree=lambda preview: pytest.fail("asked in vain"))
    assert not (data_dir / "cohorts").exists()
