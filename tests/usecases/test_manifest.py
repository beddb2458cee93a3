"""A table of cases is checked whole: every fault with its row and column, at once, before any work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from survdash.errors import InputError
from survdash.simulation.sample_case import sample_case
from survdash.usecases.manifest import COLUMNS, MAX_ROWS, TEMPLATE, read_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sample_case(tmp_path)
    return tmp_path


def read(folder: Path, text: str, **options):
    path = folder / "cases.csv"
    path.write_bytes(text.encode())
    return read_manifest(path, find=lambda name: folder / name, cohort="demo", **options)


def faults(manifest):
    return {(one.row, one.column): one.message for one in manifest.faults}


def test_a_sound_table_becomes_the_requests_of_its_rows(folder):
    (folder / "b.tiff").write_bytes((folder / "slide.tiff").read_bytes())
    made = read(folder, "\ufeffCase_ID, slides,genes,age,sex,stage,mpp\r\nA 1,slide.tiff,genes.csv,63,Female,II,0.5\r\n"
                        "\r\n,,,,,,\r\nB,b.tiff,genes.csv,,,,\r\n")  # fmt: skip
    assert made.faults == ()
    first, second = made.requests
    assert (first.case_id, first.slides, first.genes) == ("A 1", (folder / "slide.tiff",), folder / "genes.csv")
    assert (first.age_years, first.sex, first.stage, first.mpp) == (63.0, "female", "II", 0.5)
    assert (second.case_id, second.age_years, second.sex, second.stage, second.mpp) == ("B", None, None, None, None)


def test_all_faults_are_told_at_once_with_row_and_column(folder):
    Image.fromarray(np.full((600, 600, 3), 200, np.uint8)).save(folder / "unsaid.png")
    (folder / "letter.csv").write_text("Dear colleague,\n")
    found = faults(read(folder, "case_id,slides,genes,age,sex,mpp\n"
                                "A,slide.tiff,genes.csv,abc,,\n"
                                "A,nowhere.svs,,200,,\n"
                                ",,,,,\n,,genes.csv,,,\n"
                                "D,unsaid.png,genes.csv,,,\n"
                                "E,slide.tiff,letter.csv,,,\n"
                                "F,,,63,woman,0.25;0.5\n"
                                "G,slide.tiff,genes.csv,,,99,too many\n"))  # fmt: skip
    assert found[2, "age"] == "'abc' is no number"
    assert "nowhere.svs is not there" in found[3, "slides"]
    assert "200 years" in found[3, "age"]
    assert found[5, "case_id"] == "is missing"
    assert found[6, "mpp"] == "unsaid.png does not say its resolution"
    assert found[7, "slides"] == "slide.tiff is a slide of row 2 already"
    assert "neither a slide nor a gene table" in found[8, "slides"]
    assert "2 resolutions for 0 slides" in found[8, "mpp"]
    assert "woman" in found[8, "sex"]
    assert found[9, "the row"] == "7 cells below 6 columns"
    assert found[9, "mpp"] == "must be from 0.05 to 20 um per pixel"


def test_bad_genes_and_repeated_ids_are_told_before_work(folder):
    (folder / "letter.csv").write_text("Dear colleague,\n")
    found = faults(read(folder, "case_id,genes\nA,genes.csv\nA,genes.csv\nB,letter.csv\n"))
    assert found[3, "case_id"] == "the same as in row 2"
    assert (4, "genes") in found
    with pytest.raises(InputError, match=r"2 faults: row 3, case_id: the same as in row 2 \| row 4, genes"):
        read(folder, "case_id,genes\nA,genes.csv\nA,genes.csv\nB,letter.csv\n").refuse_faults()


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "needs a column case_id"), ("case_id,slides\n", "has no case"), ("case_id\nA\n", "needs a column case_id"),
     ("case_id,slides,slide\nA,a,b\n", "no column of ours"), ("case_id,case_id,slides\nA,A,a\n", "stands twice"),
     ('case_id,slides\n"A,a\n', "no CSV"), ("case_id,genes\n" + "A,g\n" * (MAX_ROWS + 1), "more than 1,000")],
)
def test_a_table_that_is_none_is_told(folder, text, words):
    made = read(folder, text)
    assert made.requests == ()
    assert any(words in one.message for one in made.faults)


def test_text_in_another_encoding_is_told(folder):
    path = folder / "latin.csv"
    path.write_bytes("case_id,genes\nMüller,genes.csv\n".encode("latin-1"))
    (fault,) = read_manifest(path, find=lambda name: folder / name, cohort="demo").faults
    assert "UTF-8" in fault.message


def test_the_template_has_the_columns_and_only_its_files_are_missing(folder):
    found = faults(read(folder, TEMPLATE))
    assert TEMPLATE.splitlines()[0] == ",".join(COLUMNS)
    assert found
    assert all("is not there" in message for message in found.values())
