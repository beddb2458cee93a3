"""What stands on a report: said in words, nothing beyond the data, every hash of what went in."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from survdash.language import speaking
from survdash.report.facts import AGREE, DISAGREE
from tests.report.conftest import ALIVE, EXPLANATION, MONTHS


def test_the_answer_is_in_people_and_a_horizon_beyond_the_follow_up_has_no_number(make):
    facts = make(months=MONTHS[:49], survival=ALIVE[:49], low=ALIVE[:49] * 0.9, high=ALIVE[:49] ** 0.9)
    assert facts.headline == "Of 100 patients with a profile like this, about 55 are alive at 3 years."  # exp(-36/60)
    assert [(one.value, one.band) for one in facts.horizons] == [
        ("82 of 100", "band 74 to 84"), ("55 of 100", "band 49 to 58"), ("–", "beyond the cohort's follow-up"),
    ]  # fmt: skip


def test_one_answer_is_not_shown_as_certain(make):
    facts = make(low=ALIVE, high=ALIVE)
    assert {one.band for one in facts.horizons} == {"uncertainty not known"}
    assert "how uncertain it is, is not known" in facts.limits


def test_a_gene_of_two_groups_is_named_once_the_heaviest_first_with_its_direction(make):
    assert make().genes == (("MYC cnv", "lowers the risk", "2.0 SD below the mean"),
                            ("TP53 rna", "raises the risk", "1.5 SD above the mean"))  # fmt: skip


def test_the_ledger_says_whether_the_parts_disagree(make):
    assert make().ledger == (("slide", "90 of 100", "70 of 100", "–", "low"),
                             ("genes", "80 of 100", "50 of 100", "30 of 100", "high"))  # fmt: skip
    assert make().ledger_note == DISAGREE
    agreeing = replace(EXPLANATION, ledger=replace(EXPLANATION.ledger, disagree=False))
    assert make(agreeing).ledger_note == AGREE
    assert "Not computed" in make(None).ledger_note
    assert "Not computed" in make(None).genes_note


def test_everything_that_went_in_has_its_hash_and_the_stamp_names_model_and_state(make):
    facts = make()
    went_in = dict(facts.went_in)
    assert went_in["Slide 1"] == f"SHA-256 {'d' * 16}, 1,234 tiles, 0.499 µm per pixel"
    assert went_in["Gene table"] == f"SHA-256 {'a' * 16}"
    assert went_in["Encoder"] == f"efficientnet-lite0, weights {'b' * 16}"
    assert went_in["Model"] == "blca-glg, version 0123456789ab, 1 files"
    assert went_in["Cohort"] == "blca, state feedfacefeedface"
    assert "model blca-glg, version 0123456789ab" in facts.stamp
    assert "research use only" in facts.notice.lower()
    assert "Not for clinical decisions" in facts.notice


def test_a_patient_unlike_the_training_cohort_is_warned_of_once(make):
    unlike = replace(EXPLANATION.familiarity[0], distance=1.5, percentile=97.0)
    held_out = replace(EXPLANATION, role="held out (fold 1)", familiarity=(unlike,))
    assert "unlike those of most patients" in make(held_out).warnings[0]
    # a new case has the words among the warnings of its prediction
    assert len(make(replace(held_out, role="new case")).warnings) == 1


def test_the_sheet_is_in_the_readers_language_with_the_same_numbers(make):
    english = make(warnings=("Slide 1: tissue was found by a rule other than the default: a.",))
    with speaking("zh"):
        facts = make(warnings=("Slide 1: tissue was found by a rule other than the default: a.",))
    assert facts.headline == "每 100 名特征相似的患者中，约 55 人在 3 年时仍存活。"
    assert facts.warnings == ("切片 1：组织由非默认的规则找到：a。",)
    assert [one.label for one in facts.horizons] == ["1 年时存活", "3 年时存活", "5 年时存活"]
    assert [re.findall(r"[0-9.]+", value) for _, value in facts.facts] == \
        [re.findall(r"[0-9.]+", value)[::1 if "of 100" not in value else -1] for _, value in english.facts]
    assert facts.language == "zh-CN"
    said = json.dumps([facts.labels, facts.ledger, facts.genes, facts.limits, facts.went_in, facts.role],
                      ensure_ascii=False)  # fmt: skip
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", said.replace("survdash", "")), said
