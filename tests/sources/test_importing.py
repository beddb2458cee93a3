from __future__ import annotations

import time

import numpy as np
import pytest

from survdash.bag_file import BagFile, new_bag_file
from survdash.case import BagOrigin
from survdash.errors import ClinicalError, CohortError, NotEnoughDataError
from survdash.sources.cohort_folder import read_cohort
from survdash.sources.importing import check_name, import_cohort


def test_blca_is_imported_whole_and_quickly(tcga, blca, tmp_path):
    began = time.process_time()
    done = import_cohort(
        tcga / "blca_rnaseq_cnv.csv.zip",
        name="blca",
        folds=tcga / "splits" / "blca",
        clinical=tcga / "blca_stage.csv",
        target=tmp_path / "blca",
    )
    seconds = time.process_time() - began
    assert (done.cases, done.events, done.slides, done.folds, done.genes, done.dropped) == (373, 169, 437, 5, 3062, ())
    cohort = read_cohort(tmp_path / "blca")
    assert cohort.modalities == ("genes",)
    assert cohort.genes.equals(blca.genes)
    assert cohort.patients[["time_months", "event", "age", "sex"]].equals(
        blca.patients[["time_months", "event", "age", "sex"]]
    )
    assert int(cohort.patients["stage"].notna().sum()) == 347
    assert len(cohort.gene_groups) == 6
    assert len(cohort.folds) == 373
    assert cohort.source["table"]["file"] == "blca_rnaseq_cnv.csv.zip"
    assert seconds < 3, "processor time of this import; three seconds are the budget"


@pytest.mark.parametrize(
    ("table", "name", "cases", "both"),
    [
        ("luad_rnaseq_cnv", "luad", 453, 422),
        ("more/skcm_mutsig", "skcm", 230, 180),
        ("more/lusc_mutsig", "lusc", 450, 386),
    ],
)
def test_cohorts_with_slide_features_keep_all_cases(tcga, tmp_path, table, name, cases, both):
    done = import_cohort(
        tcga / f"{table}.csv.zip",
        name=name,
        folds=tcga / "splits" / name,
        features=tcga / "features" / f"{name}_hif.csv",
        clinical=tcga / f"{name}_stage.csv",
        target=tmp_path / name,
    )
    cohort = read_cohort(tmp_path / name)
    assert done.cases == len(cohort.patients) == cases
    assert cohort.modalities == ("genes", "slide")
    assert len(cohort.cases_with(("genes", "slide"))) == both
    assert done.slides == len(cohort.slides)
    assert f"{both} of {cases} cases have slide features." in done.notes
    assert cohort.bag_origin.dim == len(cohort.source["features"]["columns"]) == 607
    with BagFile(cohort.bag_path) as bags:
        features = bags.read(cohort.slides.index.to_list()).features
    assert features.shape == (done.slides, 607)
    if name != "lusc":
        assert np.isnan(features).any(), "a missing feature stays missing"


def test_without_folds_five_are_made_from_the_content_alone(write_table, patients, tmp_path):
    rows = patients(40)
    done = import_cohort(write_table(rows), name="made", target=tmp_path / "a")
    assert done.folds == 5
    assert any("5 were made, stratified by event" in note for note in done.notes)
    import_cohort(write_table(rows[::-1]), name="made", target=tmp_path / "b")
    first, second = read_cohort(tmp_path / "a"), read_cohort(tmp_path / "b")
    assert first.folds.equals(second.folds)
    assert first.digest == second.digest
    few = import_cohort(write_table(patients(6)), name="few", target=tmp_path / "few")
    assert few.folds == 0
    assert read_cohort(tmp_path / "few").folds is None


def test_bags_are_imported_by_folder(write_table, patients, tmp_path):
    with new_bag_file(tmp_path / "bags" / "x.h5", BagOrigin(encoder="net", weights="ab", dim=3)) as writer:
        for case in ("P001", "P002", "unknown"):
            writer.add_slide(case, [(np.ones((2, 3)), np.zeros((2, 2)))], {})
    done = import_cohort(write_table(patients(40)), name="made", features=tmp_path / "bags", target=tmp_path / "made")
    assert done.slides == 2
    assert "1 bags belong to no case of the cohort (unknown)." in done.notes
    cohort = read_cohort(tmp_path / "made")
    assert cohort.cases_with(("genes", "slide")).tolist() == ["P001", "P002"]
    assert cohort.bag_origin.encoder == "net"


