"""A new patient's answer stands with its report, and with the reasons where they are known."""

from __future__ import annotations

from survdash.simulation.sample_case import sample_case
from tests.page_drawing import app_of


def script(genes):
    from pathlib import Path

    from survdash import usecases
    from survdash.ui.answer_view import show_answer

    show_answer(usecases.predict(usecases.PredictRequest(genes=Path(genes), case_id="B_1")), None, page="one")


def test_the_answer_comes_with_a_report_and_without_reasons_that_nobody_made(demo, tmp_path):
    page = app_of(script, args=(str(sample_case(tmp_path)[1]),)).run()
    assert not page.exception
    assert "Of 100 patients with a profile like this" in " ".join(one.value for one in page.header)
    assert {button.label for button in page.get("download_button")} >= {"Report (PDF)", "Report (HTML)"}
    assert len(page.header) == 1, "no reasons, no like patients, no what-if"
