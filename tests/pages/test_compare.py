"""The compare page shows every trained model and takes the first as reference."""

from __future__ import annotations

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
