from __future__ import annotations

import re

import pytest

from survdash.errors import UnknownNameError
from survdash.usecases.tripod import ITEMS, OPEN, tripod_html, tripod_items, tripod_markdown
from tests.usecases.conftest import Shipped


def test_all_27_items_are_there_in_order() -> None:
    numbers = [int(re.match(r"\d+", number)[0]) for number, *_ in ITEMS]  # type: ignore[index]
    assert sorted(set(numbers)) == list(range(1, 28))
    assert numbers == sorted(numbers)
    assert len({number for number, *_ in ITEMS}) == len(ITEMS) == 52  # items and sub-items of the checklist


@pytest.mark.parametrize("model", ["demo-glg", "demo-cox_ridge", "demo-snn"])
def test_a_model_s_sheet_says_what_is_stored_and_leaves_the_rest_open(model: str) -> None:
    items = {one.number: one for one in tripod_items(model)}
    for number in ("17", "18a", "18b", "19", "8b"):  # no machine knows these
        assert items[number].answer == OPEN
        assert not items[number].filled
    assert "C-index 0." in items["23a"].answer
    assert "imulated" in items["5a"].answer
    assert "version" in items["22"].answer


def test_it_says_of_each_model_whether_its_own_rules_bend_expression(shipped: Shipped) -> None:
    """The demo's models were trained before expression was bent, and their weights hold no powers."""
    told = {model: {one.number: one.answer for one in tripod_items(model)}["7"]
            for model in ("demo-cox_ridge", "demo-glg-slide", "real-cox_ridge")}  # fmt: skip
    assert ["Yeo" in words for words in told.values()] == [False, False, True]
    assert all("0.5 % and 99.5 % quantiles" in words for words in told.values())


def test_a_real_model_names_its_data_its_terms_and_its_failures(shipped: Shipped) -> None:
    items = {one.number: one.answer for one in tripod_items("real-cox_ridge")}
    assert "TCGA open-access" in items["5a"]
    assert "ICI" in items["23a"]
    assert "import-cohort" in items["18e"]
    assert "No other cohort" in items["26"]
    assert "inner folds held out" in items["12f"]
    assert "60 patients" in items["20b"]


def test_the_sheet_is_a_table_in_both_forms() -> None:
    words = tripod_markdown("demo-glg")
    assert words.count("\n| ") == len(ITEMS) + 1
    page = tripod_html("demo-glg")
    assert page.count("<tr") == len(ITEMS) + 1
    assert "http" not in page.replace("https://", "http://").split("<body>")[0]  # nothing from elsewhere
    with pytest.raises(UnknownNameError):
        tripod_html("nobody")
