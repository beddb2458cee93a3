from __future__ import annotations

from pathlib import Path

import pytest

from survdash.errors import ClinicalError
from survdash.sources.column_mapping import ColumnMapping
from survdash.sources.hospital_cells import KEPT, count_words, decide, open_table, read_cases, read_rows, stop

TEXT = """id;t;status;sex;note;Name
P1;1,5;lebt;w;a;Müller, Hans
P2;x;tot;divers;b;Meier, Eva
P 3/4;2.5;weg;m;;Schulz, Jo
"""
MAPPING = {
    "case": "id", "time": "t", "unit": "months", "status": "status", "status_words": {"tot": "dead", "lebt": "alive"},
    "sex": "sex", "keep": ("note", "Name"), "decimal": "comma",
}  # fmt: skip


@pytest.fixture
def path(tmp_path) -> Path:
    made = tmp_path / "t.csv"
    made.write_text(TEXT, encoding="utf-8")
    return made


def reading(path: Path, **changes: object):
    return open_table(path, ColumnMapping(**{**MAPPING, **changes}))


def test_every_cell_that_cannot_be_read_is_named_with_column_and_line_in_one_message(path):
    made = reading(path)
    read_cases(made)
    decide(made)
    read_rows(made)
    with pytest.raises(ClinicalError) as caught:
        stop(made)
    for said in (
        "column 'id', line 4: 'P 3/4' cannot name a patient",
        "column 't', line 3: 'x' is no number with a decimal comma (2 lines)",
        "column 'status': the mapping does not say what 'weg' means (1 lines, the first is 4)",
        "column 'sex': the mapping does not say what 'divers' means (1 lines, the first is 3)",
    ):
        assert said in caught.value.message


def test_absent_and_repeated_columns_are_named_together(path):
    path.write_text("id;id;t\nP1;P1;2\n")
    with pytest.raises(ClinicalError) as caught:
        reading(path, sex=None)
    assert "column 'id' stands 2 times" in caught.value.message
    assert "there is no column 'status', 'note', 'Name'" in caught.value.message
    assert "Its columns: id, id, t" in caught.value.hint


def test_names_of_persons_are_not_kept_unless_the_mapping_insists(path):
    made = reading(path)
    assert KEPT + "note" in read_rows(made)
    assert KEPT + "Name" not in read_rows(made)
    assert any("Column 'Name' was not kept" in note for note in made.notes)
    assert KEPT + "Name" in read_rows(reading(path, keep_identifiers=("Name",)))


def test_a_kept_column_cannot_take_a_name_of_the_cohort(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,t,status,event\nP1,1,tot,1\n")
    made = reading(path, sex=None, keep=("event",))
    read_rows(made)
    with pytest.raises(ClinicalError, match="'event' cannot be kept under this name"):
        stop(made)


def test_words_are_counted_with_their_meaning_and_a_contrary_one_is_told(path):
    made = reading(path, status_words={"tot": "alive", "lebt": "alive", "weg": "ignore"})
    words = count_words(made)
    assert {one.word: (one.count, one.meaning) for one in words} == {
        "lebt": (1, "alive"), "tot": (1, "alive"), "weg": (1, "ignore"),
    }  # fmt: skip
    assert any("takes the word 'tot' (1 lines) for alive, but it says dead" in note for note in made.notes)
