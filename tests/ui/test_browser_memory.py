"""A cookie of ours holds a choice and can hold nothing else."""

from __future__ import annotations

import pytest

from survdash.ui import browser_memory
from survdash.ui.browser_memory import recall, remember_script


def test_a_value_is_kept_under_our_name():
    assert "'survdash_language=zh; path=/" in remember_script("language", "zh")


@pytest.mark.parametrize("value", ["zh'; alert(1); '", "a;b", "", "Ü", "x" * 401])
def test_what_could_be_code_is_refused(value):
    with pytest.raises(ValueError, match="cookie"):
        remember_script("language", value)
    with pytest.raises(ValueError, match="cookie"):
        remember_script(value, "zh")


@pytest.mark.parametrize(("cookie", "value"), [("zh", "zh"), ("<b>", None), (None, None)])
def test_a_cookie_that_is_not_ours_is_passed_over(monkeypatch, cookie, value):
    class Context:
        cookies = {} if cookie is None else {"survdash_language": cookie}

    monkeypatch.setattr(browser_memory.st, "context", Context)
    assert recall("language") == value
