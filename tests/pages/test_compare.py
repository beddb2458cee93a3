"""The compare page shows every trained model and takes the first as reference."""

from __future__ import annotations

import pytest

from survdash import usecases


def test_every_model_is_in_the_table_with_its_interval(open_page):
    table = usecases.compare_models("demo")
    shown = open_page("compare", cohort="demo").dataframe[0].value
    assert shown["title"].tolist() == table["title"].tolist()
    assert shown["difference"].iloc[0] == "reference"
    assert shown["interval"].str.fullmatch(r"0\.\d\d–\d\.\d\d").all()


def test_the_sentence_claims_a_winner_only_where_there_is_one(open_page):
    table = usecases.compare_models("demo")
    sentence = open_page("compare", cohort="demo").subheader[0].value.replace("\\", "")
    assert table["title"].iloc[0] in sentence
    assert ("orders the patients best" in sentence) == bool(table["best"].iloc[0])


@pytest.mark.parametrize(
    ("cases", "common", "words"),
    [([200, 200], 200, "the same 200 patients"), ([200, 180], 170, "the 170 patients that all of them can read"),
     ([200, 200], None, "each on the patients that it can read"), ([150], 150, "Judged on 150 patients")],
)
def test_the_caption_says_which_patients_were_compared(open_page, monkeypatch, cases, common, words):
    table = usecases.compare_models("demo").iloc[:len(cases)].assign(cases=cases)
    shown = table.drop(columns="common", errors="ignore") if common is None else table.assign(common=common)
    monkeypatch.setattr(usecases, "compare_models", lambda cohort: shown)
    captions = "\n".join(block.value for block in open_page("compare", cohort="demo").caption)
    assert words in captions
    assert ("same" in captions) == ("same" in words)


def test_the_csv_has_the_notice_and_comes_with_its_provenance(open_page):
    page = open_page("compare", cohort="demo")
    keys = [button.proto.id for button in page.get("download_button")]
    assert [any(name in key for key in keys) for name in ("compare.csv", "compare.provenance")] == [True, True]
