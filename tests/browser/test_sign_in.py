"""People sign in at a real OpenID Connect provider, and see what the access file opens to them."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from oidc_provider_mock import run_server_in_thread
from playwright.sync_api import Browser, Page, expect

from survdash.jobs import record
from survdash.session_token import make_grant
from survdash.settings import settings
from survdash.ui.upload import make_folder, new_identifier
from tests.browser.server import Server, free_port, running_server

pytestmark = pytest.mark.browser
ACCESS = """
users:
  anna@hospital.example: {role: admin}
  ben@hospital.example: {role: viewer, cohorts: []}
  cleo@hospital.example: {role: analyst}
"""
# A request as the uploader sends it; its status, 0 where the browser hides it, or the name of the error.
SEND = """([address, grant, said, mode]) => fetch(address, {method: "POST", body: said, mode: mode || "same-origin",
    credentials: "include", headers: mode === "no-cors" ? {} : {"X-Survdash-Grant": grant}})
    .then(answer => answer.status).catch(error => error.name)"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks people to sign in, and the provider that knows them."""
    folder = tmp_path_factory.mktemp("guarded")
    port = free_port()
    with run_server_in_thread(port=0) as provider:
        (folder / "secrets.toml").write_text(
            f'[auth]\nredirect_uri = "http://localhost:{port}/oauth2callback"\ncookie_secret = "{"s" * 64}"\n'
            f'client_id = "survdash"\nclient_secret = "secret"\n'
            f'server_metadata_url = "http://localhost:{provider.server_port}/.well-known/openid-configuration"\n'
        )
        (folder / "access.yaml").write_text(ACCESS)
        with running_server(
            folder / "data", "--secrets.files", str(folder / "secrets.toml"), port=port,
            SURVDASH_ACCESS_FILE=str(folder / "access.yaml"),
        ) as server:  # fmt: skip
            yield server


def sign_in(page: Page, server: Server, name: str, path: str = "/") -> None:
    page.goto(server.url.replace("127.0.0.1", "localhost") + path)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("textbox").first.fill(name)
    page.get_by_role("button", name="Authorize").click()


def test_nothing_is_shown_before_somebody_signed_in(guarded: Server, page: Page) -> None:
    for path in ("/", "/cohort?cohort=demo", "/patient?cohort=demo", "/models", "/contents?cohort=demo"):
        page.goto(guarded.url + path)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        expect(page.get_by_text("SIM-", exact=False)).to_have_count(0)
        expect(page.locator(".js-plotly-plot")).to_have_count(0)


def test_our_own_addresses_are_shut_too_and_the_probes_are_not(guarded: Server, page: Page) -> None:
    for method, path in (("POST", "/take_in"), ("GET", "/slide_view/openseadragon.js"),
                         ("GET", "/slide_view/a.b/tile/1/0_0.jpeg")):  # fmt: skip
        assert page.request.fetch(guarded.url + path, method=method).status == 403
    assert page.request.get(guarded.url + "/health/live").text() == "ok"
    sign_in(page, guarded, "anna@hospital.example")
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
    expect(page.get_by_role("heading").first).to_be_visible()
    there = guarded.url.replace("127.0.0.1", "localhost")
    assert page.request.get(there + "/slide_view/openseadragon.js").status == 200


def test_an_administrator_gets_in_and_the_log_knows(guarded: Server, page: Page) -> None:
    sign_in(page, guarded, "anna@hospital.example")
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
    expect(page.get_by_role("heading").first).to_be_visible()
    page.goto(guarded.url.replace("127.0.0.1", "localhost") + "/cohort?cohort=demo")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    lines = [json.loads(line) for line in (guarded.data_dir / "audit" / "log.jsonl").read_text().splitlines()]
    assert {"who": "anna@hospital.example", "action": "sign in"}.items() <= lines[-1].items()


def test_a_viewer_without_cohorts_sees_none_of_them(guarded: Server, page: Page) -> None:
    sign_in(page, guarded, "ben@hospital.example")
    page.goto(guarded.url.replace("127.0.0.1", "localhost") + "/cohort?cohort=demo")
    expect(page.get_by_text("No cohort is on this machine yet", exact=False)).to_be_visible()


