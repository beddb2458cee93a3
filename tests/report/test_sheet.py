"""The sheet as HTML and PDF: one page, nothing of a name becomes markup, equal inputs give equal bytes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from survdash.report import report_html, report_pdf

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
