"""What is downloaded is what is stored, twice the same, and what the command line gives."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page

from survdash.settings import SHIPPED_MODELS
from tests.browser.server import REPOSITORY, environment
from tests.browser.steps import download, give, predict, wait_for_answer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_cohort_csv_has_the_stored_predictions_and_its_provenance_fits(server, page: Page):
    page.goto(f"{server.url}/cohort?cohort=demo&run=glg")
    text = download(page, "cohort-csv")
    rows = {row["case_id"]: row for row in csv.DictReader(io.StringIO(text.decode()))}
    stored = pd.read_parquet(SHIPPED_MODELS / "demo-glg" / "predictions.parquet")
    assert sorted(rows) == sorted(stored["case_id"])
    for case, fold, risk in zip(stored["case_id"], stored["fold"], stored["risk"], strict=True):
        assert abs(float(rows[case]["risk"]) - risk) < 5.1e-7  # six decimals are written
        assert rows[case]["fold"] == str(fold + 1)
        assert "research use only" in rows[case]["notice"]
    provenance = json.loads(download(page, "cohort-provenance"))
    assert provenance["csv_sha256"] == hashlib.sha256(text).hexdigest()


def test_the_comparison_says_what_it_is_for_and_what_made_it(server, page: Page):
    page.goto(f"{server.url}/compare?cohort=demo")
    text = download(page, "compare-csv")
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    assert {row["cohort"] for row in rows} == {"demo"}
    assert all("research use only" in row["notice"] for row in rows)
    provenance = json.loads(download(page, "compare-provenance"))
    assert provenance["csv_sha256"] == hashlib.sha256(text).hexdigest()
    assert sorted(provenance["model_versions"]) == sorted(row["run"] for row in rows)


def on_page(page: Page, url: str, sample: Path) -> bytes:
    page.goto(f"{url}/new_case?cohort=demo")
    give(page, "slide", sample / "slide.tiff")
    give(page, "genes", sample / "genes.csv")
    predict(page)
    wait_for_answer(page)
    return download(page, "new_case-csv")


def on_command_line(data_dir: Path, sample: Path, out: Path) -> bytes:
    command = [sys.executable, "-m", "survdash", "predict", "--model", "demo-glg", "--slide", sample / "slide.tiff",
               "--genes", sample / "genes.csv", "--out", out]
    subprocess.run(command, cwd=REPOSITORY, env=environment(data_dir), check=True, capture_output=True)
    return (out / "prediction.csv").read_bytes()


@pytest.mark.timeout(400)
def test_the_same_case_gives_the_same_bytes_twice_and_from_the_command_line(server, page: Page, sample, tmp_path):
    first = on_page(page, server.url, sample)
    assert on_page(page, server.url, sample) == first
    assert on_command_line(server.data_dir, sample, tmp_path / "same") == first
    # and where nothing is cached yet
    assert on_command_line(tmp_path / "empty", sample, tmp_path / "anew") == first