def test_a_faulty_table_leaves_the_old_cohort_and_a_new_one_says_which_runs_went(write_table, patients, tmp_path):
    target = tmp_path / "made"
    import_cohort(write_table(patients(40)), name="made", target=target)
    (target / "runs" / "glg").mkdir(parents=True)
    before = read_cohort(target).digest
    bad = patients(40)
    bad[3]["age"] = 500
    with pytest.raises(ClinicalError, match="age in line 5"):
        import_cohort(write_table(bad), name="made", target=target)
    assert read_cohort(target).digest == before
    assert (target / "runs" / "glg").is_dir()
    done = import_cohort(write_table(patients(50)), name="made", target=target)
    assert done.notes[-1] == "An older cohort of this name is replaced, its stored runs with it: glg."
    assert not (target / "runs").exists()


def test_progress_goes_from_none_to_all(write_table, patients, tmp_path):
    seen = []
    import_cohort(write_table(patients(40)), name="made", target=tmp_path / "made", report=seen.append)
    assert [progress.done for progress in seen] == list(range(5))
    assert {progress.total for progress in seen} == {4}


def test_a_table_without_deaths_is_not_enough(write_table, patients, tmp_path):
    rows = [{**row, "censorship": 1} for row in patients(10)]
    with pytest.raises(NotEnoughDataError, match=r"no death among 10 patients.*other way round"):
        import_cohort(write_table(rows), name="made", target=tmp_path / "made")


def test_features_of_other_patients_are_refused(write_table, patients, tmp_path):
    features = write_table([{"case_id": "Z", "area_HE": 1}], "f.csv")
    with pytest.raises(CohortError, match="no slide is of a case of the cohort"):
        import_cohort(write_table(patients(10)), name="made", features=features, target=tmp_path / "made")


@pytest.mark.parametrize("name", ["", "BLCA", "../x", "a b", "-a", "a" * 41, "ä"])
def test_names_that_could_be_paths_or_addresses_of_others_are_refused(name):
    with pytest.raises(CohortError, match="cannot name a cohort"):
        check_name(name)


def test_a_plain_name_is_kept():
    assert check_name("tcga-blca_2") == "tcga-blca_2"


def test_the_names_of_shipped_cohorts_are_taken():
    with pytest.raises(CohortError, match=r"'demo' is taken by a cohort that came with survdash"):
        check_name("demo")


def test_a_dry_run_says_the_same_and_writes_nothing(write_table, patients, tmp_path):
    table, target = write_table(patients(40)), tmp_path / "cohorts" / "made"
    said = import_cohort(table, name="made", target=target, dry_run=True)
    assert not target.parent.exists()
    assert import_cohort(table, name="made", target=target) == said
    assert (said.cases, said.events, said.event_rate) == (40, 20, 0.5)
    # Every second patient is censored, from 2.5 to 40.5 months in steps of 2.
    assert said.median_follow_up_censored_months == 21.5


def test_days_for_months_and_a_flipped_status_are_doubted(write_table, patients, tmp_path):
    rows = patients(40)
    assert not any(note.endswith("?") for note in import_cohort(
        write_table(rows), name="a", target=tmp_path / "a", dry_run=True
    ).notes)  # fmt: skip
    days = [{**row, "survival_months": 30.4 * row["survival_months"]} for row in rows]
    said = import_cohort(write_table(days), name="a", target=tmp_path / "a", dry_run=True)
    assert said.notes[0].endswith("(103 years), half of the censored patients more than 654: are these days?")
    flipped = [{**row, "censorship": int(number == 0)} for number, row in enumerate(rows)]
    said = import_cohort(write_table(flipped), name="a", target=tmp_path / "a", dry_run=True)
    assert said.notes[0] == "98% of the patients died: is the status flipped?"
    all_died = [{**row, "censorship": 0} for row in rows]
    said = import_cohort(write_table(all_died), name="a", target=tmp_path / "a", dry_run=True)
    assert said.median_follow_up_censored_months is None


def test_slide_level_bags_of_a_cohort_can_be_imported_again(write_table, patients, tmp_path):
    rows = [{"case_id": f"P{i:03d}", "area_HE": 1e6 + i, "gap_HE": "" if i == 3 else i} for i in range(40)]
    features, table = write_table(rows, "f.csv"), write_table(patients(40))
    first = import_cohort(table, name="a", features=features, target=tmp_path / "a")
    again = import_cohort(table, name="b", features=tmp_path / "a" / "bags.h5", target=tmp_path / "b")
    assert again.slides == first.slides == 40
    with BagFile(tmp_path / "a" / "bags.h5") as old, BagFile(tmp_path / "b" / "bags.h5") as new:
        assert new.slide_ids == old.slide_ids
        one, other = (file.read(old.slide_ids).features for file in (old, new))
    np.testing.assert_array_equal(one, other)
    assert (one.dtype, other.dtype) == (np.float32, np.float32)
    assert np.isnan(other).sum() == 1