def test_somebody_unknown_is_told_so_and_may_sign_out(guarded: Server, page: Page) -> None:
    sign_in(page, guarded, "mallory@elsewhere.example")
    expect(page.get_by_text("has no access to this server", exact=False)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()  # at the provider
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_cookie_that_nobody_signed_opens_nothing(guarded: Server, browser: Browser) -> None:
    context = browser.new_context()
    claims = json.dumps({"email": "anna@hospital.example", "is_logged_in": True, "origin": guarded.url})
    for value in (claims.encode().hex(), "2|1:0|10:1700000000|15:_streamlit_user|4:eyJ9|0000"):
        context.add_cookies([{"name": "_streamlit_user", "value": value, "url": guarded.url}])
        page = context.new_page()
        page.goto(guarded.url + "/cohort?cohort=demo")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    context.close()


def test_a_server_for_others_without_a_login_draws_no_page(tmp_path: Path, page: Page) -> None:
    with running_server(tmp_path / "data", "--server.address", "0.0.0.0") as server:
        page.goto(server.url + "/cohort?cohort=demo")
        expect(page.get_by_text("nobody has to sign in", exact=False)).to_be_visible()
        expect(page.locator(".js-plotly-plot")).to_have_count(0)
        with urllib.request.urlopen(server.url + "/_stcore/health") as answer:
            assert answer.read() == b"ok"


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Another site, on another port of this machine."""
    class Blank(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<p>another site</p>")

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Blank) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://localhost:{site.server_address[1]}"
        site.shutdown()


def test_another_site_uploads_nothing_with_the_cookies_of_a_visitor_who_is_signed_in(
    guarded: Server, page: Page, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(page, guarded, "anna@hospital.example")
    expect(page.get_by_role("heading").first).to_be_visible()
    there = guarded.url.replace("127.0.0.1", "localhost")
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(guarded.data_dir))
    settings.cache_clear()
    grant = make_grant("upload", f"{new_identifier()}/slide/anna@hospital.example")  # even with a grant that leaked
    said = json.dumps({"name": "a.svs", "size": 10, "mark": "m"})
    before = {*(guarded.data_dir / "uploads").glob("*")}
    own = page.evaluate(SEND, [f"{there}/take_in", grant, said])
    assert own == 200, "from the own page the same request is taken"
    taken = {*(guarded.data_dir / "uploads").iterdir()}
    assert len(taken - before) == 1
    page.goto(elsewhere)
    for mode in ("cors", "no-cors"):
        assert page.evaluate(SEND, [f"{there}/take_in", grant, said, mode]) in (0, 403, "TypeError")
    page.evaluate("""([address, said]) => { const form = document.createElement('form'); form.method = 'POST';
        form.action = address; form.enctype = 'text/plain'; const input = document.createElement('input');
        input.name = said; form.append(input); document.body.append(form); form.submit(); }""",
        [f"{there}/take_in", said])  # fmt: skip
    page.wait_for_url(f"{there}/take_in")
    assert "another site" in page.inner_text("body")
    assert {*(guarded.data_dir / "uploads").iterdir()} == taken


def test_nobody_opens_the_job_or_the_slide_of_somebody_else(
    guarded: Server, page: Page, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(guarded.data_dir))
    settings.cache_clear()
    job = record.create("predict", {"case_id": "SECRET-1"}, owner="anna@hospital.example").id
    upload = make_folder(new_identifier(), owner="anna@hospital.example").name
    sign_in(page, guarded, "cleo@hospital.example")
    expect(page.get_by_role("heading").first).to_be_visible()
    there = guarded.url.replace("127.0.0.1", "localhost")
    for query, words in ((f"job={job}", "There is no job"), (f"upload={upload}", "are not here any more")):
        page.goto(f"{there}/new_case?{query}")
        expect(page.get_by_text(words, exact=False).first).to_be_visible()
        assert "SECRET-1" not in page.inner_text("body")
    forged = f"{make_grant('slide', 'x')[:-4]}AAAA"
    assert page.request.get(f"{there}/slide_view/{forged}/tile/1/0_0.jpeg").status == 403
    context = browser.new_context()
    for name in ("_streamlit_user", "_streamlit_user_0"):  # a session that nobody signed
        value = "2|1:0|10:1700000000|15:_streamlit_user|4:eyJ9|0000"
        context.add_cookies([{"name": name, "value": value, "url": there}])
    for method, path in (("POST", "/take_in"), ("GET", "/slide_view/openseadragon.js")):
        assert context.request.fetch(there + path, method=method).status == 403
    context.close()
