"""The compare page shows every trained model and takes the first as reference."""

from __future__ import annotations

import numpy as np
import pytest

from survdash import usecases
from survdash.usecases.published import published_numbers


def test_every_model_is_in_the_table_with_its_interval(open_page):
    table = usecases.compare_models("demo")
    shown = open_page("compare", cohort="demo").dataframe[0].value
    assert shown["title"].tolist() == table["title"].tolist()
    assert shown["difference"].iloc[0] == "reference"
    assert shown["interval"].str.fullmatch(r"0\.\d\d–\d\.\d\d").all()


def test_the_sentence_claims_a_winner_only_where_there_is_one(open_page):
    table = usecases.compare_models("demo")
    sentence = open_page("compare", cohort="demo").header[0].value.replace("\\", "")
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


def test_seeds_folds_size_and_time_stand_in_the_table_and_nothing_is_published_of_a_simulation(open_page):
    table = usecases.compare_models("demo")
    page = open_page("compare", cohort="demo")
    shown = page.dataframe[0].value
    assert shown["fold_words"].unique().tolist() == ["5, given"]
    for name in ("seeds", "modalities", "params"):
        assert shown[name].tolist() == table[name].tolist()
    assert shown["seconds"].tolist() == [round(value) for value in table["seconds"]]
    assert "published" not in shown
    assert "What the paper reports" not in [tab.label for tab in page.tabs]


def test_the_published_numbers_have_a_column_a_list_and_a_source(open_page, monkeypatch):
    numbers = tuple(one for one in published_numbers() if one.cancer == "BLCA")
    monkeypatch.setattr(usecases, "published_for", lambda cohort: numbers)
    monkeypatch.setattr("survdash.usecases.comparison.published_for", lambda cohort: numbers)
    page = open_page("compare", cohort="demo")
    shown = page.dataframe[0].value.set_index("title")["published"]
    assert shown["SNN, width 64"] == "0.606"
    assert set(shown[shown.index.str.contains("genes only")]) == {"–"}
    page.session_state["compare.tabs"] = "What the paper reports"
    tab = next(tab for tab in page.run().tabs if tab.label == "What the paper reports")
    assert len(tab.dataframe[0].value) == 13
    words = tab.caption[0].value.replace("\\", "")
    assert "Published, other features for BLCA" in words
    assert "doi:10.14135/j.cnki.1006-3080.20241104002" in words


@pytest.mark.parametrize(
    ("highs", "words"),
    [([np.nan, -0.1, np.nan], "highest C-index of those on the same folds"),
     ([np.nan, np.nan, np.nan], "No two methods were judged on the same folds"),
     ([np.nan, 0.1, 0.1], "its lead over the next is within what chance explains")],
)
def test_the_sentence_allows_for_runs_on_other_folds(open_page, monkeypatch, highs, words):
    table = usecases.compare_models("demo").iloc[:3]
    gaps = np.where(np.isnan(highs), np.nan, -0.05)
    shown = table.assign(difference_high=highs, difference_low=gaps, difference=[0.0, *gaps[1:]], best=False)
    monkeypatch.setattr(usecases, "compare_models", lambda cohort: shown)
    page = open_page("compare", cohort="demo")
    assert words in " ".join(one.value for one in page.header).replace("\\", "")
    others = int(np.isnan(highs[1:]).sum())
    assert ("of other folds" in page.caption[1].value) == bool(others)
    assert (page.dataframe[0].value["difference"] == "other folds").sum() == others


def test_the_csv_has_the_notice_and_comes_with_its_provenance(open_page):
    page = open_page("compare", cohort="demo")
    keys = [button.proto.id for button in page.get("download_button")]
    assert [any(f"compare.{name}" in key for key in keys) for name in ("csv", "latex", "provenance")] == [True] * 3


def tab_of(page, label):
    page.session_state["compare.tabs"] = label
    page.run()
    assert not page.exception
    return next(tab for tab in page.tabs if tab.label == label)


def as_read(cell):
    """The letters of a cell that is Markdown."""
    return cell.replace("\\", "")


def test_each_tab_answers_for_every_method(open_page):
    page = open_page("compare", cohort="demo")
    titles = set(usecases.compare_models("demo")["title"])
    assert "Hazard ratio" in page.tabs[0].markdown[0].value
    looks = {one.title: one for one in usecases.look_at_methods("demo")}
    auc = tab_of(page, "AUC over time").table[0].value
    assert {as_read(title) for title in auc["Method"]} == titles
    first = looks[as_read(auc["Method"][0])].auc
    assert auc["3 years"][0].startswith(f"{first.values[1]:.3f} (95 % CI {first.low[1]:.3f}")
    brier = tab_of(page, "Brier score").table[0].value
    assert {as_read(title) for title in brier["Method"]} == titles
    assert brier["Integrated"].tolist() == sorted(brier["Integrated"])
    assert len(set(brier["Kaplan–Meier"])) == 1
    calibrated = tab_of(page, "Predicted and seen").table[0].value
    assert {as_read(title) for title in calibrated["Method"]} == titles
    parts = tab_of(page, "What each part adds").table[0].value
    assert parts["Without"].tolist() == ["slide", "genes"]
    assert parts["In words"].tolist() == ["adds something", "adds something"]
