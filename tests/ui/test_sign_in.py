"""Without a login the dashboard serves this machine alone; the login itself is tried in the browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from survdash.access import LOCAL, ask_at_the_door, current
from survdash.errors import InputError
from survdash.settings import settings
from survdash.ui import sign_in


@pytest.fixture(autouse=True)
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sign_in, "has_login", lambda: False)
    ask_at_the_door(sign_in._who)
    yield
    ask_at_the_door(lambda: LOCAL)


@pytest.mark.parametrize(
    ("address", "is_served"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.8.8.8", True), ("0.0.0.0", False), ("", False),
     (None, False), ("10.0.0.5", False), ("survdash.hospital.example", False)],
)  # fmt: skip
def test_without_a_login_only_this_machine_is_served(
    monkeypatch: pytest.MonkeyPatch, address: str | None, is_served: bool
) -> None:
    monkeypatch.setattr(sign_in.st, "get_option", {"server.address": address}.__getitem__)
    if is_served:
        assert current() is LOCAL
    else:
        with pytest.raises(InputError, match="nobody has to sign in"):
            current()


def test_it_serves_others_where_the_setting_says_that_something_before_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in.st, "get_option", {"server.address": "0.0.0.0"}.__getitem__)
    monkeypatch.setenv("SURVDASH_OPEN_ACCESS", "true")
    settings.cache_clear()
    assert current() is LOCAL
