"""People sign in at a real OpenID Connect provider, and see what the access file opens to them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from oidc_provider_mock import run_server_in_thread
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import Server, free_port, running_server

pytestmark = pytest.mark.browser
ACCESS = """
users:
  anna@hospital.example: {role: admin}
  ben@hospital.example: {role: viewer, cohorts: []}
"""


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
