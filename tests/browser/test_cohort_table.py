"""Whoever is ticked in the table is whoever opens: filtered, sorted or refreshed; and figures come with their stamp."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from survdash import usecases
from tests.browser.steps import download

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TICK, HEADER, ROW_PX = 15, 17, 35  # where a canvas has its tick boxes and its header


def tick(page: Page, row: int) -> str:
    """Tick a row of the table; returns the patient whom the page then offers to open."""
    page.get_by_test_id("stDataFrame").first.click(position={"x": TICK, "y": 52 + ROW_PX * row})
    link = page.get_by_role("link", name=re.compile("^Open ")).first
    link.wait_for()
    return link.inner_text().split()[-1]


def open_cohort(page: Page, server) -> None:
    page.goto(f"{server.url}/cohort?cohort=demo&run=glg")
    page.get_by_text(re.compile(r"^200 of 200 patients")).wait_for()


@pytest.mark.timeout(300)
def test_a_tick_does_not_outlive_the_rows_it_was_made_in(server, page: Page):
    open_cohort(page, server)
    cases = usecases.analyse_cohort("demo", "glg").case_ids.tolist()
    assert tick(page, 1) == cases[1]
    page.get_by_placeholder("A part of the number").fill("017")
    page.get_by_text(re.compile(r"^\d+ of 200 patients\. Tick")).wait_for()  # nobody is ticked any more
    expect(page.get_by_role("link", name=re.compile("^Open SIM"))).to_have_count(0)
    found = [case for case in cases if "017" in case]
    assert tick(page, 0) == found[0]
    # a refresh with other groups: the rows are the same, and so is the patient, or nobody is ticked
    page.get_by_text("Tertiles", exact=True).click()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    links = page.get_by_role("link", name=re.compile("^Open SIM"))
    assert [text.split()[-1] for text in links.all_inner_texts()] in ([], [found[0]])


@pytest.mark.timeout(300)
def test_the_row_that_is_first_after_a_sort_is_the_patient_who_opens(server, page: Page):
    open_cohort(page, server)
    table = usecases.analyse_cohort("demo", "glg").risk_table
    lowest = str(table.sort_values("risk")["case_id"].iloc[0])
    frame = page.get_by_test_id("stDataFrame").first
    frame.click(position={"x": 160, "y": HEADER})  # the column of risks: once is rising
    page.wait_for_timeout(1500)
    assert tick(page, 0) == lowest
    page.get_by_role("link", name=f"Open {lowest}").click()
    expect(page).to_have_url(re.compile(f"case={lowest}"))


@pytest.mark.timeout(300)
def test_a_figure_is_saved_with_its_stamp(server, page: Page):
    open_cohort(page, server)
    page.locator(".st-key-cohort-km_save button").first.click()
    svg = ET.fromstring(download(page, "cohort-km_svg"))
    described = svg.findtext("{http://www.w3.org/2000/svg}desc") or ""
    assert "model demo-glg, version" in described
    assert "research use only" in described
    with Image.open(io.BytesIO(download(page, "cohort-km_png"))) as image:
        assert image.text["Description"] == described
    html = download(page, "cohort-km_html").decode()
    assert "Plotly.newPlot" in html
    assert described in html
