"""Grants: what this server signed opens what it names, for as long as it says, and nothing else does."""

from __future__ import annotations

import re
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from survdash.errors import InputError
from survdash.session_token import make_grant, read_grant, refuse_other_sites
from survdash.settings import settings


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    yield
    settings.cache_clear()


@limits(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(purpose=st.text(max_size=20), subject=st.text(max_size=80))
def test_what_is_granted_is_read_again(purpose, subject):
    grant = make_grant(purpose, subject)
    assert re.fullmatch(r"[\w-]+\.[\w-]+", grant)
    assert read_grant(grant, purpose=purpose) == subject


def test_a_grant_ends_and_is_for_one_purpose():
    grant = make_grant("upload", "7/slide", seconds=10, now=1000)
    assert read_grant(grant, purpose="upload", now=1009.9) == "7/slide"
    for purpose, now in (("upload", 1010.1), ("tiles", 1005)):
        with pytest.raises(InputError, match="permission has ended"):
            read_grant(grant, purpose=purpose, now=now)


@limits(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True), letter=st.sampled_from("AQgwz09-_.=~é\n"))
def test_no_changed_grant_opens_anything(share, letter):
    grant = make_grant("upload", "7/slide")
    at = int(share * len(grant))
    changed = grant[:at] + letter + grant[at + 1 :]
    if changed != grant:
        with pytest.raises(InputError):
            read_grant(changed, purpose="upload")


@pytest.mark.parametrize("text", ["", ".", "a", "a.b", "W10.W10", "W10." + "A" * 43, "A" * 5000, "é.é", "..", "=.="])
def test_what_is_no_grant_is_refused(text):
    with pytest.raises(InputError):
        read_grant(text, purpose="upload")


def _grant(number: int) -> str:
    return make_grant("upload", str(number))


def test_processes_that_start_together_agree_on_one_private_secret():
    with ProcessPoolExecutor(4) as pool:
        grants = list(pool.map(_grant, range(8)))
    assert [read_grant(grant, purpose="upload") for grant in grants] == [str(number) for number in range(8)]
    folder = settings().data_dir
    assert stat.S_IMODE((folder / "session.key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["session.key"]


def test_another_data_folder_has_another_secret(monkeypatch, tmp_path):
    grant = make_grant("upload", "7")
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(tmp_path / "other"))
    settings.cache_clear()
    with pytest.raises(InputError):
        read_grant(grant, purpose="upload")


def test_a_damaged_secret_is_told():
    make_grant("upload", "7")
    (settings().data_dir / "session.key").write_bytes(b"short")
    with pytest.raises(InputError, match=r"session\.key of the data folder is damaged"):
        make_grant("upload", "7")


@pytest.mark.parametrize(
    "headers",
    [{"host": "survdash.example:8501", "origin": "http://survdash.example:8501", "sec-fetch-site": "same-origin"},
     {"host": "127.0.0.1:9000", "x-forwarded-host": "Survdash.example", "origin": "https://survdash.example"},
     {"host": "survdash.example"}],
)
def test_requests_of_the_own_page_pass(headers):
    refuse_other_sites(headers)


@pytest.mark.parametrize(
    "headers",
    [{"host": "survdash.example", "origin": "https://evil.example"},
     {"host": "survdash.example", "origin": "null"},
     {"host": "survdash.example", "sec-fetch-site": "cross-site"},
     {"host": "survdash.example", "origin": "http://survdash.example", "sec-fetch-site": "same-site"},
     {"host": "survdash.example", "origin": "http://survdash.example:81"},
     {"origin": "http://survdash.example"}],
)
def test_requests_of_another_site_are_refused(headers):
    with pytest.raises(InputError, match="another site"):
        refuse_other_sites(headers)
