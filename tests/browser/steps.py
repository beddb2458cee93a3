"""What a user does, as functions: give files, start, wait, download."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

PREDICTION_MS = 240_000  # a real slide through the encoder on two shared cores


def choose(page: Page, files: Path | Sequence[Path], *, within: str = "") -> None:
    """Choose files in the uploader that goes straight to disk, once it listens: its button has no words before."""
    uploader = page.locator(f"{within} .uploader")
    uploader.locator("[data-part=choose]:not(:empty)").wait_for(state="attached")
    uploader.locator("[data-part=input]").set_input_files(files)


def give(page: Page, part: str, path: Path) -> None:
    """Upload a file as the slide or the gene table; returns once the page has taken or refused it."""
    if part == "slide":
        choose(page, path)
    else:
        uploader = page.locator(f'[class*="st-key-new_case-{part}_"]')
        uploader.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(path)
    refused = "[data-testid=stAlertContentError], .uploader [data-part=error]:not([hidden])"
    page.locator(f".st-key-new_case-remove_{part}, {refused}").first.wait_for()


def predict(page: Page) -> str:
    """Start the prediction; return the job's number from the address."""
    page.locator(".st-key-new_case-predict button").click()
    page.wait_for_url("**/new_case?job=*")
    return page.url.partition("job=")[2]


def wait_for_answer(page: Page) -> None:
    """Wait for the curve of a prediction that is being made."""
    page.locator(".st-key-new_case-curve .js-plotly-plot").wait_for(timeout=PREDICTION_MS)


def download(page: Page, key: str) -> bytes:
    """Click a download button and return the file."""
    with page.expect_download() as waiting:
        page.locator(f".st-key-{key} button").first.click()  # with a help text it is there twice
    return Path(waiting.value.path()).read_bytes()
