"""The banner says the words of the cards and exports; simulated patients are marked, real ones are not."""

from __future__ import annotations

import pytest

from survdash.artefact import INTENDED_USE
from tests.page_drawing import app_of


def script(simulated):
    from survdash.ui.banner import show_banner, show_simulated

    show_banner()
    show_simulated(simulated=simulated)


@pytest.mark.parametrize("simulated", [True, False])
def test_the_mark_stands_where_patients_are_simulated_and_nowhere_else(simulated):
    page = app_of(script, args=(simulated,)).run()
    assert INTENDED_USE in page.caption[0].value
    assert any("Simulated patients" in block.value for block in page.markdown) == simulated
