"""The sheet as HTML and PDF: one page, nothing of a name becomes markup, equal inputs give equal bytes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from survdash.language import speaking
from survdash.report import language_of_pdf, report_html, report_pdf, sheet

EVIL = '<script>alert(1)</script> #panic("x") $x$ =SUM(A1) *bold*'


def pages(pdf: bytes) -> int:
    return max(int(count) for count in re.findall(rb"/Type\s*/Pages\s*/Count (\d+)", pdf) or [0])


def test_a_patient_fits_on_one_page_with_everything(make):
    pdf = report_pdf(make())
    assert pdf.startswith(b"%PDF-")
    assert pages(pdf) == 1


def test_many_warnings_shrink_the_letters_before_a_second_page_begins(make):
    warning = "Only 412 of 3,053 genes of this model were found, and the others were filled in by its median."
    assert pages(report_pdf(make(warnings=(warning,) * 12))) == 1
    assert pages(report_pdf(make(warnings=(warning,) * 120))) > 1  # none is left out


def test_a_hostile_name_is_text_in_the_pdf(make):
    # as a command of Typst it would panic, as a formula fail
    assert pages(report_pdf(make(case_id=EVIL, warnings=(EVIL,)))) == 1


def test_no_name_becomes_markup_in_html(make):
    text = report_html(make(case_id=EVIL, warnings=(EVIL,)))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "default-src 'none'" in text  # and were there one, it would not run
    assert not re.search(r'(src|href)="?https?:', text)


def test_the_html_says_everything_that_the_facts_say(make):
    facts = make()
    text = report_html(facts)
    for words in (facts.headline, facts.stamp, facts.notice, *facts.warnings, "MYC cnv", "lowers the risk"):
        assert words in text.replace("&#39;", "'")
    assert text.count("<svg") == 2


def test_equal_facts_give_equal_bytes(make):
    assert report_pdf(make()) == report_pdf(make())
    assert report_html(make()) == report_html(make())


@pytest.mark.parametrize("part", ["headline", "people"])
def test_a_horizon_beyond_the_follow_up_leaves_its_place_empty(make, part):
    facts = replace(make(), **{part: ""})
    assert pages(report_pdf(facts)) == 1
    assert report_html(facts)


def test_a_chinese_sheet_is_one_page_in_both_forms_where_the_machine_has_the_letters(make):
    with speaking("zh"):
        facts, tongue = make(), language_of_pdf()
    text = report_html(facts)
    assert '<html lang="zh-CN">' in text
    assert "低风险组" in text  # in the drawing too, as letters that the browser draws
    assert "Warnings" not in text
    if tongue == "en":
        pytest.skip("this machine has no Chinese font, so its PDFs are English")
    assert pages(report_pdf(facts)) == 1


def test_without_its_letters_a_pdf_is_english_and_not_full_of_boxes(monkeypatch):
    monkeypatch.setattr(sheet, "_families", lambda: frozenset({"DejaVu Sans"}))
    with speaking("zh"):
        assert language_of_pdf() == "en"
    assert language_of_pdf() == "en"
