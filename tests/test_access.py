"""Who may do what, as the access file says; what it does not say is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from survdash.access import LOCAL, ROLES, Visitor, allowed_cohorts, ask_at_the_door, current, require, visitor_of
from survdash.errors import AccessError, InputError
from survdash.settings import settings

FILE = """
users:
  Anna@Hospital.org: {role: admin}
  ben@hospital.org: {role: analyst, cohorts: [demo, blca]}
  eve@hospital.org: {role: viewer, cohorts: []}
"""


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "access.yaml"
    path.write_text(FILE)
    monkeypatch.setenv("SURVDASH_ACCESS_FILE", str(path))
    settings.cache_clear()
    return path


@pytest.fixture
def door() -> Iterator[None]:
    yield
    ask_at_the_door(lambda: LOCAL)


def test_whoever_sits_at_this_machine_may_do_everything() -> None:
    assert current() is LOCAL
    for action in ROLES["admin"]:
        assert require(action, "any") is LOCAL


def test_people_are_known_without_regard_to_case(rules: Path) -> None:
    assert visitor_of("anna@hospital.ORG").may("delete", "any")


def test_an_analyst_sees_named_cohorts_alone_and_deletes_nothing(rules: Path, door: None) -> None:
    ask_at_the_door(lambda: visitor_of("ben@hospital.org"))
    assert allowed_cohorts(["blca", "demo", "luad"]) == ["blca", "demo"]
    assert require("train", "blca").name == "ben@hospital.org"
    with pytest.raises(AccessError, match="not open to you"):
        require("view", "luad")
    with pytest.raises(AccessError, match="to delete"):
        require("delete", "blca")


def test_an_empty_list_of_cohorts_is_none_and_not_all(rules: Path, door: None) -> None:
    ask_at_the_door(lambda: visitor_of("eve@hospital.org"))
    assert allowed_cohorts(["demo"]) == []


def test_somebody_whom_the_file_does_not_name_is_refused_unless_it_names_the_others(rules: Path) -> None:
    with pytest.raises(AccessError, match="no access"):
        visitor_of("mallory@elsewhere.org")
    rules.write_text(FILE + "others: {role: viewer, cohorts: [demo]}\n")
    assert visitor_of("mallory@elsewhere.org") == Visitor(
        name="mallory@elsewhere.org", actions=frozenset({"view"}), cohorts=frozenset({"demo"})
    )


@pytest.mark.parametrize(
    "text",
    ["users: {a: {role: god}}", "users: {a: {role: viewer, cohort: [x]}}", "usres: {}", "users: [", "- 1",
     "users: {a: !!python/object/apply:os.system ['true']}", "users:\n  a: " + "[" * 500, "others: 2001-13-45",
     "#" * 2_000_000],
)  # fmt: skip
def test_a_malformed_file_lets_nobody_in(rules: Path, text: str) -> None:
    rules.write_text(text)
    with pytest.raises(InputError, match=r"access\.yaml"):
        visitor_of("a")


def test_without_a_file_nobody_who_signs_in_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="SURVDASH_ACCESS_FILE"):
        visitor_of("anna@hospital.org")
    monkeypatch.setenv("SURVDASH_ACCESS_FILE", "/nowhere/access.yaml")
    settings.cache_clear()
    with pytest.raises(InputError, match="cannot be read"):
        visitor_of("anna@hospital.org")
