"""What numbers cannot tell stands on every page that shows them."""

from __future__ import annotations

import pytest

from survdash.ui.limits import LIMITS
from tests.conftest import REPOSITORY
from tests.page_drawing import app_of


def script(kind):
    from survdash.ui.limits import show_limits

    show_limits(kind)


@pytest.mark.parametrize("kind", LIMITS)
def test_every_line_is_drawn_folded(kind):
    page = app_of(script, args=(kind,)).run()
    assert not page.exception
    text = page.expander[0].markdown[0].value
    assert text.count("\n- ") + 1 == len(LIMITS[kind])
    assert not page.expander[0].proto.expanded


@pytest.mark.parametrize(("page", "kind"), [
    ("cohort", "cohort"), ("patient", "patient"), ("new_case", "patient"), ("compare", "compare"),
])
def test_each_page_with_results_says_its_own(page, kind):
    text = (REPOSITORY / "pages" / f"{page}.py").read_text(encoding="utf-8")
    assert f'show_limits("{kind}")' in text
