"""A new case from the upload to the answer, and what happens to files that are no slide and no gene table."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import choose, download, give, predict, wait_for_answer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ALIVE = re.compile(r"Of 100 patients with a profile like this, about \d+ (is|are) alive at 3 years")


@pytest.mark.timeout(400)
def test_a_real_slide_and_a_gene_table_give_curve_card_and_csv(server, page: Page, shared, sample):
    kept = server.kept_uploads()
    page.goto(f"{server.url}/new_case?cohort=demo")
    give(page, "slide", shared / "slides" / "CMU-1-Small-Region.svs")
    expect(page.get_by_text("2,220 × 2,967 pixels")).to_be_visible()
    expect(page.get_by_text("0.499 µm per pixel, from the file")).to_be_visible()
    expect(page.get_by_role("img", name="The slide with the outline of the tissue.")).to_be_visible()
    give(page, "genes", sample / "genes.csv")
    predict(page)
    wait_for_answer(page)
    expect(page.get_by_text(ALIVE).first).to_be_visible()
    expect(page.get_by_text("New case").nth(1)).to_be_visible()  # the role, beside the prediction
    rows = download(page, "new_case-csv").decode().splitlines()
    assert len(rows) == 2, "a header and one case"
    page.locator(".st-key-new_case-delete button").click()
    expect(page.get_by_text("The uploaded files of this case are deleted.")).to_be_visible()
    assert server.kept_uploads() == kept


@pytest.mark.timeout(400)
def test_a_slide_that_does_not_say_its_resolution_is_asked_for_it(server, page: Page, shared, sample):
    page.goto(f"{server.url}/new_case?cohort=demo")
    give(page, "slide", shared / "slides" / "TCGA-CR-7395-01A-01-TS1.svs")
    expect(page.get_by_text("this file does not say it")).to_be_visible()
    give(page, "genes", sample / "genes.csv")
    expect(page.locator(".st-key-new_case-predict_not_yet button")).to_be_disabled()
    resolution = page.get_by_role("spinbutton", name="Resolution (µm per pixel)")
    resolution.fill("0.5")
    resolution.press("Enter")
    expect(page.get_by_text("0.5 µm per pixel, as you say")).to_be_visible()
    predict(page)
    wait_for_answer(page)
    expect(page.get_by_text(ALIVE).first).to_be_visible()


@pytest.mark.timeout(400)
def test_a_refresh_and_a_second_window_find_the_running_case(server, page: Page, browser: Browser, larger_slide):
    page.goto(f"{server.url}/new_case?cohort=demo")
    give(page, "slide", larger_slide)
    job = predict(page)
    page.get_by_text("Working on this case").wait_for()
    page.reload()
    page.get_by_text("Working on this case").wait_for()
    second = browser.new_context().new_page()
    second.goto(f"{server.url}/new_case?job={job}")
    second.get_by_text("Working on this case").wait_for()
    wait_for_answer(page)
    wait_for_answer(second)
    words = [tab.get_by_text(ALIVE).first.inner_text() for tab in (page, second)]
    assert words[0] == words[1]
    second.context.close()


@pytest.mark.timeout(400)
def test_a_new_window_finds_the_case_again_and_the_browser_keeps_its_number(
    server, page: Page, browser: Browser, sample
):
    page.goto(f"{server.url}/new_case?cohort=demo")
    give(page, "genes", sample / "genes.csv")
    job = predict(page)
    wait_for_answer(page)
    page.get_by_role("link", name="Home").click()
    link = re.compile(f"^Prediction {job[:8]}")
    expect(page.get_by_role("link", name=link)).to_be_visible()
    kept = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert job in kept["survdash_jobs"].split("_")
    # Where others can come, no other browser lists it (tests/ui/test_job_memory.py); this server is for this machine.
    other = browser.new_context().new_page()
    other.goto(server.url)
    expect(other.get_by_text("which answers this machine alone")).to_be_visible()
    other.get_by_role("link", name=link).click()
    wait_for_answer(other)
    other.context.close()


@pytest.mark.timeout(400)
def test_a_table_of_patients_comes_with_its_files(server, page: Page, sample, tmp_path):
    table = tmp_path / "patients.csv"
    table.write_text("case_id,genes,age\nAnna,Anna 1.csv,61\nBen,Ben.csv,55\n")
    files = [tmp_path / "Anna 1.csv", tmp_path / "Ben.csv"]
    for path in files:
        path.write_bytes((sample / "genes.csv").read_bytes())
    page.goto(f"{server.url}/new_case?cohort=demo")
    page.get_by_text("Several patients, by a table").click()
    choose(page, files[:1], within=".st-key-new_case-files")
    page.locator(".st-key-new_case-remove_files").wait_for()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(table)
    expect(page.get_by_text("Faults: 1")).to_be_visible()  # Ben's table has not come
    choose(page, files[1:], within=".st-key-new_case-files")
    page.get_by_role("button", name="Predict 2 patients").click()
    expect(page.get_by_role("heading", name="All 2 patients have an answer")).to_be_visible(timeout=120_000)
    page.get_by_role("link", name="Open Anna").click()
    page.locator(".st-key-new_case-why button").first.click()
    expect(page.get_by_role("heading", name="Tissue and genes")).to_be_visible(timeout=120_000)


@pytest.mark.timeout(400)
def test_a_cancelled_case_says_so_and_can_be_changed(server, page: Page, larger_slide):
    page.goto(f"{server.url}/new_case?cohort=demo")
    give(page, "slide", larger_slide)
    predict(page)
    page.locator(".st-key-new_case-cancel button").click()
    page.get_by_text("This case was cancelled.").wait_for()
    page.locator(".st-key-new_case-again button").click()
    expect(page.locator(".st-key-new_case-remove_slide")).to_be_visible()


@pytest.fixture
def bad_files(tmp_path: Path, sample: Path) -> dict[str, tuple[str, Path, str]]:
    """Part, file and the words of the message, by what is wrong."""
    text = tmp_path / "notes.svs"
    text.write_text("This is a letter, not a slide.\n")
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    table = pd.read_csv(sample / "genes.csv")
    holes = tmp_path / "holes.csv"
    # every gene but two of five: no group keeps enough
    table[[row % 5 > 1 for row in range(len(table))]].to_csv(holes, index=False)
    return {
        "text": ("slide", text, r"notes\.svs"),
        "empty": ("genes", empty, r"empty\.csv is empty"),
        "holes": ("genes", holes, r"missing|found"),
    }


@pytest.mark.parametrize("what", ["text", "empty", "holes"])
def test_a_file_that_cannot_be_used_is_explained_and_not_kept(server, page: Page, bad_files, what):
    part, path, words = bad_files[what]
    kept = server.kept_uploads()
    page.goto(f"{server.url}/new_case?cohort=demo")
    give(page, part, path)
    refused = page.locator("[data-testid=stAlertContentError], .uploader [data-part=error]:not([hidden])")
    expect(refused).to_contain_text(re.compile(words))
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.locator(".uploader [data-part=choose]")).to_be_visible()  # both can be tried again
    expect(page.get_by_test_id("stFileUploaderDropzone")).to_have_count(1)
    assert server.kept_uploads() == kept
