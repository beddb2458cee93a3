from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.errors import BagError
from survdash.sources.slide_mapping import bare_name, case_of, match_slides, read_slide_map

CASES = pd.Index(["A", "B", "TCGA-AD-6964"])


def test_a_slide_goes_to_the_case_of_its_barcode_or_its_name():
    slides = ["TCGA-AD-6964-01Z-00-DX1.AB", "A", "B.2", "C", "TCGA-ZZ-0000-01Z"]
    matched = match_slides(slides, CASES)
    assert matched.owners == {slides[0]: "TCGA-AD-6964", "A": "A", "B.2": "B"}
    assert matched.notes == ("2 bags belong to no case of the cohort (C, TCGA-ZZ-0000-01Z).",)
    assert case_of("TCGA-AD-69641", CASES) is None, "a longer word is another patient"


def test_a_table_alone_decides_and_what_did_not_match_is_counted(write_table):
    told = read_slide_map(write_table([
        {"slide_id": "S1.svs", "case_id": "A"}, {"slide_id": "folder/S2.h5", "case_id": "B"},
        {"slide_id": "S3", "case_id": "Z"}, {"slide_id": "S9", "case_id": "A"}, {"slide_id": "S1.svs", "case_id": "A"},
    ], "map.csv"))  # fmt: skip
    matched = match_slides(["S1", "S2", "S3", "A"], CASES, told=told)
    assert matched.owners == {"S1": "A", "S2": "B"}
    assert matched.notes == (
        "1 bags are not in map.csv and were left out (A).",
        "1 bags belong to no case of the cohort (S3).",
        "1 slides of map.csv have no bag (S9).",
    )


def test_stamps_table_is_understood(write_table):
    told = read_slide_map(write_table([{"PATIENT": "A", "FILENAME": "S1.h5"}], "slides.csv"))
    assert told.cases == {"S1": "A"}


def test_all_faults_of_a_table_are_named_with_their_lines(write_table):
    path = write_table([
        {"slide_id": "S1.svs", "case_id": "A"}, {"slide_id": "S1", "case_id": "B"}, {"slide_id": "", "case_id": "B"},
        {"slide_id": "S2", "case_id": ""}, {"slide_id": "TCGA-AA-0001-01Z", "case_id": "TCGA-BB-0002"},
    ], "map.csv")  # fmt: skip
    with pytest.raises(BagError) as caught:
        read_slide_map(path)
    for said in (
        "slide S1 belongs to A in line 2 and to B in line 3",
        "line 4 has no slide_id",
        "line 5 has no case_id",
        "slide TCGA-AA-0001-01Z is given to case TCGA-BB-0002 in line 6, but its barcode says TCGA-AA-0001",
    ):
        assert said in caught.value.message
    with pytest.raises(BagError, match="does not say which slide is whose"):
        read_slide_map(write_table([{"slide": "a", "name": "b"}], "other.csv"))


@given(name=st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True), slide=st.sampled_from(["", ".svs", ".ndpi"]),
       bag=st.sampled_from(["", ".h5", ".pt", ".npz"]), folder=st.sampled_from(["", "x/", "C:\\x\\"]))  # fmt: skip
def test_endings_and_folders_are_no_part_of_a_name(name, slide, bag, folder):
    assert bare_name(f"{folder}{name}{slide}{bag}") == name
