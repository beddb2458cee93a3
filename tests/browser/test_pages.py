"""Every page stands, at once, and says what must be said."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

ADDRESSES = {
    "": "How long do patients with this tumour live?",
    "cohort?cohort=demo": "Cohort",
    "patient?cohort=demo": "Patient",
    "new_case": "New case",
    "compare?cohort=demo": "Compare",
    "models": "Models & data",
    "import_cohort": "Import a cohort",
    "contents?cohort=demo": "What is in a cohort",
}
BANNER = "For research use only. Not for use in diagnostic procedures."


@pytest.mark.parametrize(("address", "title"), ADDRESSES.items())
def test_every_address_opens_with_its_title_the_banner_and_no_error(server, page: Page, address, title):
    page.goto(f"{server.url}/{address}")
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    expect(page.locator(".st-key-banner").get_by_text(BANNER, exact=True)).to_be_visible()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_demo_cohort_stands_soon_after_the_server_is_healthy(fresh_server, page: Page, record_property):
    page.goto(f"{fresh_server.url}/cohort?cohort=demo")
    page.locator(".st-key-cohort-km .js-plotly-plot .main-svg").first.wait_for()
    page.get_by_test_id("stDataFrame").first.wait_for()
    seconds = time.monotonic() - fresh_server.healthy_at
    record_property("seconds", seconds)
    # Five seconds are the aim, and 3 to 4 what two idle cores take; a loaded machine must not fail the test.
    assert seconds < 20
    # a new server's first visitor gets the frame too, whatever the address
    expect(page.locator(".st-key-banner").get_by_text(BANNER, exact=True)).to_be_visible()
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(8)


@pytest.mark.parametrize(
    ("address", "words"),
    [("cohort?cohort=nothing", "There is no cohort called 'nothing' here"),
     ("patient?cohort=demo&case=nobody", "There is no patient called 'nobody' here"),
     ("compare?cohort=%3Cscript%3E", "There is no cohort called '<script>' here"),
     ("new_case?job=00000000000000000000000000000000", "There is no job"),
     ("new_case?upload=../../etc", "The uploaded files of this address are not here any more")],
)
def test_a_stale_or_hostile_address_is_told_in_plain_words(server, page: Page, address, words):
    page.goto(f"{server.url}/{address}")
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text(words)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_patient_found_by_search_is_the_one_that_opens(server, page: Page):
    page.goto(f"{server.url}/cohort?cohort=demo")
    search = page.get_by_placeholder("A part of the number")
    search.fill("0017")
    page.get_by_text(re.compile(r"^1 of \d+ patients")).wait_for()
    table = page.get_by_test_id("stDataFrame").first
    table.click(position={"x": 15, "y": 52})  # the table is a canvas: the tick box of its first row
    page.get_by_role("link", name=re.compile("^Open .*0017")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Patient")
    expect(page).to_have_url(re.compile("case=.*0017"))
