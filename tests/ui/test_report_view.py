"""The report's buttons."""

from __future__ import annotations

from tests.page_drawing import app_of
from tests.report.conftest import PREDICTION


def script(prediction):
    from survdash.ui.report_view import report_buttons

    report_buttons(prediction, page="p", curves={})


def test_it_is_offered_as_pdf_and_as_html():
    page = app_of(script, args=(PREDICTION,)).run()
    assert not page.exception
    assert [button.proto.label for button in page.get("download_button")] == ["Report (PDF)", "Report (HTML)"]
    assert all(button.proto.deferred_file_id for button in page.get("download_button"))  # made on the click
