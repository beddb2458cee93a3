from __future__ import annotations

import contextlib
import pickle

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from survdash.errors import ClinicalError, SurvdashError
from survdash.sources.column_mapping import (
    CHOICES,
    ColumnMapping,
    fold,
    parse_mapping,
    read_mapping,
    write_mapping,
)

BASE = {"case": "id", "time": "t", "unit": "days", "status": "s", "status_words": {"1": "dead", "0": "alive"}}


def test_words_are_words_whatever_yaml_would_make_of_them():
    words = "{dead: [yes, 1, 1.0], alive: [no, ~]}"
    mapping = parse_mapping(f"case: 007\ntime: on\nunit: days\nstatus: no\nstatus_words: {words}")
    assert (mapping.case, mapping.time, mapping.status) == ("007", "on", "no")
    assert mapping.status_words == {"yes": "dead", "1": "dead", "no": "alive", "~": "alive"}


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and text
)


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(columns=st.lists(names, min_size=7, max_size=7, unique=True), dead=names, alive=names, missing=st.lists(names),
       decimal=st.sampled_from([None, *CHOICES["decimal"]]))  # fmt: skip
def test_every_mapping_comes_back_from_its_file(tmp_path_factory, columns, dead, alive, missing, decimal):
    words = {dead: "dead"} if fold(dead) == fold(alive) else {dead: "dead", alive: "alive"}
    mapping = ColumnMapping(
        case=columns[0], time=columns[1], unit="months", status=columns[2], status_words=words, age=columns[3],
        keep=tuple(columns[4:]), keep_identifiers=(columns[5],), missing=tuple(missing), decimal=decimal,
    )
    path = tmp_path_factory.mktemp("mapping") / "m.yaml"
    write_mapping(path, mapping)
    assert read_mapping(path) == mapping
    assert pickle.loads(pickle.dumps(mapping)) == mapping, "jobs hand it to another process"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("case: a\nfoo: 1\n", "line 2 has an unknown key 'foo'"),
        ("case: a\ncase: b\n", "case is given twice (line 2)"),
        ("unit: days\n", "case is missing"),
        ("case: a\nunit:\n", "unit is still open (line 2)"),
        ("case: a\nstatus_words:\n", "status_words is still open (line 2)"),
        ("case: [a]\n", "case (line 1) must be one value"),
        ("case: a\nkeep: b\n", "keep (line 2) must be a list"),
        ("case: a\nstatus_words: [b]\n", "status_words must group words by meaning"),
        ("case: a\nstatus_words: {gone: [b]}\n", "status_words.gone (line 2) is unknown"),
        ("case: a\nstatus_words: {dead: [X], alive: [x]}\n", "'x' is both dead and alive"),
        ("- a\n", "no list of 'key: value' lines"),
        ("", "no list of 'key: value' lines"),
        ("case: [\n", "is no YAML"),
        ("[" * 1500, "is no YAML"),
        ("case: !!python/object/apply:os.system [x]\n", "case (line 1) must be one value"),
        ("x: 1\n" * 20_000, "too long"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_with_line_and_key(text, said):
    with pytest.raises(ClinicalError) as caught:
        parse_mapping(text, name="m.yaml")
    assert said in caught.value.message
    assert caught.value.message.startswith("m.yaml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": None}, "does time count days, months or years?"),
        ({"unit": "weeks"}, "unit is 'weeks'; it may be days, months, years"),
        ({"time": None, "unit": None}, "give time and unit, or diagnosis and last_contact"),
        ({"diagnosis": "d"}, "both time and diagnosis are given"),
        ({"status": None, "status_words": {}}, "who died?"),
        ({"status_words": {}}, "which words of the status mean dead"),
        ({"status_words": {"1": "gone"}}, "'1' must be dead, alive, ignore"),
        ({"age": "a", "birth": "b"}, "both age and birth"),
        ({"birth": "b"}, "birth needs diagnosis"),
        ({"age_unit": "days"}, "age_unit is given without age"),
        ({"sex_words": {"1": "male"}}, "sex_words are given without sex"),
        ({"age": "t"}, "column 't' is given as time and as age"),
        ({"keep": ("t",)}, "column 't' is kept although it is time"),
        ({"keep_identifiers": ("x",)}, "which keep does not"),
        ({"dates": "ymd"}, "dates is 'ymd'"),
    ],
)
def test_keys_that_contradict_each_other_are_named(change, said):
    with pytest.raises(ClinicalError) as caught:
        ColumnMapping(**{**BASE, **change})
    assert said in caught.value.message


def test_all_faults_are_told_at_once():
    with pytest.raises(ClinicalError) as caught:
        ColumnMapping(case="id", unit="weeks", age_unit="days")
    assert all(said in caught.value.message for said in ("weeks", "age_unit", "follow-up is missing", "who died"))


def test_dates_with_a_death_need_no_status():
    mapping = ColumnMapping(case="id", diagnosis="d", last_contact="l", death="x", birth="b")
    assert mapping.columns == {"case": "id", "diagnosis": "d", "last_contact": "l", "death": "x", "birth": "b"}


def test_an_absent_or_unreadable_file_is_a_message(tmp_path):
    with pytest.raises(ClinicalError, match="no mapping"):
        read_mapping(tmp_path / "m.yaml")
    (tmp_path / "m.yaml").write_bytes("case: Größe".encode("cp1252"))
    with pytest.raises(ClinicalError, match="cannot be read"):
        read_mapping(tmp_path / "m.yaml")


@hypothesis_settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet="case:tim{}[]&*!|>-\n ,\"'#?0", max_size=60))
def test_no_text_brings_out_another_error_than_ours(text):
    with contextlib.suppress(SurvdashError):
        parse_mapping(text)
