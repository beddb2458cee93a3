"""Rules as users write them: the few options, their limits, and what differs from the default."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.errors import InputError
from survdash.slide.rules import (
    DEFAULT_TILES,
    DEFAULT_TISSUE,
    TileRule,
    TissueRule,
    change_words,
    parse_rules,
    rule_changes,
)


def test_what_is_named_changes_and_the_rest_keeps_its_default() -> None:
    tissue, tiles = parse_rules(["method=fixed", "threshold=12", "exclude_ink=no", "min_tissue=0.3", "close_px = 9"])
    assert tissue == TissueRule(method="fixed", threshold=12, exclude_ink=False, close_px=9)
    assert tiles == TileRule(min_tissue=0.3)
    assert parse_rules([]) == (DEFAULT_TISSUE, DEFAULT_TILES)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["otsu=0.5"], "known key"),
        (["otsu_share"], "KEY=VALUE"),
        (["tile_px=128"], "known key"),
        (["otsu_share=much"], "is a number, not 'much'"),
        (["otsu_share=nan"], "cannot be nan"),
        (["threshold=7.5"], "whole number"),
        (["exclude_folds=true"], "yes or no"),
        (["median_px=4"], "odd"),
        (["min_tissue=0"], "not possible"),
        (["lowest=30"], "lowest not above"),
        (["threshold=5", "threshold=6"], "given twice"),
        (["view_px=1000000"], "view"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(texts: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_rules(texts)


def test_a_key_that_is_not_known_is_answered_with_all_that_are() -> None:
    with pytest.raises(InputError) as caught:
        parse_rules(["glass=1"])
    assert "otsu_share" in caught.value.hint
    assert "min_tissue" in caught.value.hint


def test_what_differs_from_the_default_is_said() -> None:
    tissue, tiles = TissueRule(otsu_share=0.8, exclude_ink=False), TileRule(min_tissue=0.25)
    assert rule_changes(tissue, tiles) == {"otsu_share": 0.8, "exclude_ink": False, "min_tissue": 0.25}
    words = "otsu_share 0.8 (default 0.6), exclude_ink no (default yes), min_tissue 0.25 (default 0.5)"
    assert change_words(tissue, tiles) == words
    assert change_words(DEFAULT_TISSUE, DEFAULT_TILES) == ""


@given(share=st.floats(0, 5), close=st.integers(1, 99), folds=st.booleans(), least=st.floats(0.01, 1))
def test_a_rule_survives_being_written_and_read(share: float, close: int, folds: bool, least: float) -> None:
    tissue = TissueRule(otsu_share=share, close_px=close, exclude_folds=folds)
    tiles = TileRule(min_tissue=least)
    yes_no = {True: "yes", False: "no"}
    texts = [f"{key}={yes_no[value] if isinstance(value, bool) else repr(value).strip(chr(39))}"
             for key, value in rule_changes(tissue, tiles).items()]  # fmt: skip
    assert parse_rules(texts) == (tissue, tiles)
    assert TissueRule(**asdict(tissue)) == tissue


@pytest.mark.parametrize("wrong", [{"threshold": True}, {"otsu_share": "0.5"}, {"exclude_ink": 1}, {"method": 3}])
def test_values_of_another_kind_are_refused(wrong: dict) -> None:
    with pytest.raises(InputError, match="cannot be"):
        TissueRule(**wrong)
