"""A cohort fetched from servers on this machine and imported: what is planned, what comes, what a stop leaves."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from werkzeug import Response

from survdash.errors import Cancelled, DownloadError, InputError, NotEnoughDataError, UnknownNameError
from survdash.genes import functional_groups
from survdash.jobs import record
from survdash.jobs.queue import read_job
from survdash.progress import Progress, silent
from survdash.usecases import HANDLERS
from survdash.usecases.fetch_request import FetchRequest
from survdash.usecases.fetching import FETCHING, fetch_cohort, fetch_to_json, fetched, file_fetch, plan_fetch
from survdash.usecases.library import list_cohorts, open_cohort
from tests.sources.cbioportal_server import CBioPortal
from tests.sources.gdc_server import Gdc, star_counts

CASES = [f"TCGA-2F-{number:04d}" for number in range(12)]
SYMBOLS = [min(members) for members in functional_groups().values()]
REQUEST = FetchRequest(cohort="BLCA", jobs=2)


def days(number: int) -> int:
    return 100 + 30 * number


def tpm(number: int, place: int) -> float:
    return float(number + 10 * place)


@pytest.fixture
def blca(gdc: Gdc) -> Gdc:
    """Twelve cases; every second died; the last has no expression, the first two have a slide."""
    for number, case in enumerate(CASES):
        dead = number % 2 == 0
        gdc.add_case(
            case,
            demographic={"vital_status": "Dead" if dead else "Alive", "age_at_index": 50 + number,
                         "sex_at_birth": "female", **({"days_to_death": days(number)} if dead else {})},
            diagnoses=[{"ajcc_pathologic_stage": "Stage II",
                        **({} if dead else {"days_to_last_follow_up": days(number)})}],
        )  # fmt: skip
        if case != CASES[-1]:
            values = {symbol: tpm(number, place) for place, symbol in enumerate(SYMBOLS)}
            gdc.add_genes(f"{case}-01A", star_counts(values))
    for case in CASES[:2]:
        gdc.add_slide(f"{case}-01Z-00-DX1.AAAA.svs", b"slide of " + case.encode() + bytes(100_000))
    return gdc


def test_a_plan_says_what_comes_and_brings_nothing(blca: Gdc, data_dir: Path) -> None:
    plan = plan_fetch(FetchRequest(cohort="BLCA", what=("clinical", "genes", "slides")))
    assert (plan.cases, plan.events) == (tuple(CASES[:-1]), 6)
    assert {kind: size[0] for kind, size in plan.sizes.items()} == {"genes": 11, "slides": 2}
    assert plan.sizes["slides"][1:] == (2 * (9 + 12 + 100_000), 0)
    assert plan.release == "version 1"
    assert plan.free_bytes > 0
    assert not (data_dir / "downloads").exists()
    assert not [path for path, _ in blca.asked if path.startswith("/data")]
    assert json.dumps(plan.to_json())


def test_what_is_fetched_is_what_the_server_holds_cell_by_cell(blca: Gdc) -> None:
    made = fetch_cohort(REQUEST)
    assert made.preview is not None
    assert (made.preview.report.cases, made.preview.report.events) == (11, 6)
    assert "1 other cases of TCGA-BLCA with an outcome were not fetched." in made.preview.report.notes
    cohort = open_cohort("blca-gdc")
    assert list(cohort.patients.index) == CASES[:-1]
    assert cohort.genes is not None
    for number, case in enumerate(CASES[:-1]):
        assert cohort.patients.loc[case, "time_months"] == pytest.approx(days(number) / (365.25 / 12))
        assert cohort.patients.loc[case, "event"] == (number % 2 == 0)
        assert cohort.patients.loc[case, "age"] == 50 + number
        wanted = [np.log2(tpm(number, place) + 1) for place in range(len(SYMBOLS))]
        found = cohort.genes.loc[case, [f"{symbol}_rna" for symbol in SYMBOLS]]
        np.testing.assert_allclose(found, wanted, rtol=1e-6)  # kept as float32
    assert set(cohort.patients["stage"]) == {"Stage II"}
    assert set(cohort.patients["site"]) == {"2F"}
    assert cohort.source["table"]["times"] == "days, kept in months of 30.4375 days"
    assert cohort.source["table"]["release"] == "version 1"
    places = sorted(path.name for path in REQUEST.place.rglob("*") if path.is_file())
    assert len([name for name in places if name.endswith(".tsv")]) == 11
    assert not [name for name in places if "evil" in name or name.endswith(".part")]


def test_fetched_again_nothing_is_downloaded_twice(blca: Gdc) -> None:
    fetch_cohort(REQUEST)
    blca.asked.clear()
    assert plan_fetch(REQUEST).sizes["genes"][1] == plan_fetch(REQUEST).sizes["genes"][2]
    fetch_cohort(REQUEST)
    assert not [path for path, _ in blca.asked if path.startswith("/data")]


def test_a_few_cases_are_the_first_that_have_everything(blca: Gdc) -> None:
    everything = ("clinical", "genes", "slides")
    plan = plan_fetch(FetchRequest(cohort="BLCA", what=everything, cases=5))
    assert plan.cases == tuple(CASES[:2])
    plan = plan_fetch(FetchRequest(cohort="BLCA", case_ids=(CASES[7], CASES[3])))
    assert plan.cases == (CASES[3], CASES[7])
    with pytest.raises(UnknownNameError, match="TCGA-ZZ-9999"):
        plan_fetch(FetchRequest(cohort="BLCA", case_ids=("TCGA-ZZ-9999",)))
    with pytest.raises(NotEnoughDataError, match="No case of BLCA"):
        blca.files.clear()
        plan_fetch(REQUEST)


def test_slides_come_with_the_commands_that_take_them_in(blca: Gdc, tmp_path: Path) -> None:
    request = FetchRequest(cohort="BLCA", what=("clinical", "slides"), folder=tmp_path / "big disk")
    made = fetch_cohort(request)
    assert made.preview is None  # no genes, and no features yet
    slides = sorted((request.place / "slides").iterdir())
    assert [path.read_bytes()[:9] for path in slides] == [b"slide of "] * 2
    assert "embed" in made.next_steps[0]
    assert f"import-cohort {request.place} --name blca-gdc" in made.next_steps[1]


def test_too_small_a_disk_is_told_before_anything_comes(blca: Gdc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("survdash.sources.many_files.SPARE_BYTES", 10**18)
    with pytest.raises(InputError, match="GB are free"):
        fetch_cohort(REQUEST)
    assert not [path for path, _ in blca.asked if path.startswith("/data")]


def test_a_file_that_is_another_one_stops_the_import_and_is_not_kept(blca: Gdc) -> None:
    victim = blca.files[3]
    blca.data[victim["file_id"]] = blca.data[victim["file_id"]].replace(b"TCGA", b"XXXX").replace(b"10\t5", b"11\t5")
    with pytest.raises(DownloadError, match=r"has the MD5 .* it is another file or damaged"):
        fetch_cohort(REQUEST)
    arrived = {path.stem for path in (REQUEST.place / "genes").iterdir()}
    assert victim["file_id"] not in arrived
    assert len(arrived) == 10  # the others have come
    with pytest.raises(UnknownNameError):
        open_cohort("blca-gdc")


def test_a_file_that_has_gone_is_told_with_the_servers_status(blca: Gdc) -> None:
    del blca.data[blca.files[0]["file_id"]]
    with pytest.raises(DownloadError, match="the server answered 404"):
        fetch_cohort(REQUEST)


def test_a_job_fetches_and_a_stopped_one_is_taken_up(blca: Gdc) -> None:
    job = file_fetch(FetchRequest(cohort="BLCA", jobs=1, cases=6))
    assert (read_job(job).kind, read_job(job).state) == (FETCHING, "queued")
    stop = threading.Event()

    def stop_midway(progress: Progress) -> None:
        if progress.step == "Downloading" and progress.done > 2000:
            stop.set()

    with pytest.raises(Cancelled):
        HANDLERS[FETCHING](record.read_payload(job), stop_midway, stop)
    before = len([path for path, _ in blca.asked if path.startswith("/data")])
    assert 0 < before < 6
    done = HANDLERS[FETCHING](record.read_payload(job), silent, threading.Event())
    assert done["preview"]["report"]["cases"] == 6
    # a job fetches and shows; it stores nothing
    assert "blca-gdc" not in [one.name for one in list_cohorts() if one.patients_here]
    assert len([path for path, _ in blca.asked if path.startswith("/data")]) <= 7  # the one that was stopped, twice
    assert json.dumps(done, allow_nan=False)


def test_sources_that_disagree_are_told_and_neither_is_silent(blca: Gdc, cbioportal: CBioPortal) -> None:
    for number, case in enumerate(CASES):
        status = "1:DECEASED" if number % 2 == 0 else "0:LIVING"
        cbioportal.add_patient(case, status=status, months=days(number) / 30.417)
    cbioportal.change(CASES[1], "OS_STATUS", "1:DECEASED")
    cbioportal.change(CASES[2], "OS_MONTHS", "99.5")
    made = fetch_cohort(FetchRequest(cohort="BLCA", compare=True))
    told = " ".join(made.plan.notes)
    assert f"1 of them are dead in one and alive in the other: {CASES[1]} alive at 4.3 and dead at 4.3 months" in told
    assert f"1 of them have other times: {CASES[2]} dead at 5.3" in told
    assert made.preview is not None
    assert set(made.plan.notes) <= set(made.preview.report.notes)  # what was told is kept with the cohort's import


def test_cbioportal_is_fetched_and_imported_cell_by_cell(cbioportal: CBioPortal) -> None:
    for number, case in enumerate(CASES):
        cbioportal.add_patient(case, status="1:DECEASED" if number % 2 == 0 else "0:LIVING", months=2 + number)
    cbioportal.fill(SYMBOLS, rna=lambda case, gene: 10.0 * case + gene, cnv=lambda case, gene: (case + gene) % 5 - 2)
    cbioportal.mutate(CASES[4], SYMBOLS[0], "Missense_Mutation")
    cbioportal.mutate(CASES[5], SYMBOLS[0], "Silent")
    request = FetchRequest(cohort="BLCA", source="cbioportal", expression="rsem")
    plan = plan_fetch(request)
    assert set(plan.sizes) == {"rna", "cnv"}
    usual = plan_fetch(FetchRequest(cohort="BLCA", source="cbioportal"))  # what the shipped models of BLCA read
    assert set(usual.sizes) == {"zscores", "cnv"}
    assert "z-scores against diploid samples" in usual.notes[0]
    made = fetch_cohort(request)
    assert made.preview is not None
    assert (made.preview.report.cases, made.preview.report.events) == (12, 6)
    cohort = open_cohort("blca-cbioportal")
    assert cohort.genes is not None
    for number, case in enumerate(CASES):
        assert cohort.patients.loc[case, "time_months"] == pytest.approx((2 + number) * 30.417 / 30.4375)
        for place, symbol in enumerate(SYMBOLS):
            wanted = np.log2(10.0 * number + place + 1)
            assert cohort.genes.loc[case, f"{symbol}_rna"] == pytest.approx(wanted, rel=1e-6)
            assert cohort.genes.loc[case, f"{symbol}_cnv"] == (number + place) % 5 - 2
        wanted = np.nan if case == CASES[-1] else float(case == CASES[4])  # the last was not sequenced
        np.testing.assert_equal(float(cohort.genes.loc[case, f"{SYMBOLS[0]}_mut"]), wanted)
        # Asked for and found in nobody: not mutated, and not missing.
        none = np.nan if case == CASES[-1] else 0.0
        np.testing.assert_equal(float(cohort.genes.loc[case, f"{SYMBOLS[1]}_mut"]), none)
    assert "months of 30.417 days" in cohort.source["table"]["times"]


def test_expression_that_a_study_lacks_is_not_replaced_without_a_word(cbioportal: CBioPortal) -> None:
    cbioportal.studies = {"hnsc_tcga_pan_can_atlas_2018": list(CASES)}  # no shipped model is of it: RSEM is usual
    for number, case in enumerate(CASES):
        cbioportal.add_patient(case, status="1:DECEASED" if number % 2 == 0 else "0:LIVING", months=2 + number)
    cbioportal.fill(SYMBOLS, rna=lambda case, gene: case + gene, cnv=lambda case, gene: 0)
    cbioportal.lacks = ("rna_seq_v2_mrna",)
    plan = plan_fetch(FetchRequest(cohort="HNSC", source="cbioportal"))
    assert "zscores" in plan.sizes
    assert any("has no expression as RSEM; it comes as z-scores" in note for note in plan.notes)
    with pytest.raises(NotEnoughDataError, match="no expression as RSEM"):
        plan_fetch(FetchRequest(cohort="HNSC", source="cbioportal", expression="rsem"))


def test_a_stopped_fetch_from_cbioportal_asks_only_for_what_is_missing(
    cbioportal: CBioPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, case in enumerate(CASES):
        cbioportal.add_patient(case, status="1:DECEASED" if number % 2 == 0 else "0:LIVING", months=2 + number)
    cbioportal.fill(SYMBOLS, rna=lambda case, gene: case + gene, cnv=lambda case, gene: 0)
    monkeypatch.setattr("survdash.sources.cbioportal.MOST_VALUES", 12)  # one gene a request
    request = FetchRequest(cohort="BLCA", source="cbioportal", expression="rsem")
    plan_fetch(request)
    cbioportal.fail("/molecular-profiles/blca_tcga_pan_can_atlas_2018_gistic", *[Response(status=500)] * 4)
    with pytest.raises(DownloadError, match="answered 500"):
        fetch_cohort(request)
    assert not request.place.exists()  # nothing half
    asked = cbioportal.count("molecular-data/fetch")
    fetch_cohort(request)
    assert cbioportal.count("molecular-data/fetch") == asked
    assert request.place.is_dir()
    assert not [one for one in request.place.parent.glob(".*") if one.suffix != ".lock"]


def test_what_has_come_is_seen_before_it_is_stored_and_after_a_no_nothing_is(blca: Gdc) -> None:
    looked = fetch_cohort(REQUEST, store=False)
    assert looked.preview is not None
    assert not looked.stored
    told, curve = looked.preview.report, looked.preview.curve
    # Last contacts at 130, 190, 250, 310, ... days of 10, 8, 6 and 4 who are watched: .9 x 7/8 x 5/6 x 3/4 is below .5.
    assert (told.cases, told.events, told.median_follow_up_months) == (11, 6, pytest.approx(310 / 30.4375))
    assert (curve.size, int(curve.events.sum())) == (11, 6)
    assert "blca-gdc" not in [one.name for one in list_cohorts() if one.patients_here]
    with pytest.raises(Cancelled):
        fetch_cohort(REQUEST, agree=lambda preview: preview.report != told)
    assert "blca-gdc" not in [one.name for one in list_cohorts() if one.patients_here]
    blca.asked.clear()
    stored = fetch_cohort(REQUEST, agree=lambda preview: preview.report == told)
    assert not [path for path, _ in blca.asked if path.startswith("/data")]
    assert stored.stored
    assert fetch_to_json(stored)["cases"] == 11


def test_the_worker_hands_over_what_it_saw(blca: Gdc) -> None:
    job = file_fetch(REQUEST)
    with pytest.raises(UnknownNameError, match="brought no cohort"):
        fetched(job)
    done = HANDLERS[FETCHING](record.read_payload(job), silent, threading.Event())
    record.write_private(record.job_folder(job) / "result.json", done)
    with record.held(job):
        record.finish(record.read(job), "done")
    wanted, preview = fetched(job)
    here = fetch_cohort(REQUEST, store=False).preview
    assert here is not None
    assert (wanted.table, wanted.name, preview.report) == (REQUEST.place, "blca-gdc", here.report)
    for name in ("time", "survival", "low", "high", "at_risk", "events", "censored", "median"):
        np.testing.assert_array_equal(getattr(preview.curve, name), getattr(here.curve, name))


@pytest.mark.parametrize(("cohort", "asked"), [("COAD", "COADREAD"), ("READ", "COADREAD"), ("GBMLGG", "GBM LGG")])
def test_joined_cohorts_are_compared_with_all_studies_that_hold_their_patients(
    gdc: Gdc, cbioportal: CBioPortal, cohort: str, asked: str
) -> None:
    for number, case in enumerate(CASES):
        project = {"project_id": f"TCGA-{('GBM', 'LGG')[number % 2] if cohort == 'GBMLGG' else cohort}"}
        gdc.add_case(case, project=project, demographic={"vital_status": "Dead", "days_to_death": days(number)})
        cbioportal.add_patient(case, status="1:DECEASED", months=days(number) / 30.417)
    cbioportal.add_patient("TCGA-AA-0001", status="0:LIVING", months=5)  # of the other half of a joined study
    cbioportal.change(CASES[1], "OS_STATUS", "0:LIVING")
    cbioportal.studies = {
        f"{name.lower()}_tcga_pan_can_atlas_2018": [
            case for number, case in enumerate([*CASES, "TCGA-AA-0001"])
            if name == "COADREAD" or number % 2 == (name == "LGG")
        ] for name in asked.split()
    }  # fmt: skip
    plan = plan_fetch(FetchRequest(cohort=cohort, what=("clinical",), compare=True))
    told = " ".join(plan.notes)
    assert f"1 of them are dead in one and alive in the other: {CASES[1]} dead at " in told
    assert "both tell the outcome of 12 cases" in told
