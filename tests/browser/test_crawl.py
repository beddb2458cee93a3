"""No page says nan, a traceback, a path or a raw number, for any cohort, shipped or imported, and any model of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page

from survdash import usecases
from survdash.settings import settings
from tests.browser.server import Server, environment
from tests.browser.words import all_words, faults
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.browser
AWKWARD = "awkward"
PATIENTS = 80


def awkward_table(path: Path) -> None:
    """Real life in small: odd ids, long decimals, missing facts, a stage of two, nobody followed for long."""
    rng = np.random.default_rng(11)
    genes = pd.DataFrame(rng.normal(size=(PATIENTS, 6)) / 3, columns=[f"{name}_rnaseq" for name in (
        "TP53", "EGFR", "KRAS", "MYC", "IL6", "CD8A")])
    table = pd.DataFrame({
        "case_id": [f"P_{number}.+:-{'x' * (number % 30)}__b__" for number in range(PATIENTS)],
        "slide_id": [f"slide {number}.svs" for number in range(PATIENTS)],
        "survival_months": 0.03333333 + rng.exponential(9 * np.exp(-genes["TP53_rnaseq"])),
        "censorship": (rng.random(PATIENTS) < 0.4).astype(int),
        "age": np.where(rng.random(PATIENTS) < 0.5, np.nan, 71.123456789),
        "sex": rng.choice(["female", "male", ""], PATIENTS),
        "stage": rng.choice(["Stage IIIA", "", "Stage X"], PATIENTS),
    })
    pd.concat([table, genes], axis=1).to_csv(path, index=False)


@pytest.fixture(scope="module")
def imported(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The server with a second cohort, imported and trained on by command."""
    table = tmp_path_factory.mktemp("awkward") / "table.csv"
    awkward_table(table)
    for words in (("import-cohort", str(table), "--name", AWKWARD, "--yes"),
                  ("crossval", AWKWARD, "--model", "cox_ridge")):
        done = subprocess.run([sys.executable, "-m", "survdash", *words], cwd=REPOSITORY, check=False,
                              env=environment(server.data_dir), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
    return server


@pytest.fixture
def known(imported: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """What the server knows, asked by the same use cases."""
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(imported.data_dir))
    settings.cache_clear()
    yield imported
    settings.cache_clear()


def addresses() -> Iterator[str]:
    """Every page for every cohort and model, and some patients: the first and the last."""
    yield from ("", "models", "new_case", "import_cohort")
    for entry in usecases.list_cohorts():
        yield from (f"{page}?cohort={entry.name}" for page in ("new_case", "compare", "contents"))
        for number, run in enumerate(usecases.list_runs(entry.name)):
            yield f"cohort?cohort={entry.name}&run={run.name}"
            analysis = usecases.cohort_figures(entry.name, run.name)
            if not isinstance(analysis, usecases.CohortAnalysis):  # its patients are not on this machine
                continue
            cases = analysis.case_ids
            for place in (0, -1) if number == 0 else (number % len(cases),):
                yield f"patient?cohort={entry.name}&run={run.name}&case={quote(cases[place], safe='')}"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_page_says_what_no_reader_should_see(known: Server, page: Page):
    found, seen = [], set()
    for address in addresses():
        page.goto(f"{known.url}/{address}")
        found += [f"{address}: {fault}" for fault in faults(all_words(page))]
        seen.add(address)
    models = {f"cohort?cohort={entry.name}&run={run.name}" for entry in usecases.list_cohorts()
              for run in usecases.list_runs(entry.name)}  # fmt: skip
    assert models <= seen
    assert len(models) > 20
    assert not found, "\n".join(found)


@pytest.mark.parametrize("words", [
    "Risk nan", "inf months", "a NaN b", "0.123456789", "1.2e-07", "File \"/x.py\", line 3", "in /tmp/x/y.csv",
    "KeyError: 'a'", "{count} patients", "None", "Died: True",
])
def test_the_reader_of_faults_sees_each(words):
    assert faults(words)


@pytest.mark.parametrize("words", [
    "information, nano, infinity pool", "0.1234", "C-index 0.80 ± 0.06", "1,234.5", "No one",
    "None of these 8 patients", "10.1016/j.cell.2018.02.052", "version 2.14.123456", "survdash/models", "a/b/c",
    "p < 0.001",
])
def test_the_reader_of_faults_minds_nothing_else(words):
    assert not faults(words)
