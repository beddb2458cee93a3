"""Every line of a new case's list: from nothing, through what is refused, to all green."""

from __future__ import annotations

from dataclasses import replace

import pytest

from survdash import usecases
from survdash.errors import GeneError
from survdash.simulation.sample_case import sample_case
from survdash.ui.case_lines import fact_check, fit_check, gene_checks, slide_checks, slide_lines
from survdash.ui.upload import name_part, new_upload
from tests.page_drawing import app_of


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return sample_case(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def slide(sample):
    return usecases.check_slide(sample[0])


@pytest.fixture
def upload(data_dir, sample):
    begun = new_upload()
    (begun.folder / "genes.csv").write_bytes(sample[1].read_bytes())
    return name_part(begun, "genes", "genes.csv")


def states(lines):
    return [one.state for one in lines]


def test_before_any_file_every_line_stands_and_waits():
    lines = [*slide_checks(None, {}, wanted=True), *gene_checks(None, None, wanted=True), fact_check((), {}),
             fit_check((), ())]
    assert states(lines) == ["wait"] * 8
    assert len({one.what for one in lines}) == 8


def test_what_no_model_reads_or_stays_away_is_not_waited_for(upload):
    assert states(slide_checks(None, {}, wanted=False)) == states(slide_checks(upload, {}, wanted=True)) == ["none"] * 3
    assert states(gene_checks(None, None, wanted=False)) == ["none"] * 3


def test_a_good_slide_is_green_and_says_its_figures(slide):
    lines = slide_lines(slide, stated=False, doubt="")
    assert states(lines) == ["good"] * 3
    assert "from the file" in lines[1].finding
    assert f"{slide.tiles:,} tiles" in lines[2].finding


def test_a_slide_without_resolution_or_tissue_says_what_to_do(slide):
    lines = slide_lines(replace(slide, mpp=None), stated=False, doubt="this file does not say it")
    assert states(lines) == ["good", "todo", "wait"]
    assert lines[1].to_do
    lines = slide_lines(replace(slide, tiles=0, warnings=("No tissue was found.",)), stated=True, doubt="")
    assert states(lines) == ["good", "good", "todo"]
    assert lines[2].to_do == "No tissue was found."


def test_a_full_gene_table_is_green_and_a_gap_is_told_with_its_group(upload, sample):
    check = usecases.check_genes(sample[1], cohort="demo")
    assert states(gene_checks(upload, check, wanted=True)) == ["good"] * 3
    lines = sample[1].read_text().splitlines()
    upload.files["genes"].write_text("\n".join([lines[0], *lines[3:]]))
    lines = gene_checks(upload, usecases.check_genes(upload.files["genes"], cohort="demo"), wanted=True)
    assert states(lines) == ["good", "look", "good"]
    assert "340 of the model's 342 found; fewest in " in lines[1].finding


@pytest.mark.parametrize(
    ("reads", "given", "state"),
    [((), {"age": None}, "wait"), (("genes",), {"age": None}, "none"), (("genes",), {"age": 60.0}, "look"),
     (("genes", "clinical"), {"age": 60.0, "sex": None}, "look"),
     (("genes", "clinical"), {"age": 60.0, "sex": "male"}, "good"), (("clinical",), {"age": 0.0}, "good")],
)
def test_clinical_facts_count_where_the_model_reads_them(reads, given, state):
    assert fact_check(reads, given).state == state


@pytest.mark.parametrize(
    ("reads", "given", "state"),
    [((), ("genes",), "todo"), (("genes",), ("genes",), "good"), (("genes",), ("genes", "slide"), "look"),
     (("genes", "slide"), ("genes", "slide"), "good")],
)
def test_the_model_fits_where_it_reads_all_that_was_given(reads, given, state):
    assert fit_check(reads, given).state == state


def script(refusal):
    import streamlit as st

    from survdash.ui.case_lines import gene_checks, slide_checks

    st.session_state["new_case.refusal_genes"] = st.session_state["new_case.refusal_slide"] = (refusal, "")
    for one in (*gene_checks(None, None, wanted=True), *slide_checks(None, {}, wanted=True)):
        st.text(one.state)


@pytest.mark.parametrize(("change", "at"), [("gaps", 1), ("scale", 2), ("letter", 0)])
def test_a_refused_gene_table_names_the_check_that_failed(tmp_path, sample, change, at):
    rows = sample[1].read_text().splitlines()
    rows = {"gaps": [rows[0], *rows[1::4]], "letter": ["Dear colleague,"],
            "scale": [rows[0], *(f"{row.split(',')[0]},{abs(float(row.split(',')[1])) * 1000}" for row in rows[1:])]}
    path = tmp_path / "genes.csv"
    path.write_text("\n".join(rows[change]))
    with pytest.raises(GeneError) as refusal:
        usecases.check_genes(path, cohort="demo")
    page = app_of(script, args=(refusal.value.message,)).run()
    told = [one.value for one in page.text]
    assert told == [*(["good"] * at), "todo", *(["wait"] * (2 - at)), "todo", "wait", "wait"]
