"""A spinner for what is computed for the first time alone."""

from __future__ import annotations

import pytest

from survdash.ui import waiting


@pytest.fixture
def told(monkeypatch):
    words = []

    class Spinner:
        def __init__(self, text):
            words.append(text)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return False

    monkeypatch.setattr(waiting.st, "spinner", Spinner)
    monkeypatch.setattr(waiting, "_computed", set())
    return words


def test_what_was_computed_before_needs_no_waiting(told):
    for key in (("a", 1), ("a", 1), ("a", 2)):
        with waiting.waiting(f"wait for {key[1]}", *key):
            pass
    assert told == ["wait for 1", "wait for 2"]


def test_what_failed_is_waited_for_again(told):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), waiting.waiting("wait", "a"):
            raise ZeroDivisionError
    assert told == ["wait", "wait"]


def test_the_keys_do_not_grow_without_end(told, monkeypatch):
    monkeypatch.setattr(waiting, "KEYS_KEPT", 3)
    for number in range(10):
        with waiting.waiting("wait", number):
            pass
    assert len(waiting._computed) <= 3
