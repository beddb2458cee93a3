"""Names that are scripts, markup and formulas: refused at the door, and text on every page for all that."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from survdash.sources.archive import write_archive
from survdash.sources.cohort_folder import write_cohort
from tests.browser.server import REPOSITORY, Server, environment

pytestmark = pytest.mark.browser
PICTURE, LINK = "<img src=x onerror=window.pwned=1>", "[click](javascript:window.pwned=1)"
MARKUP = ":red[x] **b** `c` :material/home:"
HOSTILE = (
    PICTURE, LINK, "<script>window.pwned=1</script>", r"$\href{javascript:window.pwned=1}{x}$",
    "<svg/onload=window.pwned=1>", '"><iframe srcdoc="<script>parent.pwned=1</script>">',
    MARKUP, '<a href="javascript:window.pwned=1">x</a>',
)  # fmt: skip


def run(server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "survdash", *words], cwd=REPOSITORY, text=True, capture_output=True,
                          env=environment(server.data_dir))  # fmt: skip


@pytest.fixture(scope="module")
def hostile(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server with such a cohort, which no door lets in, put into its data folder; and a model trained on it."""
    folder, rng = tmp_path_factory.mktemp("hostile"), np.random.default_rng(0)
    cases = pd.Index([*HOSTILE, *(f"P{number:02d}" for number in range(52))])
    genes = pd.DataFrame(rng.normal(size=(60, 8)).astype(np.float32), index=cases, columns=list(HOSTILE))
    patients = pd.DataFrame({"time_months": 1 + 30 * rng.random(60), "event": [True, False] * 30, "age": 60.0,
                             "sex": "female", "stage": "II", "site": PICTURE}, index=cases)  # fmt: skip
    write_cohort(folder / "evil", name="evil", title=f"Evil {PICTURE} {LINK}", simulated=False,
                 endpoint="overall survival", patients=patients, genes=genes,
                 gene_groups={LINK: HOSTILE[:4], PICTURE: HOSTILE[4:]}, slides={},
                 folds=pd.Series(np.arange(60) % 5, index=cases), source={"note": PICTURE}, bags=None,
                 bag_origin=None)  # fmt: skip
    write_archive(folder / "evil", folder / "evil.zip")
    refused = run(server, "import-archive", str(folder / "evil.zip"))
    assert refused.returncode == 2
    assert "case ids that cannot be" in refused.stderr
    place = server.data_dir / "cohorts" / "evil"
    shutil.copytree(folder / "evil", place)
    done = run(server, "crossval", "evil", "--model", "cox_ridge")
    assert done.returncode == 0, done.stderr
    yield server
    shutil.rmtree(place)


def expect_no_markup(page: Page) -> None:
    assert page.evaluate("window.pwned") is None
    for made in ("img[src='x']", "a[href^='javascript']", "iframe[srcdoc]", "svg[onload]", "script:has-text('pwned')",
                 "a:text-is('click')", "a:text-is('x')", "strong:text-is('b')", "code:text-is('c')"):  # fmt: skip
        assert page.locator(made).count() == 0, made
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize(("path", "shown"), [
    ("/cohort?cohort=evil", "Evil <img"), (f"/patient?cohort=evil&case={quote(PICTURE)}", PICTURE),
    (f"/patient?cohort=evil&case={quote(MARKUP)}", MARKUP),
    ("/models", ""), ("/contents?cohort=evil", ""), ("/compare?cohort=evil", ""),
])  # fmt: skip
def test_no_name_becomes_markup(hostile: Server, page: Page, path: str, shown: str) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    page.goto(hostile.url + path)
    expect(page.get_by_role("heading").first).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.mouse.move(600, 500)
    expect_no_markup(page)
    fields = page.locator("input").evaluate_all("all => all.map(one => one.value)")
    assert shown in page.inner_text("body") + " ".join(fields)


def test_no_gene_and_no_group_of_genes_becomes_markup_where_a_prediction_is_explained(
    hostile: Server, page: Page
) -> None:
    page.goto(f"{hostile.url}/patient?cohort=evil&case=P07")
    expect(page.get_by_test_id("stButtonGroup").get_by_text(LINK, exact=True)).to_be_visible(timeout=60_000)
    page.get_by_text("Change genes or clinical facts").click()
    weighs_most = page.get_by_test_id("stSlider").filter(has_text=LINK)
    expect(weighs_most.or_(page.get_by_test_id("stSlider").filter(has_text=MARKUP)).first).to_be_visible()
    expect_no_markup(page)


@pytest.mark.parametrize("piece", [b"a" * 65_536, b"".join(b"X-%d: b\r\n" % number for number in range(5000))])
def test_endless_headers_are_refused_and_fill_no_memory(server: Server, piece: bytes) -> None:
    port = int(server.url.rpartition(":")[2])
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=20) as asked:
        asked.sendall(b"GET /_stcore/health HTTP/1.1\r\nHost: x\r\nX-Long: ")
        with suppress(OSError):
            while sent < 100_000_000:
                asked.sendall(piece)
                sent += len(piece)
    assert sent < 20_000_000, "the server must let go long before that"
    with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=20) as answer:
        assert answer.read() == b"ok"
